/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports in a scribbled segment: see ports.h
 */
#include "ports.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "icv.h"
#include "scribble.h"
#include "tap.h"
#include "vgic/vgic-lr.h"
#include "vgic/vgic.h"

#define MAX_PORTS  8u
#define LIMIT_NS   (DAEMON_WAIT_MS * UINT64_C(1000000))

struct work {
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpus[MAX_PORTS];
        struct icv_params params[MAX_PORTS];
        uint32_t n;
        uint64_t seed;
};

static uint32_t below(struct work *w, uint32_t n)
{
        return (uint32_t)(scribble_draw(&w->seed) >> 16) % n;
}

static uint32_t any_register(struct work *w)
{
        static const uint32_t regs[] = { VGIC_ICC_IAR1_EL1, VGIC_ICC_EOIR1_EL1, VGIC_ICC_IAR0_EL1,
                                         VGIC_ICC_EOIR0_EL1, VGIC_ICC_DIR_EL1, VGIC_ICC_PMR_EL1,
                                         VGIC_ICC_CTLR_EL1, VGIC_ICC_BPR1_EL1 };

        return regs[below(w, sizeof(regs) / sizeof(regs[0]))];
}

/* What a guest does on hardware. */
static void use_bank(struct work *w, const struct icv_params *params, struct vgic_lr_bank *bank)
{
        uint64_t value = 0;

        for (uint32_t n = below(w, 8); n > 0; n--)
                if (below(w, 2))
                        icv_read(params, bank, any_register(w), &value);
                else
                        icv_write(params, bank, any_register(w),
                                  below(w, 2) ? value : below(w, 300));
}

/* What no hardware does. */
static void spoil_bank(struct work *w, struct vgic_lr_bank *bank)
{
        uint8_t *bytes = (uint8_t *)bank;

        switch (below(w, 4)) {
        case 0:
                for (uint32_t n = below(w, 64); n > 0; n--)
                        bytes[below(w, sizeof(*bank))] = (uint8_t)scribble_draw(&w->seed);
                break;
        case 1:
                memset(bytes, (int)below(w, 256), sizeof(*bank));
                break;
        case 2:
                bank->ich_lr[below(w, VGIC_MAX_LIST_REGISTERS)] = scribble_draw(&w->seed);
                bank->ich_hcr |= UINT64_C(31) << VGIC_ICH_HCR_EOICOUNT_SHIFT;
                break;
        default:
                for (unsigned i = 0; i < VGIC_MAX_LIST_REGISTERS; i++)
                        bank->ich_lr[i] ^= scribble_draw(&w->seed) &
                                           (VGIC_ICH_LR_PENDING | VGIC_ICH_LR_ACTIVE);
        }
}

/* While it is out. */
static void work_outside(struct work *w, struct vgic_vcpu *vcpu)
{
        switch (below(w, 64)) {
        case 0:
                vgic_vcpu_reset(vcpu);
                break;
        case 1:
                vgic_vcpu_power(vcpu, (int)below(w, 2));
                break;
        case 2 ... 5:
                vgic_vcpu_park_begin(vcpu);
                vgic_vcpu_park_end(vcpu);
                break;
        case 6 ... 15:
                vgic_vcpu_eoi(vcpu, 1, vgic_vcpu_ack(vcpu, 1));
                break;
        case 16 ... 20:
                vgic_vcpu_dir(vcpu, 32 + below(w, 70));
                break;
        default:
                vgic_spi_pulse(w->vm, 32 + below(w, 64));
        }
        if (below(w, 1000) == 0)
                vgic_conn_process(w->conn);
}

static void turn(struct work *w)
{
        uint32_t i = below(w, w->n);
        struct vgic_lr_bank bank;

        work_outside(w, w->vcpus[i]);
        if (vgic_lr_enter(w->vcpus[i], &bank) < 0)
                _exit(3);
        if (below(w, 4))
                use_bank(w, &w->params[i], &bank);
        else
                spoil_bank(w, &bank);
        if (vgic_lr_exit(w->vcpus[i], &bank) < 0)
                _exit(4);
}

void ports_be(const struct daemon_proc *proc, const char *name, uint32_t first, uint32_t n,
              uint64_t seed, _Atomic(uint64_t) *n_turns, void (*on_ready)(void *arg), void *arg)
{
        struct work w = { .conn = daemon_connect(proc), .seed = seed };

        if (vgic_vm_attach(w.conn, name, VGIC_ROLE_VMM, &w.vm) < 0)
                _exit(1);
        for (uint32_t i = first; i < first + n && w.n < MAX_PORTS; i++) {
                struct vgic_vcpu_options options = { .size = sizeof(options),
                                                     .list_registers = 1 + below(&w, 16) };

                w.params[w.n] = (struct icv_params){
                        .n_list_registers = (uint8_t)options.list_registers, .n_priority_bits = 5
                };
                if (vgic_vcpu_register(w.vm, i, &options, &w.vcpus[w.n]) == 0)
                        w.n++;
        }
        on_ready(arg);
        for (;;) {
                if (w.n > 0)
                        turn(&w);
                else
                        pause();
                if (n_turns)
                        atomic_fetch_add(n_turns, 1);
        }
}

static void say_ready(void *arg)
{
        atomic_store((_Atomic(uint64_t) *)arg, 1);
}

static bool has_ended(pid_t pid)
{
        siginfo_t info = { .si_pid = 0 };

        return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

static bool wait_turns(const struct ports *ports, uint64_t n)
{
        uint64_t end = base_clock_ns() + LIMIT_NS;

        while (atomic_load(ports->n_turns) < n) {
                if (base_clock_ns() > end || has_ended(ports->pid))
                        return false;
                poll(NULL, 0, 1);
        }
        return true;
}

void ports_start(struct ports *ports, const struct daemon_proc *proc, const char *name,
                 uint32_t first, uint32_t n, uint64_t seed)
{
        ports->n_turns = mmap(NULL, sizeof(*ports->n_turns), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (ports->n_turns == MAP_FAILED)
                tap_bail("no memory");
        fflush(stdout);
        ports->pid = fork();
        if (ports->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                ports_be(proc, name, first, n, seed, ports->n_turns, say_ready, ports->n_turns);
        }
        if (ports->pid < 0 || !wait_turns(ports, 1))
                tap_bail("the list-register ports do not start");
}

bool ports_turn(const struct ports *ports, uint64_t n)
{
        return wait_turns(ports, atomic_load(ports->n_turns) + n);
}

bool ports_stop(struct ports *ports)
{
        int status = 0;
        bool lives = waitpid(ports->pid, &status, WNOHANG) == 0;

        if (lives) {
                kill(ports->pid, SIGKILL);
                waitpid(ports->pid, NULL, 0);
        } else {
                tap_note("the list-register ports ended with status %#x", (unsigned)status);
        }
        munmap((void *)ports->n_turns, sizeof(*ports->n_turns));
        return lives;
}
