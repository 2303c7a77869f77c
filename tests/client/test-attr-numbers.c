/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Attribute numbers against the kernel's own: arm64's <asm/kvm.h>, as Debian's
 * linux-libc-dev-arm64-cross has it
 *
 * The header is read as text and only the names that are compared are taken from it: it cannot be
 * included on another architecture. Where it lies can be said in VGIC_TEST_ASM_KVM_H.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "vgic/vgic.h"

#define KVM_H  "/usr/aarch64-linux-gnu/include/asm/kvm.h"

static char text[1 << 16];

static void slurp(void)
{
        const char *path = getenv("VGIC_TEST_ASM_KVM_H");
        FILE *file = fopen(path ? path : KVM_H, "r");
        size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

        if (file)
                fclose(file);
        if (n == 0)
                tap_bail("there is no %s: install linux-libc-dev-arm64-cross", path ? path : KVM_H);
}

/* The text of a #define, continuation lines joined; NULL: there is none. */
static const char *definition(const char *name, char *out, size_t size)
{
        size_t length = strlen(name), n = 0;

        for (const char *at = text; (at = strstr(at, "#define")) != NULL;) {
                at += strlen("#define");
                at += strspn(at, " \t");
                if (strncmp(at, name, length) != 0 ||
                    (!isspace((unsigned char)at[length]) && at[length] != '('))
                        continue;
                for (at += length; *at && *at != '\n' && n + 1 < size; at++) {
                        if (at[0] == '\\' && at[1] == '\n')
                                at++;
                        else
                                out[n++] = *at;
                }
                out[n] = '\0';
                return out;
        }
        return NULL;
}

/* A number, or a mask of the form (number << shift) whose shift is a number or another name. */
static bool evaluate(const char *name, uint64_t *ret_value)
{
        char words[256], shift_name[64];
        const char *at = definition(name, words, sizeof(words));
        char *end;
        uint64_t shift = 0;

        if (!at)
                return false;
        at += strspn(at, " \t(");
        *ret_value = strtoull(at, &end, 0);
        if (end == at)
                return false;
        end += strspn(end, "uUlL \t");
        if (strncmp(end, "<<", 2) != 0)
                return true;
        end += 2 + strspn(end + 2, " \t");
        if (isdigit((unsigned char)*end)) {
                shift = strtoull(end, NULL, 0);
        } else {
                snprintf(shift_name, sizeof(shift_name), "%.*s", (int)strcspn(end, " \t)"), end);
                if (!evaluate(shift_name, &shift))
                        return false;
        }
        *ret_value <<= shift;
        return true;
}

static void same(const char *name, uint64_t ours)
{
        uint64_t theirs = 0;
        bool found = evaluate(name, &theirs);

        tap_ok(found && theirs == ours, "%s: ours 0x%" PRIx64 ", the kernel's 0x%" PRIx64 "%s",
               name, ours, theirs, found ? "" : " (not found)");
}

static void groups_have_the_kernels_numbers(void)
{
        same("KVM_DEV_ARM_VGIC_GRP_ADDR", VGIC_ATTR_ADDR);
        same("KVM_DEV_ARM_VGIC_GRP_DIST_REGS", VGIC_ATTR_DIST_REGS);
        same("KVM_DEV_ARM_VGIC_GRP_NR_IRQS", VGIC_ATTR_NR_IRQS);
        same("KVM_DEV_ARM_VGIC_GRP_CTRL", VGIC_ATTR_CTRL);
        same("KVM_DEV_ARM_VGIC_GRP_REDIST_REGS", VGIC_ATTR_REDIST_REGS);
        same("KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS", VGIC_ATTR_CPU_SYSREGS);
        same("KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO", VGIC_ATTR_LEVEL_INFO);
        same("KVM_VGIC_V3_ADDR_TYPE_DIST", VGIC_ATTR_ADDR_DIST);
        same("KVM_VGIC_V3_ADDR_TYPE_REDIST", VGIC_ATTR_ADDR_REDIST);
        same("KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION", VGIC_ATTR_ADDR_REDIST_REGION);
        same("KVM_DEV_ARM_VGIC_CTRL_INIT", VGIC_ATTR_CTRL_INIT);
}

static void fields_lie_where_the_kernel_has_them(void)
{
        uint64_t shift = 0, value = 0;

        same("KVM_DEV_ARM_VGIC_V3_MPIDR_MASK", VGIC_ATTR_MPIDR(UINT64_C(0xff00ffffff)));
        same("KVM_DEV_ARM_VGIC_OFFSET_MASK", UINT64_C(0xffffffff));
        same("KVM_DEV_ARM_VGIC_SYSREG_INSTR_MASK", VGIC_SYSREG(3, 7, 15, 15, 7));
        same("KVM_DEV_ARM_VGIC_LINE_LEVEL_INTID_MASK", 0x3ff);
        tap_ok(evaluate("KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT", &shift) &&
               evaluate("VGIC_LEVEL_INFO_LINE_LEVEL", &value) &&
               value << shift == VGIC_ATTR_LEVEL_LINE,
               "the line level's place in LEVEL_INFO");
        same("KVM_REG_ARM64_SYSREG_OP0_MASK", VGIC_SYSREG(3, 0, 0, 0, 0));
        same("KVM_REG_ARM64_SYSREG_OP1_MASK", VGIC_SYSREG(0, 7, 0, 0, 0));
        same("KVM_REG_ARM64_SYSREG_CRN_MASK", VGIC_SYSREG(0, 0, 15, 0, 0));
        same("KVM_REG_ARM64_SYSREG_CRM_MASK", VGIC_SYSREG(0, 0, 0, 15, 0));
        same("KVM_REG_ARM64_SYSREG_OP2_MASK", VGIC_SYSREG(0, 0, 0, 0, 7));
        tap_ok(VGIC_ATTR_MPIDR(UINT64_C(0x4480030201)) == UINT64_C(0x4403020100000000),
               "an MPIDR_EL1's affinities go to bits 63..32, a byte each");
}

int main(void)
{
        slurp();
        groups_have_the_kernels_numbers();
        fields_lie_where_the_kernel_has_them();
        return tap_done();
}
