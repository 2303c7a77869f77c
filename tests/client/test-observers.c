/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * 512 vCPUs flat out, and 8 processes that read ICC_CTLR_EL1 of random ones all the while
 *
 * Two threads run 256 vCPUs each, round robin: write ICC_CTLR_EL1, read it back, send an SGI to
 * oneself, acknowledge it, end it. Each reader is a process that is attached as an observer, so its
 * mapping cannot be written: it can neither lock nor make a compare-and-swap fail. Both sides go on
 * until the other has done its least. No call may fail, and what is read is always a value that
 * some guest wrote, with the fields that no guest can write as they are. When the guests have
 * stopped, every reader sees the last value of each. That no operation takes an instruction more
 * for being watched is counted by
 * "make bench ROWS=observed".
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic/vgic.h"

#define N_VCPUS    512u
#define N_THREADS    2u
#define N_READERS    8u
#define MIN_ROUNDS 200u                 /* of all vCPUs of a thread */
#define MIN_READS 2000000u              /* of each reader */
#define SGI          5u
#define REDIST     UINT64_C(0x20000)
/* IHI 0069: PRIbits 5, A3V, RSS are read-only; CBPR, EOImode, PMHE are the guest's */
#define FIXED      (4u << 8 | 1u << 15 | 1u << 18)
#define EOIMODE    2u
#define GUESTS     (1u | EOIMODE | 1u << 6)
#define HAS_DEFAULT     1u              /* vgic_icc_ctlr.valid */
#define HAS_CONFIGURED  2u
#define HAS_LIVE        4u

/* Between the processes. */
static struct shared {
        pthread_barrier_t start, stopped;
        _Atomic unsigned busy_threads, busy_readers;    /* who has not done its least yet */
        _Atomic uint64_t n_rounds, n_reads;
        _Atomic unsigned guest_errors, read_errors, wrong_default, wrong_live, wrong_configured,
                wrong_last, changes;
        uint32_t last[N_VCPUS];
} *shared;

static struct daemon_proc daemon_;

static uint64_t next(uint64_t *seed)
{
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        return *seed;
}

/* --- the guests --- */

struct runner {
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpus[N_VCPUS];
        unsigned first;
};

static bool run_vcpu(struct vgic_vcpu *vcpu, unsigned index, uint32_t ctlr)
{
        uint64_t value = 0;
        bool ok = vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_CTLR_EL1, ctlr) == 0 &&
                  vgic_vcpu_sysreg_read(vcpu, VGIC_ICC_CTLR_EL1, &value) == 0 &&
                  value == (FIXED | ctlr);

        /* affinity of vCPU n: n % 16 in Aff0, n / 16 in Aff1 */
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_SGI1R_EL1,
                               index / 16 << 16 | SGI << 24 | 1u << index % 16);
        ok = vgic_vcpu_ack(vcpu, 1) == SGI && vgic_vcpu_ack(vcpu, 1) == VGIC_INTID_SPURIOUS && ok;
        vgic_vcpu_eoi(vcpu, 1, SGI);
        if (ctlr & EOIMODE)
                vgic_vcpu_dir(vcpu, SGI);
        return ok && vgic_vcpu_lines(vcpu) == 0;
}

static void *run_vcpus(void *arg)
{
        struct runner *runner = arg;
        uint64_t seed = 0x9e3779b97f4a7c15u + runner->first, rounds = 0;

        pthread_barrier_wait(&shared->start);
        while (rounds < MIN_ROUNDS || atomic_load(&shared->busy_readers)) {
                for (unsigned i = 0; i < N_VCPUS / N_THREADS; i++) {
                        unsigned index = runner->first + i;

                        shared->last[index] = (uint32_t)next(&seed) & GUESTS;
                        if (!run_vcpu(runner->vcpus[index], index, shared->last[index]))
                                atomic_fetch_add(&shared->guest_errors, 1);
                }
                if (++rounds == MIN_ROUNDS)
                        atomic_fetch_sub(&shared->busy_threads, 1);
        }
        atomic_fetch_add(&shared->n_rounds, rounds);
        pthread_barrier_wait(&shared->stopped);
        return NULL;
}

static void set_up(struct runner *runner, struct vgic_conn *conn)
{
        guest_open_distributor(runner->vm);
        for (unsigned i = 0; i < N_VCPUS; i++) {
                if (vgic_vcpu_register(runner->vm, i, NULL, &runner->vcpus[i]) < 0)
                        tap_bail("register: %s", vgic_conn_error(conn));
                guest_open_privates(runner->vm, i, 1u << SGI);
                guest_open_vcpu(runner->vm, runner->vcpus[i], true);
        }
}

/* --- a reader --- */

