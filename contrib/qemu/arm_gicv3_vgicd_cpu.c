/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The CPU interfaces of a GICv3 that vgicd keeps: ICC_*_EL1, lines, kicks, sleep
 *
 * Look     cs->gic_lines is what the vCPU's IRQ and FIQ inputs were when its thread looked last, or
 *          VGICD_LOOK: look again. Every thread may set that bit; only the vCPU's own thread, when
 *          it is about to use the lines, takes it away and asks the library.
 * Access   One of the guest's that can change its lines returns them, unless the guest has masked
 *          both: who polls never asks, and leaves its translated code for nothing.
 * Kick     The library calls it, in whatever thread made an interrupt due. It sets the bit, makes
 *          the vCPU leave its translated code, and takes no lock: who sleeps is woken under the
 *          global lock once the library has returned (vgicd_wake()).
 * In guest A vCPU is entered when the machine runs, until it stops: what is due always kicks. But
 *          for WFI: while it is halted it is parked, which VGICD_PARKED says, so that 1-of-N
 *          interrupts prefer it, and tools show it.
 * Lock     global-lock=off: neither ICC_* nor the frames take QEMU's global lock. Taking an
 *          exception does, in QEMU's own loop.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "hw/core/cpu.h"
#include "cpu.h"
#include "target/arm/cpregs.h"
#include "gicv3_internal.h"
#include "arm_gicv3_vgicd.h"

#define VGICD_LOOK     (1u << 31)
#define VGICD_PARKED   (1u << 30)
#define MAX_REGISTERS  64       /* GICv3 has half as many */

static VgicdCPU *vgicd_of_env(CPUARMState *env)
{
    return env->gicv3state;
}

static VgicdCPU *vgicd_of_cpu(CPUState *cs)
{
    return vgicd_of_env(&ARM_CPU(cs)->env);
}

static void leave_translated_code(CPUState *cs)
{
#if QEMU_VERSION_MAJOR < 9
    qatomic_set(&cs->icount_decr_ptr->u16.high, -1);
#else
    qatomic_set(&cs->neg.icount_decr.u16.high, -1);
#endif
}

/* Whatever unmasks them ends the translated code by itself. */
static bool masks_both(const CPUARMState *env)
{
    return (env->daif & (PSTATE_I | PSTATE_F)) == (PSTATE_I | PSTATE_F);
}

void vgicd_cpu_look(VgicdCPU *vc)
{
    CPUState *cs = vc->cs;

    if (cs == current_cpu && !cs->halted) {
        qatomic_set(&cs->gic_lines, VGICD_LOOK);
        if (!masks_both(&ARM_CPU(cs)->env)) {
            leave_translated_code(cs);
        }
        return;
    }
    /* A full barrier: either this sees that it sleeps, or arm_cpu_has_work() sees the bit. */
    qatomic_or(&cs->gic_lines, VGICD_LOOK);
    leave_translated_code(cs);
    if (qatomic_read(&cs->halted)) {
        qatomic_set(&vc->wake, true);
        qatomic_store_release(&vc->gic->wake, true);
    }
}

/* A vCPU whose lines are down has nothing to take back; one that is told late takes a 1023. */
void vgicd_cpu_fallen(VgicdCPU *vc)
{
    if ((qatomic_read(&vc->cs->gic_lines) & ~VGICD_PARKED) || vc->cs == current_cpu) {
        vgicd_cpu_look(vc);
    }
}

/* The lines come back with the access which the vCPU's own thread is in. */
static void on_kick(void *arg)
{
    VgicdCPU *vc = arg;

    if (vc->cs != current_cpu || !vc->in_access) {
        vgicd_cpu_look(vc);
    }
}

void vgicd_wake_sleepers(VgicdState *s)
{
    bool locked = bql_locked();

    if (!locked) {
        bql_lock();
    }
    qatomic_xchg(&s->wake, false);
    for (unsigned i = 0; i < s->parent_obj.num_cpu; i++) {
        if (qatomic_xchg(&s->cpus[i].wake, false)) {
            qemu_cpu_kick(s->cpus[i].cs);
        }
    }
    if (!locked) {
        bql_unlock();
    }
}

