/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The CPU interfaces of a GICv3 that vgicd keeps: ICC_*_EL1, lines, kicks, sleep
 *
 * Look     cs->gic_lines is what the vCPU's IRQ and FIQ inputs were when its thread looked last, or
 *          VGICD_LOOK: look again. Every thread may set that bit; only the vCPU's own thread, when
 *          it is about to use the lines, takes it away and asks the library. So a guest that polls
 *          with its interrupts masked never asks, and nobody asks for another's vCPU.
 * Kick     The library calls it, in whatever thread made an interrupt due. It sets the bit, makes
 *          the vCPU leave its translated code, and takes no lock: who sleeps is woken under the
 *          global lock once the library has returned (vgicd_wake()).
 * In guest A vCPU is entered when the machine runs, until it stops: what is due always kicks.
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

#define VGICD_LOOK  (1u << 31)

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

/*
 * The vCPU's own thread changed what its lines may be. It leaves its code to look, but for when
 * both are masked: whatever unmasks them ends the translated code by itself.
 */
static void touched(VgicdCPU *vc, CPUARMState *env)
{
    qatomic_set(&vc->cs->gic_lines, VGICD_LOOK);
    if ((env->daif & (PSTATE_I | PSTATE_F)) != (PSTATE_I | PSTATE_F)) {
        leave_translated_code(vc->cs);
    }
}

void vgicd_cpu_look(VgicdCPU *vc)
{
    CPUState *cs = vc->cs;

    if (cs == current_cpu) {
        touched(vc, &ARM_CPU(cs)->env);
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
    if (qatomic_read(&vc->cs->gic_lines) || vc->cs == current_cpu) {
        vgicd_cpu_look(vc);
    }
}

static void on_kick(void *arg)
{
    vgicd_cpu_look(arg);
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

/* cpu_gic_lines(): a kick that comes while the library is asked leaves its bit behind. */
static uint32_t look(CPUState *cs)
{
    uint32_t lines = qatomic_read(&cs->gic_lines);

    if (!(lines & VGICD_LOOK)) {
        return lines;
    }
    qatomic_xchg(&cs->gic_lines, 0);
    lines = to_requests(vgic_vcpu_lines(vgicd_of_cpu(cs)->vcpu));
    if (lines) {
        qatomic_cmpxchg(&cs->gic_lines, 0, lines);
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
    return VGIC_SYSREG(3, ri->opc1, ri->crn, ri->crm, ri->opc2);
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

    vgic_vcpu_sysreg_write(vc->vcpu, name_of(ri), value);
    touched(vc, env);
    vgicd_wake(vc->gic);
}

static uint64_t iar0_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    VgicdCPU *vc = vgicd_of_env(env);
    uint32_t intid = vgic_vcpu_ack(vc->vcpu, 0);

    touched(vc, env);
    return intid;
}

static uint64_t iar1_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    VgicdCPU *vc = vgicd_of_env(env);
    uint32_t intid = vgic_vcpu_ack(vc->vcpu, 1);

    touched(vc, env);
    return intid;
}

static void sgi(CPUARMState *env, uint32_t name, uint64_t value)
{
    VgicdCPU *vc = vgicd_of_env(env);

    vgic_vcpu_sysreg_write(vc->vcpu, name, value);
    vgicd_wake(vc->gic);
}

static void sgi1r_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    sgi(env, VGIC_ICC_SGI1R_EL1, value);
}

static void asgi1r_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    sgi(env, VGIC_ICC_ASGI1R_EL1, value);
}

static void sgi0r_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    sgi(env, VGIC_ICC_SGI0R_EL1, value);
}

/*
 * Of a machine that is reset, or PSCI CPU_ON, in the vCPU's own thread. A vCPU can be told to stop
 * between the call of CPU_ON and this: then it is reset all the same, and vgicd_cpu_go() tells that
 * it is on.
 */
static void cpu_interface_reset(CPUARMState *env, const ARMCPRegInfo *ri)
{
    VgicdCPU *vc = vgicd_of_env(env);

    if (!vc) {
        return;
    }
    if (vc->cs->stopped) {
        vgic_vcpu_reset_kind(vc->vcpu, VGIC_RESET_SYSTEM);
        qatomic_set(&vc->cs->gic_lines, VGICD_LOOK);
        return;
    }
    vgic_vcpu_reset(vc->vcpu);
    vgic_vcpu_power(vc->vcpu, 1);
    touched(vc, env);
    vgicd_wake(vc->gic);
}

/* A write need not end the translated code: touched() sees to that. */
#define ICC_TYPE  (ARM_CP_NO_RAW | ARM_CP_SUPPRESS_TB_END)
#define ICC(NAME, CRN, CRM, OP2, ACCESS, ...) \
    { .name = "ICC_" NAME "_EL1", .state = ARM_CP_STATE_BOTH, .opc0 = 3, .opc1 = 0, .crn = (CRN), \
      .crm = (CRM), .opc2 = (OP2), .access = (ACCESS), .type = ICC_TYPE, __VA_ARGS__ }
