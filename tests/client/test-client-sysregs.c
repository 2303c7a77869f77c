/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * System registers for a host that declares them beforehand and keeps the inputs of its vCPUs: the
 * table is what the accesses do, for each encoding there is; and an access returns the lines that a
 * look would return next
 */
#include <errno.h>
#include <string.h>

#include "daemon-proc.h"
#include "guest.h"
#include "port-vm.h"
#include "tap.h"
#include "vgic/vgic.h"

enum { SPI = 40, SGI = 3, MAX_REGS = 64, N_ENCODINGS = 1 << 16 };

static struct daemon_proc daemon_;
static struct vgic_vm *vm;
static struct vgic_vcpu *vcpu;

/* --- the table --- */

static struct vgic_vm *make(struct vgic_conn *conn, unsigned n_priority_bits)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = PORT_VM_NAME, .n_vcpus = 1,
                                         .n_spis = 32, .n_priority_bits = n_priority_bits };
        struct vgic_vm *made = NULL;

        if (vgic_vm_create(conn, &config, &made) < 0)
                tap_bail("no VM: %s", vgic_conn_error(conn));
        return made;
}

static uint32_t flags_of(const struct vgic_sysreg_info *infos, int n, uint32_t reg)
{
        for (int i = 0; i < n; i++)
                if (infos[i].reg == reg)
                        return infos[i].flags;
        return 0;
}

/* Return: how many encodings the accesses and the table differ on. */
static unsigned compare(const struct vgic_sysreg_info *infos, int n)
{
        unsigned n_differ = 0;

        for (uint32_t reg = 0; reg < N_ENCODINGS; reg++) {
                uint32_t flags = flags_of(infos, n, reg);
                uint64_t value;
                bool reads = vgic_vcpu_sysreg_read(vcpu, reg, &value) != -ENOENT;
                bool writes = vgic_vcpu_sysreg_write(vcpu, reg, 0) != -ENOENT;

                if (reads != ((flags & VGIC_SYSREG_READ) != 0) ||
                    writes != ((flags & VGIC_SYSREG_WRITE) != 0)) {
                        if (n_differ++ == 0)
                                tap_note("0x%x: read %d, write %d, table 0x%x", reg, reads, writes,
                                         flags);
                }
        }
        return n_differ;
}

static void table_is_what_accesses_do(struct vgic_conn *conn, unsigned n_priority_bits, int n_regs)
{
        struct vgic_sysreg_info infos[MAX_REGS], first;
        int n;

        vm = make(conn, n_priority_bits);
        n = vgic_vm_sysregs(vm, infos, MAX_REGS);
        tap_eq(n, n_regs, "%u priority bits: as many registers, before INIT", n_priority_bits);
        if (vgic_vm_init(vm) < 0)
                tap_bail("no controller: %s", vgic_conn_error(conn));
        vcpu = guest_register(vm, 0, NULL);
        tap_eq(compare(infos, n), 0, "%u priority bits: of all encodings those exist",
               n_priority_bits);
        tap_eq(vgic_vm_sysregs(vm, NULL, 0), n, "without room it says how many there are");
        tap_ok(vgic_vm_sysregs(vm, &first, 1) == n && first.reg == infos[0].reg &&
               strcmp(first.name, "ICC_IAR0_EL1") == 0, "with room for one it gives one");
        tap_eq(flags_of(infos, n, VGIC_ICC_RPR_EL1), VGIC_SYSREG_READ,
               "ICC_RPR_EL1 is read only, and signals nothing");
        tap_eq(flags_of(infos, n, VGIC_ICC_EOIR1_EL1), VGIC_SYSREG_WRITE | VGIC_SYSREG_SIGNALS,
               "ICC_EOIR1_EL1 is written, and can change the lines");
        destroy(conn, vm);
}

/* --- lines with an access --- */

static struct vgic_sysreg_info known[MAX_REGS];
static int n_known;
static unsigned n_wrong, n_changes, n_untold;

/* @before: the lines before the access. Who has changed them has to be in the table as such. */
static void check(uint32_t reg, unsigned before, unsigned lines, const char *what)
{
        unsigned next = vgic_vcpu_lines(vcpu);

        if (lines != next && n_wrong++ == 0)
                tap_note("%s: 0x%x, and then a look: 0x%x", what, lines, next);
        if (lines == before)
                return;
        n_changes++;
        if (!(flags_of(known, n_known, reg) & VGIC_SYSREG_SIGNALS) && n_untold++ == 0)
                tap_note("%s has changed the lines from 0x%x to 0x%x", what, before, lines);
}

static uint64_t read_reg(uint32_t reg, const char *what)
{
        unsigned before = vgic_vcpu_lines(vcpu), lines = 0xdead;
        uint64_t value = 0;

        if (vgic_vcpu_sysreg_read_lines(vcpu, reg, &value, &lines) < 0)
                tap_bail("%s cannot be read", what);
        check(reg, before, lines, what);
        return value;
}

static unsigned write_reg(uint32_t reg, uint64_t value, const char *what)
{
        unsigned before = vgic_vcpu_lines(vcpu), lines = 0xdead;

        if (vgic_vcpu_sysreg_write_lines(vcpu, reg, value, &lines) < 0)
                tap_bail("%s cannot be written", what);
        check(reg, before, lines, what);
        return lines;
}