/*
 * Lines
 */

static uint32_t to_requests(unsigned lines)
{
    return (lines & VGIC_LINE_IRQ ? CPU_INTERRUPT_HARD : 0) |
           (lines & VGIC_LINE_FIQ ? CPU_INTERRUPT_FIQ : 0);
}

/*
 * The guest is in WFI. Return: VGICD_PARKED; else the lines that keep it from that, or none: then
 * its redistributor asks it to wake (GICR_WAKER).
 */
static uint32_t sleeps(VgicdCPU *vc, bool parked)
{
    if (parked) {
        vgic_vcpu_park_end(vc->vcpu);
    }
    return vgic_vcpu_park_begin(vc->vcpu) ? to_requests(vgic_vcpu_enter(vc->vcpu)) : VGICD_PARKED;
}

static uint32_t runs(VgicdCPU *vc, bool parked)
{
    if (parked) {
        vgic_vcpu_park_end(vc->vcpu);
        return to_requests(vgic_vcpu_enter(vc->vcpu));
    }
    return to_requests(vgic_vcpu_lines(vc->vcpu));
}

/*
 * What a kick sets is taken back before the library is asked, and looked at once more: one that
 * comes meanwhile leaves its bit behind, and a vCPU that is halted would not see it before it
 * sleeps.
 */
static uint32_t look_again(VgicdCPU *vc)
{
    CPUState *cs = vc->cs;
    uint32_t seen, lines;

    do {
        bool parked = qatomic_xchg(&cs->gic_lines, 0) & VGICD_PARKED;

        lines = cs->halted ? sleeps(vc, parked) : runs(vc, parked);
        seen = lines ? qatomic_or_fetch(&cs->gic_lines, lines) : qatomic_read(&cs->gic_lines);
    } while (cs->halted && (seen & VGICD_LOOK));
    if (cs->halted && !lines) {
        return CPU_INTERRUPT_EXITTB;    /* this once: it wakes, and does no more */
    }
    return lines & ~VGICD_PARKED;
}

/* gic_look: asked for if gic_lines is not 0, or the vCPU is halted. */
static uint32_t look(CPUState *cs)
{
    VgicdCPU *vc = vgicd_of_cpu(cs);
    uint32_t seen = qatomic_read(&cs->gic_lines);
    bool lock = vc->gic->icount && !bql_locked();
    uint32_t lines;

    if (!(seen & VGICD_LOOK) && !(seen & VGICD_PARKED) == !cs->halted) {
        return seen & ~VGICD_PARKED;
    }
    /* The thread that keeps the clock looks, too, whether all of them sleep. */
    if (lock) {
        bql_lock();
    }
    lines = look_again(vc);
    vgicd_wake(vc->gic);
    if (lock) {
        bql_unlock();
    }
    return lines;
}

/* PSCI CPU_OFF, in the vCPU's own thread. On is told by its reset. */
static void power(CPUState *cs, bool on)
{
    VgicdCPU *vc = vgicd_of_cpu(cs);

    vgic_vcpu_power(vc->vcpu, on);
    vgicd_wake(vc->gic);
}

void vgicd_cpu_rest(VgicdCPU *vc)
{
    vgic_vcpu_leave(vc->vcpu);
    vgic_vcpu_stop(vc->vcpu);
}

/*
 * The lines are gic_lines alone: what another GIC left in the request word (the state may have come
 * from a machine that had QEMU's) would be asserted for ever.
 */
void vgicd_cpu_go(VgicdCPU *vc)
{
    vgic_vcpu_park_end(vc->vcpu);
    vgic_vcpu_power(vc->vcpu, ARM_CPU(vc->cs)->power_state != PSCI_OFF);
    vgic_vcpu_enter(vc->vcpu);
    cpu_reset_interrupt(vc->cs, CPU_INTERRUPT_HARD | CPU_INTERRUPT_FIQ);
    qatomic_set(&vc->cs->gic_lines, VGICD_LOOK);
}

/*
 * Registers
 */

static uint32_t name_of(const ARMCPRegInfo *ri)
{
    return (uintptr_t)ri->opaque;
}