static void read_one(struct vgic_vm *vm, unsigned index, uint32_t *seen)
{
        struct vgic_icc_ctlr ctlr;

        if (vgic_vm_icc_ctlr(vm, index, &ctlr) != 0 || !(ctlr.valid & HAS_DEFAULT) ||
            !(ctlr.valid & HAS_LIVE)) {
                atomic_fetch_add(&shared->read_errors, 1);
                return;
        }
        if (ctlr.arch_default != FIXED)
                atomic_fetch_add(&shared->wrong_default, 1);
        if ((ctlr.live & ~GUESTS) != FIXED)
                atomic_fetch_add(&shared->wrong_live, 1);
        /*
         * Nobody resets: what the guest has configured is what is live, in one and the same look.
         */
        if ((ctlr.valid & HAS_CONFIGURED) && ctlr.configured != ctlr.live)
                atomic_fetch_add(&shared->wrong_configured, 1);
        if (*seen != ctlr.live)
                atomic_fetch_add_explicit(&shared->changes, 1, memory_order_relaxed);
        *seen = ctlr.live;
}

static int reader_process(unsigned number)
{
        static uint32_t seen[N_VCPUS];
        struct vgic_conn *conn = daemon_connect(&daemon_);
        struct vgic_vm *vm = NULL;
        uint64_t seed = 0xdeadbeefcafef00du * (number + 1), n = 0;

        if (vgic_vm_attach(conn, "flat-out", VGIC_ROLE_OBSERVER, &vm) < 0)
                return 1;
        pthread_barrier_wait(&shared->start);
        while (n < MIN_READS || atomic_load(&shared->busy_threads)) {
                unsigned index = next(&seed) % N_VCPUS;

                read_one(vm, index, &seen[index]);
                if (++n == MIN_READS)
                        atomic_fetch_sub(&shared->busy_readers, 1);
        }
        atomic_fetch_add(&shared->n_reads, n);
        pthread_barrier_wait(&shared->stopped);
        for (unsigned i = 0; i < N_VCPUS; i++) {
                struct vgic_icc_ctlr ctlr = { 0 };

                if (vgic_vm_icc_ctlr(vm, i, &ctlr) != 0 || ctlr.live != (FIXED | shared->last[i]))
                        atomic_fetch_add(&shared->wrong_last, 1);
        }
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return 0;
}

static void say(bool ended)
{
        tap_note("%llu operations of vCPUs, %llu reads, of which %u saw another value than the "
                 "look before",
                 (unsigned long long)shared->n_rounds * (N_VCPUS / N_THREADS),
                 (unsigned long long)shared->n_reads, shared->changes);
        tap_ok(ended && shared->n_reads >= (uint64_t)N_READERS * MIN_READS,
               "%u observer processes read and ended well", N_READERS);
        tap_eq(shared->guest_errors, 0, "no vCPU sees anything but its own operations");
        tap_eq(shared->read_errors, 0, "no read fails");
        tap_eq(shared->wrong_default, 0, "the default is always what the architecture gives");
        tap_eq(shared->wrong_live, 0, "the live value always has its read-only fields");
        tap_eq(shared->wrong_configured, 0, "what is configured is what is live, in each look");
        tap_ok(shared->changes >= N_VCPUS, "the readers saw values change");
        tap_eq(shared->wrong_last, 0, "every reader sees what was written last");
}

static void observers_disturb_no_vcpu(void)
{
        static struct runner runners[N_THREADS];
        struct vgic_conn *conn;
        pthread_t threads[N_THREADS];
        pid_t pids[N_READERS];
        bool ended = true;

        conn = daemon_connect(&daemon_);
        runners[0].vm = daemon_vm(conn, "flat-out", N_VCPUS, 32, 0);
        for (unsigned i = 0; i < N_READERS; i++) {
                pids[i] = fork();
                if (pids[i] == 0)
                        _exit(reader_process(i));
        }
        set_up(&runners[0], conn);
        for (unsigned i = 0; i < N_THREADS; i++) {
                runners[i] = runners[0];
                runners[i].first = i * (N_VCPUS / N_THREADS);
                if (pthread_create(&threads[i], NULL, run_vcpus, &runners[i]) != 0)
                        tap_bail("no thread");
        }
        for (unsigned i = 0; i < N_THREADS; i++)
                pthread_join(threads[i], NULL);
        for (unsigned i = 0; i < N_READERS; i++) {
                int status = 0;

                ended = waitpid(pids[i], &status, 0) == pids[i] && status == 0 && ended;
        }
        say(ended);
        vgic_vm_destroy(conn, "flat-out");
        vgic_vm_detach(runners[0].vm);
        vgic_disconnect(conn);
}

int main(void)
{
        pthread_barrierattr_t attr;

        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED)
                tap_bail("no memory");
        pthread_barrierattr_init(&attr);
        pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_barrier_init(&shared->start, &attr, N_THREADS + N_READERS);
        pthread_barrier_init(&shared->stopped, &attr, N_THREADS + N_READERS);
        shared->busy_threads = N_THREADS;
        shared->busy_readers = N_READERS;
        daemon_start(&daemon_, &(struct daemon_options){ .quiet = true });
        observers_disturb_no_vcpu();
        tap_eq(daemon_stop(&daemon_), 0, "the daemon ends in order");
        return tap_done();
}