#define ICC_RW(NAME, CRN, CRM, OP2) \
    ICC(NAME, CRN, CRM, OP2, PL1_RW, .readfn = icc_read, .writefn = icc_write)
#define ICC_RO(NAME, CRN, CRM, OP2, READ) \
    ICC(NAME, CRN, CRM, OP2, PL1_R, .readfn = (READ))
#define ICC_WO(NAME, CRN, CRM, OP2) \
    ICC(NAME, CRN, CRM, OP2, PL1_W, .writefn = icc_write)
/* One name in AArch64 state, an MCRR in AArch32 state. The last arguments are of the first. */
#define ICC_SGI(NAME, OP2, OP1_32, WRITE, ...) \
    { .name = "ICC_" NAME "_EL1", .state = ARM_CP_STATE_AA64, .opc0 = 3, .opc1 = 0, .crn = 12, \
      .crm = 11, .opc2 = (OP2), .access = PL1_W, .type = ICC_TYPE, .writefn = (WRITE), \
      __VA_ARGS__ }, \
    { .name = "ICC_" NAME, .state = ARM_CP_STATE_AA32, .cp = 15, .opc1 = (OP1_32), .crm = 12, \
      .access = PL1_W, .type = ICC_TYPE | ARM_CP_64BIT, .writefn = (WRITE) }

static const ARMCPRegInfo icc_regs[] = {
    ICC_RW("PMR", 4, 6, 0),
    ICC_RO("IAR0", 12, 8, 0, iar0_read),
    ICC_WO("EOIR0", 12, 8, 1),
    ICC_RO("HPPIR0", 12, 8, 2, icc_read),
    ICC_RW("BPR0", 12, 8, 3),
    ICC_RW("AP0R0", 12, 8, 4),
    ICC_RW("AP1R0", 12, 9, 0),
    ICC_WO("DIR", 12, 11, 1),
    ICC_RO("RPR", 12, 11, 3, icc_read),
    /* One register resets them all; of one that both states have QEMU would ask twice. */
    ICC_SGI("SGI1R", 5, 0, sgi1r_write, .resetfn = cpu_interface_reset),
    ICC_SGI("ASGI1R", 6, 1, asgi1r_write),
    ICC_SGI("SGI0R", 7, 2, sgi0r_write),
    ICC_RO("IAR1", 12, 12, 0, iar1_read),
    ICC_WO("EOIR1", 12, 12, 1),
    ICC_RO("HPPIR1", 12, 12, 2, icc_read),
    ICC_RW("BPR1", 12, 12, 3),
    ICC_RW("CTLR", 12, 12, 4),
    ICC_RW("SRE", 12, 12, 5),
    ICC_RW("IGRPEN0", 12, 12, 6),
    ICC_RW("IGRPEN1", 12, 12, 7),
};

/* The further active priorities of 6 priority bits, and of 7 and 8 (IHI 0069 section 12.2). */
static const ARMCPRegInfo icc_regs_6bits[] = {
    ICC_RW("AP0R1", 12, 8, 5),
    ICC_RW("AP1R1", 12, 9, 1),
};

static const ARMCPRegInfo icc_regs_7bits[] = {
    ICC_RW("AP0R2", 12, 8, 6),
    ICC_RW("AP0R3", 12, 8, 7),
    ICC_RW("AP1R2", 12, 9, 2),
    ICC_RW("AP1R3", 12, 9, 3),
};

/* ARM_CP_IO is what takes the global lock around an access. */
static void define(ARMCPU *cpu, const ARMCPRegInfo *regs, size_t n, bool global_lock)
{
    for (size_t i = 0; i < n; i++) {
        ARMCPRegInfo reg = regs[i];

        reg.type |= global_lock ? ARM_CP_IO : 0;
        define_one_arm_cp_reg(cpu, &reg);
    }
}

static void define_registers(VgicdState *s, ARMCPU *cpu)
{
    unsigned bits = vgicd_priority_bits(s, CPU(cpu));

    define(cpu, icc_regs, ARRAY_SIZE(icc_regs), s->global_lock);
    if (bits >= 6) {
        define(cpu, icc_regs_6bits, ARRAY_SIZE(icc_regs_6bits), s->global_lock);
    }
    if (bits >= 7) {
        define(cpu, icc_regs_7bits, ARRAY_SIZE(icc_regs_7bits), s->global_lock);
    }
}

int vgicd_cpu_open(VgicdState *s, unsigned index)
{
    VgicdCPU *vc = &s->cpus[index];
    const struct vgic_vcpu_options options = {
        .size = sizeof(options),
        .kick = on_kick,
        .kick_arg = vc,
    };
    int r;

    vc->gic = s;
    vc->cs = qemu_get_cpu(index);
    r = vgic_vcpu_register(s->vm, index, &options, &vc->vcpu);
    if (r < 0) {
        return r;
    }
    vgic_vcpu_stop(vc->vcpu);
    define_registers(s, ARM_CPU(vc->cs));
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
    qatomic_set(&vc->cs->gic_lines, 0);
    vgic_vcpu_unregister(vc->vcpu);
    vc->vcpu = NULL;
}