/*
 * An access that returns the lines: what was there before is taken down, and what there is after it
 * put up, unless a kick came meanwhile ("Inputs" in <vgic/vgic-vcpu.h>).
 */
static void begin_access(VgicdCPU *vc)
{
    if (qatomic_read(&vc->cs->gic_lines)) {
        qatomic_xchg(&vc->cs->gic_lines, 0);
    }
    vc->in_access = true;
}

static void end_access(VgicdCPU *vc, unsigned lines)
{
    vc->in_access = false;
    if (lines) {
        qatomic_or(&vc->cs->gic_lines, to_requests(lines));
        leave_translated_code(vc->cs);
    }
}

static uint64_t icc_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    uint64_t value = 0;

    vgic_vcpu_sysreg_read(vgicd_of_env(env)->vcpu, name_of(ri), &value);
    return value;
}

static void icc_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    VgicdCPU *vc = vgicd_of_env(env);
    unsigned lines = 0;

    if (masks_both(env)) {
        vgic_vcpu_sysreg_write(vc->vcpu, name_of(ri), value);
        qatomic_set(&vc->cs->gic_lines, VGICD_LOOK);
    } else {
        begin_access(vc);
        vgic_vcpu_sysreg_write_lines(vc->vcpu, name_of(ri), value, &lines);
        end_access(vc, lines);
    }
    vgicd_wake(vc->gic);
}

static uint64_t acknowledge(CPUARMState *env, unsigned group, uint32_t name)
{
    VgicdCPU *vc = vgicd_of_env(env);
    unsigned lines = 0;
    uint64_t intid = VGIC_INTID_SPURIOUS;

    if (masks_both(env)) {
        intid = vgic_vcpu_ack(vc->vcpu, group);
        qatomic_set(&vc->cs->gic_lines, VGICD_LOOK);
    } else {
        begin_access(vc);
        vgic_vcpu_sysreg_read_lines(vc->vcpu, name, &intid, &lines);
        end_access(vc, lines);
    }
    vgicd_wake(vc->gic);
    return intid;
}

static uint64_t iar0_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    return acknowledge(env, 0, VGIC_ICC_IAR0_EL1);
}

static uint64_t iar1_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    return acknowledge(env, 1, VGIC_ICC_IAR1_EL1);
}

/* One to itself kicks it, and one to others changes nothing here. */
static void sgi_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    VgicdCPU *vc = vgicd_of_env(env);

    vgic_vcpu_sysreg_write(vc->vcpu, name_of(ri), value);
    vgicd_wake(vc->gic);
}

/*
 * Of a machine that is reset: on or off as it starts. Or PSCI CPU_ON, in the vCPU's own thread,
 * which can be told to stop between that call and this: then it is reset all the same, and
 * vgicd_cpu_go() tells that it is on.
 */
static void cpu_interface_reset(CPUARMState *env, const ARMCPRegInfo *ri)
{
    VgicdCPU *vc = vgicd_of_env(env);

    if (!vc) {
        return;
    }
    if (vc->cs->stopped) {
        vgic_vcpu_reset_kind(vc->vcpu, VGIC_RESET_SYSTEM);
        vgic_vcpu_power(vc->vcpu, !vc->cs->start_powered_off);
    } else {
        vgic_vcpu_reset(vc->vcpu);
        vgic_vcpu_power(vc->vcpu, 1);
    }
    vgicd_cpu_look(vc);
    vgicd_wake(vc->gic);
}

static bool generates_sgi(uint32_t reg)
{
    return reg == VGIC_ICC_SGI1R_EL1 || reg == VGIC_ICC_ASGI1R_EL1 || reg == VGIC_ICC_SGI0R_EL1;
}

/* What generates SGIs is an MCRR in AArch32 state: opc1 0 to 2 for the opc2 5 to 7 of AArch64. */
static void define_sgi_register(ARMCPU *cpu, ARMCPRegInfo *reg)
{
    ARMCPRegInfo mcrr = {
        .name = reg->name, .state = ARM_CP_STATE_AA32, .cp = 15, .opc1 = reg->opc2 - 5, .crm = 12,
        .access = reg->access, .type = reg->type | ARM_CP_64BIT, .writefn = sgi_write,
        .opaque = reg->opaque,
    };

    reg->state = ARM_CP_STATE_AA64;
    reg->writefn = sgi_write;
    define_one_arm_cp_reg(cpu, reg);
    define_one_arm_cp_reg(cpu, &mcrr);
}