static void each_access_returns_the_lines(struct vgic_conn *conn, unsigned n_priority_bits)
{
        unsigned lines = 0xdead;

        n_wrong = n_changes = n_untold = 0;
        vm = make(conn, n_priority_bits);
        if (vgic_vm_init(vm) < 0)
                tap_bail("no controller: %s", vgic_conn_error(conn));
        n_known = vgic_vm_sysregs(vm, known, MAX_REGS);
        guest_make_spis_edge(vm, 32);
        guest_open_spis(vm, 32);
        guest_open_distributor(vm);
        vcpu = guest_boot_vcpu(vm, 0, 0);
        guest_open_privates(vm, 0, 0xffff);
        vgic_gicd_write(vm, 0x400 + SPI + 1, 1, 0x80);  /* the other SPI is less urgent */

        tap_eq(write_reg(VGIC_ICC_SGI1R_EL1, SGI << 24 | 1, "SGI to itself"), VGIC_LINE_IRQ,
               "an SGI to itself returns IRQ");
        tap_eq(write_reg(VGIC_ICC_PMR_EL1, 0, "PMR"), 0, "PMR closed: none");
        tap_eq(write_reg(VGIC_ICC_PMR_EL1, 0xff, "PMR"), VGIC_LINE_IRQ, "PMR open: IRQ");
        tap_eq(write_reg(VGIC_ICC_IGRPEN1_EL1, 0, "IGRPEN1"), 0, "the group closed: none");
        tap_eq(write_reg(VGIC_ICC_IGRPEN1_EL1, 1, "IGRPEN1"), VGIC_LINE_IRQ, "open: IRQ");
        tap_eq((int64_t)read_reg(VGIC_ICC_IAR1_EL1, "IAR1"), SGI, "acknowledged");
        vgic_spi_pulse(vm, SPI);
        vgic_spi_pulse(vm, SPI + 1);
        tap_eq(write_reg(VGIC_ICC_EOIR1_EL1, SGI, "EOIR1"), VGIC_LINE_IRQ,
               "an end with others pending: IRQ");
        tap_eq((int64_t)read_reg(VGIC_ICC_IAR1_EL1, "IAR1"), SPI, "the more urgent one");
        write_reg(VGIC_ICC_BPR1_EL1, 7, "BPR1");
        read_reg(VGIC_ICC_RPR_EL1, "RPR");
        read_reg(VGIC_ICC_HPPIR1_EL1, "HPPIR1");
        write_reg(VGIC_ICC_CTLR_EL1, 2, "CTLR, EOImode");
        tap_eq(write_reg(VGIC_ICC_EOIR1_EL1, SPI, "EOIR1, EOImode 1"), VGIC_LINE_IRQ,
               "its priority dropped: IRQ");
        write_reg(VGIC_ICC_DIR_EL1, SPI, "DIR");
        tap_eq((int64_t)read_reg(VGIC_ICC_IAR1_EL1, "IAR1"), SPI + 1, "the other one");
        write_reg(VGIC_ICC_CTLR_EL1, 0, "CTLR");
        /* IHI 0069 section 12.2.10: the INTID is bits 23:0, what is above them is RES0 */
        tap_eq(write_reg(VGIC_ICC_EOIR1_EL1, UINT64_C(0xa5a5) << 24 | (SPI + 1), "EOIR1"), 0,
               "the end of the last: none");
        tap_eq((int64_t)read_reg(VGIC_ICC_RPR_EL1, "RPR"), 0xff, "and it has ended");
        tap_eq((int64_t)read_reg(VGIC_ICC_IAR1_EL1, "IAR1"), VGIC_INTID_SPURIOUS, "nothing left");
        vgic_gicd_write(vm, 0x0, 4, 0x13);              /* Group 0 goes to the vCPUs, too */
        vgic_gicd_write(vm, 0x80 + 4, 4, 0);            /* SPIs are of Group 0 */
        write_reg(VGIC_ICC_IGRPEN0_EL1, 1, "IGRPEN0");
        vgic_spi_pulse(vm, SPI);
        tap_eq((int64_t)read_reg(VGIC_ICC_IAR1_EL1, "IAR1"), VGIC_INTID_SPURIOUS,
               "of Group 0: not by IAR1");
        tap_eq(write_reg(VGIC_ICC_PMR_EL1, 0xff, "PMR"), VGIC_LINE_FIQ, "Group 0: FIQ");
        tap_eq((int64_t)read_reg(VGIC_ICC_IAR0_EL1, "IAR0"), SPI, "by IAR0");
        write_reg(VGIC_ICC_EOIR0_EL1, SPI, "EOIR0");
        tap_eq(n_wrong, 0, "%u priority bits: each access returned what a look returns next",
               n_priority_bits);
        tap_ok(n_changes > 0 && n_untold == 0,
               "%u priority bits: who changes the lines (%u times) is told to signal",
               n_priority_bits, n_changes);
        tap_ok(vgic_vcpu_sysreg_write_lines(vcpu, VGIC_ICC_RPR_EL1, 0, &lines) == -ENOENT &&
               lines == 0xdead, "UNDEFINED: the lines stay as they are");
        destroy(conn, vm);
}

int main(void)
{
        struct vgic_conn *conn;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        /* IHI 0069 section 12.2: 26 registers of EL1, of which AP<n>R1..3 depend on the bits. */
        table_is_what_accesses_do(conn, 5, 20);
        table_is_what_accesses_do(conn, 6, 22);
        table_is_what_accesses_do(conn, 8, 26);
        each_access_returns_the_lines(conn, 5);
        each_access_returns_the_lines(conn, 8);
        vgic_disconnect(conn);
        daemon_stop(&daemon_);
        return tap_done();
}
