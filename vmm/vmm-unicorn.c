/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Unicorn: the parts of libunicorn 2.0 that its header does not show
 *
 * What    Weak references to functions of QEMU inside libunicorn (if one is absent,
 *         vmm_unicorn_check() says so), and one function of QEMU that is replaced:
 *         tlb_set_page_with_attrs_aarch64. The library calls it through its PLT, so the program's
 *         definition comes first.
 *
 *         Why: Unicorn stubs out the tracking of dirty pages, so its TLB entries keep the "not
 *         dirty" mark for ever and each store takes the slow path (85 ns instead of 3; Linux boots
 *         three times faster without). All that the slow path is good for here is to notice stores
 *         to translated code, and the architecture obliges the guest to tell of those (IC IVAU, IC
 *         IALLU): vmm-maintenance.c listens to that. If the replacement should not take, nothing
 *         breaks but the speed, and vmm_unicorn_find_state(), which then refuses.
 * Threads One: the variables below are private to the replaced function,
 * which has no argument of ours.
 */
#include "vmm-unicorn.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "vmm-log.h"

#define INSN_WFI  0xd503207fu

#define WEAK __attribute__((weak))
extern void arm_cpu_do_interrupt_aarch64(void *state) WEAK;
extern bool arm_cpu_exec_interrupt_aarch64(void *state, int request) WEAK;
extern void tlb_flush_aarch64(void *state) WEAK;
extern void tlb_set_dirty_aarch64(void *state, uint64_t address) WEAK;
extern void tb_invalidate_phys_range_aarch64(uc_engine *engine, uint64_t start, uint64_t end) WEAK;
extern uint64_t arm_cpu_get_phys_page_attrs_debug_aarch64(void *state, uint64_t address,
                                                          uint32_t *ret_attrs) WEAK;

typedef void (*set_page_fn)(void *state, uint64_t address, uint64_t physical, uint32_t attrs,
                            int protection, int mmu_index, uint64_t size);
void tlb_set_page_with_attrs_aarch64(void *state, uint64_t address, uint64_t physical,
                                     uint32_t attrs, int protection, int mmu_index, uint64_t size);

static set_page_fn real_set_page;
static void *last_state; /* of the engine that filled its TLB last */

/*
 * Stands in for libunicorn's function of that name: it marks the new entry dirty, so that stores
 * take the fast path.
 */
__attribute__((visibility("default"))) void tlb_set_page_with_attrs_aarch64(
        void *state, uint64_t address, uint64_t physical, uint32_t attrs, int protection,
        int mmu_index, uint64_t size)
{
        real_set_page(state, address, physical, attrs, protection, mmu_index, size);
        tlb_set_dirty_aarch64(state, address);
        last_state = state;
}

/*
 * The functions used here are no interface: their presence is checked for all at once, before the
 * first call of a missing one would jump to 0.
 */
int vmm_unicorn_check(void)
{
        unsigned major, minor;

        uc_version(&major, &minor);
        if (major != 2 || minor != 0) {
                vmm_error("this program knows Unicorn 2.0; the library here is %u.%u", major,
                          minor);
                return -ENOTSUP;
        }
        real_set_page = (set_page_fn)dlsym(RTLD_NEXT, "tlb_set_page_with_attrs_aarch64");
        if (!real_set_page || !arm_cpu_do_interrupt_aarch64 || !arm_cpu_exec_interrupt_aarch64 ||
            !tlb_flush_aarch64 || !tlb_set_dirty_aarch64 || !tb_invalidate_phys_range_aarch64 ||
            !arm_cpu_get_phys_page_attrs_debug_aarch64) {
                vmm_error("this libunicorn does not export the functions that vgic-vmm needs "
                          "(Debian 12's does)");
                return -ENOTSUP;
        }
        return 0;
}

/*
 * The replaced function is given the state when the TLB is filled: so an instruction is run from an
 * address that the TLB cannot have yet. The scratch memory is left as zeroes.
 */
void *vmm_unicorn_find_state(uc_engine *engine, uint64_t scratch, uint8_t *scratch_host)
{
        static const uint32_t wait = INSN_WFI;

        last_state = NULL;
        memcpy(scratch_host, &wait, sizeof(wait));
        if (uc_emu_start(engine, scratch, 0, 0, 0) != UC_ERR_OK)
                last_state = NULL;
        memset(scratch_host, 0, sizeof(wait));
        vmm_unicorn_forget_code(engine, 0, 4096);
        return last_state;
}

void vmm_unicorn_take_exception(void *state)
{
        arm_cpu_do_interrupt_aarch64(state);
}

bool vmm_unicorn_take_interrupt(void *state, int request)
{
        return arm_cpu_exec_interrupt_aarch64(state, request);
}

void vmm_unicorn_flush_tlb(void *state)
{
        tlb_flush_aarch64(state);
}

void vmm_unicorn_forget_code(uc_engine *engine, uint64_t start, uint64_t end)
{
        tb_invalidate_phys_range_aarch64(engine, start, end);
}

/*
 * A walk of the guest's tables as a debugger does it: it raises no exception in the guest. QEMU
 * gives the page only.
 */
bool vmm_unicorn_translate(void *state, uint64_t virtual_address, uint64_t *ret_physical)
{
        uint64_t page_mask = 4095;
        uint32_t attrs = 0;
        uint64_t page = arm_cpu_get_phys_page_attrs_debug_aarch64(state, virtual_address, &attrs);

        if (page == UINT64_MAX)
                return false;
        *ret_physical = (page & ~page_mask) | (virtual_address & page_mask);
        return true;
}
