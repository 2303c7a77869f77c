/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef HW_INTC_ARM_GICV3_VGICD_H
#define HW_INTC_ARM_GICV3_VGICD_H

/*
 * The GICv3 of a machine, kept by vgicd: what the files of this device share
 *
 * arm_gicv3_vgicd.c        the device: daemon, frames, input wires, reset, stop and continue
 * arm_gicv3_vgicd_cpu.c    the CPU interfaces: ICC_*, lines, kicks, sleep
 * arm_gicv3_vgicd_state.c  savevm and migration
 *
 * Built inside QEMU's tree (hw/intc/), on <vgic/vgic.h> as installed.
 */
#include <vgic/vgic.h>

#include "hw/intc/arm_gicv3_common.h"

#if QEMU_VERSION_MAJOR < 9      /* the global lock ("BQL") had longer names */
#define bql_lock    qemu_mutex_lock_iothread
#define bql_unlock  qemu_mutex_unlock_iothread
#define bql_locked  qemu_mutex_iothread_locked
#endif

#define TYPE_ARM_GICV3_VGICD "arm-gicv3-vgicd"
OBJECT_DECLARE_TYPE(VgicdState, VgicdClass, ARM_GICV3_VGICD)

typedef struct VgicdCPU {
    VgicdState *gic;
    CPUState *cs;
    struct vgic_vcpu *vcpu;
    bool wake;                  /* kicked while it slept: see vgicd_wake() */
    bool in_access;             /* one that returns the lines; its own thread's */
} VgicdCPU;

struct VgicdState {
    GICv3State parent_obj;

    /* properties */
    char *socket;
    char *name;
    bool persistent;
    bool global_lock;
    bool snapshot;

    struct vgic_conn *conn;
    struct vgic_vm *vm;
    VgicdCPU *cpus;             /* parent_obj.num_cpu */
    bool resting;               /* the machine is stopped, and its vCPUs are told to be */
    bool wake;                  /* one of cpus[].wake is set */
    bool icount;                /* another thread asks whether the vCPUs sleep */
    int bells;                  /* rung by other processes; -1: not open */
    QEMUTimer *bereft_timer;
    VMChangeStateEntry *state_entry;
    Notifier exit_notifier;

    uint8_t *image;             /* of a migration: see arm_gicv3_vgicd_state.c */
    uint32_t image_bytes;
};

struct VgicdClass {
    ARMGICv3CommonClass parent_class;
    DeviceRealize parent_realize;
};

/*
 * arm_gicv3_vgicd_cpu.c
 */

/* vgicd_cpu_open() - register vCPU @index and give its CPU the ICC_* registers; errno negative. */
int vgicd_cpu_open(VgicdState *s, unsigned index);
void vgicd_cpu_close(VgicdCPU *vc);
/* vgicd_has_register() - has its VM this ICC_* (VGIC_ICC_*)? */
bool vgicd_has_register(const VgicdState *s, uint32_t reg);

/*
 * vgicd_cpu_look() - lines may have changed: let the vCPU's thread look. vgicd_cpu_fallen() - they
 * can have fallen only: of a vCPU that has none there is nothing to look for. Any thread.
 */
void vgicd_cpu_look(VgicdCPU *vc);
void vgicd_cpu_fallen(VgicdCPU *vc);
/* vgicd_cpu_rest() - the machine stops; vgicd_cpu_go() - it goes on. With the global lock. */
void vgicd_cpu_rest(VgicdCPU *vc);
void vgicd_cpu_go(VgicdCPU *vc);

/* vgicd_wake() - after a call of the library: wake who slept when it was kicked. Any thread. */
void vgicd_wake_sleepers(VgicdState *s);

static inline void vgicd_wake(VgicdState *s)
{
    if (unlikely(qatomic_read(&s->wake))) {
        vgicd_wake_sleepers(s);
    }
}

/*
 * arm_gicv3_vgicd_state.c
 */

/* vgicd_state_class_init() - of a class that has what its parent's has. */
void vgicd_state_class_init(DeviceClass *dc);
void vgicd_state_open(VgicdState *s);
void vgicd_state_close(VgicdState *s);

#endif
