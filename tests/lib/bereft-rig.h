/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BEREFT_RIG_H
#define BEREFT_RIG_H

/*
 * A VM whose daemon is to be killed, one VMM in this process, and another one to be killed in a
 * process of its own
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "daemon-proc.h"
#include "gic-irq.h"
#include "shm-slot.h"
#include "tap.h"
#include "vgic/vgic-lr.h"
#include "vgic-conn.h"

enum { SPI = 40, IN_SLOT = 41, LISTED = 42, ANYBODYS = 43 };
#define STRIDE    UINT64_C(0x20000)
#define HCR_TDIR  (UINT64_C(1) << 14)   /* ICH_HCR_EL2.TDIR, IHI 0069 section 12.4.8 */

/* How the other process looks when it is killed. */
enum other {
        IN_GUEST,               /* and nothing else */
        MID_ACKNOWLEDGE,        /* a trap port whose slot holds an acknowledge */
        LISTS_ONE,              /* in guest, with a pending SPI in a list register */
        LEAVES_A_CHILD,         /* in guest; it forked, and the child lives on */
        DISCONNECTED,           /* in guest, and the daemon has thrown it out */
};

struct page {
        _Atomic uint32_t ready;
        _Atomic pid_t child;
};

struct rig {
        struct daemon_proc proc;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;
        pid_t other;
};

static struct page *page;

static inline void open_page(void)
{
        page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
                tap_bail("mmap");
}

static inline uint64_t deadline_ns(void)
{
        return base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
}

static inline struct vgic_vcpu *boot(struct vgic_vm *vm, uint32_t index, uint32_t n_list_registers)
{
        struct vgic_vcpu_options options = { .size = sizeof(options),
                                             .list_registers = n_list_registers };
        struct vgic_vcpu *vcpu = NULL;

        if (vgic_vcpu_register(vm, index, &options, &vcpu) < 0)
                tap_bail("vCPU %u", index);
        vgic_vcpu_power(vcpu, 1);
        vgic_gicr_write(vm, index * STRIDE + 0x14, 4, 0);       /* GICR_WAKER: awake */
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        return vcpu;
}

/* What an acknowledge has done before it is committed. */
static inline void begin_acknowledge(struct vgic_vm *vm, uint32_t intid)
{
        _Atomic uint64_t *word = shm_gic_word(&vm->gic, 1, intid);
        uint64_t w = atomic_load(word);

        shm_slot_begin(&vm->gic.vcpus[1], SHM_SLOT_OP(SHM_SLOT_ACK, 0, intid), w,
                       SHM_SLOT_ARGUMENT(0, 1));
        atomic_store(word, gic_irq_acknowledge(w, 1));
}

/* The daemon ends a connection that speaks another version; its process goes on. */
static inline void be_disconnected(struct vgic_conn *conn)
{
        static const char other_version[] = "\x02\0\0\0\x02\0\0\0\0\0\0\0";
        const ssize_t size = sizeof(other_version) - 1;

        if (write(conn->socket, other_version, (size_t)size) != size)
                tap_bail("write: %s", strerror(errno));
        while (vgic_conn_process(conn) >= 0)
                sched_yield();
}

static inline void live(const struct daemon_proc *proc, enum other other)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vcpu *vcpu;
        struct vgic_lr_bank bank;
        struct vgic_vm *vm = NULL;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        vm = daemon_attach(conn, "bereft", VGIC_ROLE_VMM);
        vcpu = boot(vm, 1, other == MID_ACKNOWLEDGE ? 0 : 4);
        if (other == MID_ACKNOWLEDGE)
                begin_acknowledge(vm, IN_SLOT);
        else if (vgic_lr_enter(vcpu, &bank) < 0)
                tap_bail("vgic_lr_enter");
        if (other == LEAVES_A_CHILD) {
                pid_t child = fork();

                if (child > 0)
                        atomic_store(&page->child, child);
        }
        if (other == DISCONNECTED)
                be_disconnected(conn);
        atomic_store(&page->ready, 1);
        for (;;)
                pause();
}

/* Edges of group 1. SPI is for vCPU 0, the others for vCPU 1. */
static inline void start_alone(struct rig *rig)
{
        *rig = (struct rig) { 0 };
        *page = (struct page) { 0 };
        daemon_start(&rig->proc, &(struct daemon_options) { .quiet = true });
        rig->conn = daemon_connect(&rig->proc);
        rig->vm = daemon_vm(rig->conn, "bereft", 2, 32, 0);
        vgic_gicd_write(rig->vm, 0x84, 4, UINT32_MAX);          /* GICD_IGROUPR1 */
        vgic_gicd_write(rig->vm, 0xc08, 4, 0xaaaaaaaa);         /* GICD_ICFGR2, 3 */
        vgic_gicd_write(rig->vm, 0xc0c, 4, 0xaaaaaaaa);
        vgic_gicd_write(rig->vm, 0x104, 4, UINT32_MAX);         /* GICD_ISENABLER1 */
        vgic_gicd_write(rig->vm, 0x6000 + 8 * IN_SLOT, 8, 1);   /* GICD_IROUTER<n> */
        vgic_gicd_write(rig->vm, 0x6000 + 8 * LISTED, 8, 1);
        vgic_gicd_write(rig->vm, 0, 4, 0x12);                   /* GICD_CTLR: ARE, group 1 */
        rig->vcpu = boot(rig->vm, 0, 0);
}

static inline void start(struct rig *rig, enum other other)
{
        start_alone(rig);
        if (other == MID_ACKNOWLEDGE)
                vgic_spi_pulse(rig->vm, IN_SLOT);
        if (other == LISTS_ONE)
                vgic_spi_pulse(rig->vm, LISTED);
        fflush(stdout);
        rig->other = fork();
        if (rig->other == 0)
                live(&rig->proc, other);
        while (!atomic_load(&page->ready))
                sched_yield();
}

static inline void kill_process(pid_t pid)
{
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

/* In both orders. The daemon that is to die second is stopped, so that it repairs nothing. */
static inline void kill_both(struct rig *rig, bool other_first)
{
        if (other_first) {
                daemon_pause(&rig->proc);
                kill_process(rig->other);
        }
        daemon_kill(&rig->proc);
        if (!other_first) {
                vgic_conn_process(rig->conn);
                kill_process(rig->other);
        }
}

static inline void end(struct rig *rig)
{
        vgic_vm_detach(rig->vm);
        vgic_disconnect(rig->conn);
        daemon_stop(&rig->proc);
}

/* The guest looks until something comes. Return: it; VGIC_INTID_SPURIOUS: nothing did. */
static inline uint32_t look(struct rig *rig)
{
        uint32_t intid = VGIC_INTID_SPURIOUS;

        for (uint64_t end = deadline_ns(); intid == VGIC_INTID_SPURIOUS && base_clock_ns() < end;)
                intid = vgic_vcpu_ack(rig->vcpu, 1);
        return intid;
}

static inline uint32_t port_of(const struct rig *rig, uint32_t index)
{
        return atomic_load(&rig->vm->gic.vcpus[index].port);
}

#endif