/*
 * A write need not end the translated code: end_access() sees to that. ARM_CP_IO is what takes the
 * global lock around an access. One register resets them all, which AArch64 state alone has: of one
 * that both have QEMU would ask twice.
 */
static void define_register(VgicdState *s, ARMCPU *cpu, const struct vgic_sysreg_info *info)
{
    uint32_t name = info->reg;
    ARMCPRegInfo reg = {
        .name = info->name, .state = ARM_CP_STATE_BOTH,
        .opc0 = extract32(name, 14, 2), .opc1 = extract32(name, 11, 3),
        .crn = extract32(name, 7, 4), .crm = extract32(name, 3, 4), .opc2 = extract32(name, 0, 3),
        .access = (info->flags & VGIC_SYSREG_READ ? PL1_R : 0) |
                  (info->flags & VGIC_SYSREG_WRITE ? PL1_W : 0),
        .type = ARM_CP_NO_RAW | ARM_CP_SUPPRESS_TB_END | (s->global_lock ? ARM_CP_IO : 0),
        .readfn = name == VGIC_ICC_IAR0_EL1 ? iar0_read :
                  name == VGIC_ICC_IAR1_EL1 ? iar1_read : icc_read,
        .writefn = icc_write,
        .resetfn = name == VGIC_ICC_SGI1R_EL1 ? cpu_interface_reset : NULL,
        .opaque = (void *)(uintptr_t)name,
    };

    if (generates_sgi(name)) {
        define_sgi_register(cpu, &reg);
    } else {
        define_one_arm_cp_reg(cpu, &reg);
    }
}

bool vgicd_has_register(const VgicdState *s, uint32_t reg)
{
    struct vgic_sysreg_info infos[MAX_REGISTERS];
    int n = vgic_vm_sysregs(s->vm, infos, ARRAY_SIZE(infos));

    for (int i = 0; i < MIN(n, (int)ARRAY_SIZE(infos)); i++) {
        if (infos[i].reg == reg) {
            return true;
        }
    }
    return false;
}

/* Those that the VM has. */
static int define_registers(VgicdState *s, ARMCPU *cpu)
{
    struct vgic_sysreg_info infos[MAX_REGISTERS];
    int n = vgic_vm_sysregs(s->vm, infos, ARRAY_SIZE(infos));

    if (n > (int)ARRAY_SIZE(infos)) {
        return -E2BIG;
    }
    for (int i = 0; i < n; i++) {
        define_register(s, cpu, &infos[i]);
    }
    return MIN(n, 0);
}

int vgicd_cpu_open(VgicdState *s, unsigned index)
{
    VgicdCPU *vc = &s->cpus[index];
    const struct vgic_vcpu_options options = {
        .size = sizeof(options),
        .kick = on_kick,
        .kick_arg = vc,
        .flags = VGIC_VCPU_WAKE_BY_KICK,
    };
    int r;

    vc->gic = s;
    vc->cs = qemu_get_cpu(index);
    r = vgic_vcpu_register(s->vm, index, &options, &vc->vcpu);
    if (r < 0) {
        return r;
    }
    vgic_vcpu_stop(vc->vcpu);
    r = define_registers(s, ARM_CPU(vc->cs));
    if (r < 0) {
        return r;
    }
    /* QEMU's own type says GICv3CPUState; nothing but a GIC's own registers looks there. */
    gicv3_set_gicv3state(vc->cs, (void *)vc);
    vc->cs->gic_look = look;
    vc->cs->gic_power = power;
    return 0;
}

void vgicd_cpu_close(VgicdCPU *vc)
{
    if (!vc->vcpu) {
        return;
    }
    vc->cs->gic_look = NULL;
    vc->cs->gic_power = NULL;
    qatomic_set(&vc->cs->gic_lines, 0);
    vgic_vcpu_unregister(vc->vcpu);
    vc->vcpu = NULL;
}
