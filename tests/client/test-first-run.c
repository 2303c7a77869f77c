/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * First run: 512 vCPUs, a thread each, in four processes, all at once
 *
 * Two firsts. While one thread of each process initialises or maps the VM, the others call into the
 * data path and are turned away until, with no other word between the threads, a call succeeds: it
 * must see the whole controller. Then every vCPU is registered, and from one barrier all do their
 * first operations together: each reads its controller, finds nothing to acknowledge, and sends an
 * SGI to its neighbour, of the next process at each border, which must arrive.
 *
 * Locks: this program's own pthread_mutex_lock() stands before libc's for the library, too, which
 * imports nothing else that waits (tests/lint/check-exports.sh). It counts what a thread locks
 * inside its first operations. That the count works is seen by the calls that do lock,
 * the cold path's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic/vgic.h"

#ifndef __has_feature
#define __has_feature(feature) 0 /* clang's */
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define COUNTS_LOCKS  0     /* ThreadSanitizer has to see each lock itself */
#define N_VCPUS      32u    /* threads that wait by looking cost it minutes */
#else
#define COUNTS_LOCKS  1
#define N_VCPUS     512u
#endif
#define N_PROCESSES   4u
#define N_THREADS   (N_VCPUS / N_PROCESSES)     /* a process */
#define N_SPIS      988u
#define STACK       (256u << 10)
#define SGI           3u
/*
 * IHI 0069: 5 bits of priority, A3V, RSS; ITLinesNumber, MBIS, 10 bits of INTID, A3V, RSS; frames
 * of a redistributor
 */
#define ICC_CTLR    (UINT64_C(4) << 8 | 1u << 15 | 1u << 18)
#define GICD_TYPER  (31u | 1u << 16 | 9u << 19 | 1u << 24 | 1u << 26)
#define REDIST      UINT64_C(0x20000)

enum finding {
        EARLY_WRONG,
        CTLR_WRONG,
        TYPER_WRONG,
        REDIST_WRONG,
        ACK_WRONG,
        SGI_LOST,
        SGI_WRONG,
        LOCKED,
        N_FINDINGS
};

static const char *const findings[N_FINDINGS] = {
        [EARLY_WRONG] = "the first call that is let in sees the whole controller",
        [CTLR_WRONG] = "ICC_CTLR_EL1 of each vCPU is right at its first look",
        [TYPER_WRONG] = "GICD_TYPER is",
        [REDIST_WRONG] = "GICR_TYPER is",
        [ACK_WRONG] = "there is nothing to acknowledge",
        [SGI_LOST] = "the neighbour's SGI arrives",
        [SGI_WRONG] = "and nothing else does",
        [LOCKED] = "no first operation takes a lock",
};

/* Between the processes. */
static struct shared {
        pthread_barrier_t all;          /* every vCPU's thread */
        pthread_barrier_t mains;        /* the processes' first threads */
        _Atomic unsigned n[N_FINDINGS];
        _Atomic unsigned arrived, cold_locks;
} *shared;

static struct daemon_proc daemon_;

/* --- locks, counted --- */

static _Thread_local bool counting;
static _Thread_local unsigned n_locks;

#if COUNTS_LOCKS
static int (*libc_lock)(pthread_mutex_t *);

/* Before there is a second thread. */
static void find_libc_lock(void)
{
        *(void **)&libc_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
        if (!libc_lock)
                abort();
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
        if (!libc_lock)
                find_libc_lock();
        n_locks += counting;
        return libc_lock(mutex);
}
#endif

static void note(enum finding finding, bool ok)
{
        if (!ok)
                atomic_fetch_add(&shared->n[finding], 1);
}

/* --- one vCPU --- */

struct process {
        struct vgic_vm *vm;
        unsigned first;
        struct vgic_vcpu *vcpus[N_THREADS];
        _Atomic unsigned turned_away;
};

struct cpu {
        struct process *process;
        unsigned index;
};

static uint64_t mpidr(unsigned index)
{
        return index % 16 | index / 16 << 8;
}

/* IHI 0069, GICR_TYPER: affinity, Processor_Number, DPGS, Last */
static uint64_t gicr_typer(unsigned index)
{
        return mpidr(index) << 32 | index << 8 | 1u << 5 | (index == N_VCPUS - 1 ? 1u << 4 : 0);
}

static bool reads_typer(struct vgic_vm *vm)
{
        uint64_t value = 0;

        return vgic_gicd_read(vm, 0x4, 4, &value) == 0 && value == GICD_TYPER;
}

/* Nothing but the call itself says that the VM has been mapped. */
static void get_in(const struct cpu *cpu)
{
        struct vgic_vm *vm = cpu->process->vm;
        struct vgic_irq_state irq;
        struct vgic_icc_ctlr ctlr;
        bool told = false;
        int r;

        while ((r = vgic_vm_icc_ctlr(vm, cpu->index, &ctlr)) == -ENODATA) {
                if (!told)
                        atomic_fetch_add(&cpu->process->turned_away, 1);
                told = true;
                sched_yield();
        }
        note(EARLY_WRONG, told && r == 0 && ctlr.arch_default == ICC_CTLR &&
                                  ctlr.live == ICC_CTLR && reads_typer(vm) &&
                                  vgic_vm_irq_state(vm, cpu->index, 32 + N_SPIS - 1, &irq) == 0 &&
                                  irq.vcpu == 0 && !irq.enabled);
}

/* What a kernel does first on a CPU; vCPU 0 opens the distributor, at some moment of this. */
static void set_up(struct vgic_vm *vm, struct vgic_vcpu *vcpu, unsigned index)
{
        guest_open_privates(vm, index, 1u << SGI);
        guest_open_vcpu(vm, vcpu, true);
        if (index == 0)
                guest_open_distributor(vm);
}

static uint64_t deadline_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return ((uint64_t)now.tv_sec + 120) * 1000000000u;
}

static void first_operations(struct vgic_vm *vm, struct vgic_vcpu *vcpu, unsigned index)
{
        uint64_t value = 0, target = mpidr((index + 1) % N_VCPUS), deadline = deadline_ns();
        uint32_t intid;

        note(CTLR_WRONG,
             vgic_vcpu_sysreg_read(vcpu, VGIC_ICC_CTLR_EL1, &value) == 0 && value == ICC_CTLR);
        note(TYPER_WRONG, reads_typer(vm));
        note(REDIST_WRONG, vgic_gicr_read(vm, index * REDIST + 0x8, 8, &value) == 0 &&
                                   value == gicr_typer(index));
        note(ACK_WRONG, vgic_vcpu_ack(vcpu, 1) == VGIC_INTID_SPURIOUS);
        set_up(vm, vcpu, index);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_SGI1R_EL1,
                               (target >> 8 & 0xff) << 16 | SGI << 24 |
                               UINT64_C(1) << (target & 0xf));
        while ((intid = vgic_vcpu_ack(vcpu, 1)) == VGIC_INTID_SPURIOUS)
                if (vgic_vcpu_park(vcpu, deadline, NULL, 0) == VGIC_WAKE_DEADLINE)
                        break;
        note(SGI_LOST, intid == SGI);
        vgic_vcpu_eoi(vcpu, 1, intid);
        note(SGI_WRONG, vgic_vcpu_ack(vcpu, 1) == VGIC_INTID_SPURIOUS);
}

static void *cpu_thread(void *arg)
{
        const struct cpu *cpu = arg;

        counting = true;
        get_in(cpu);
        note(LOCKED, n_locks == 0);
        counting = false;
        pthread_barrier_wait(&shared->all);
        counting = true;
        first_operations(cpu->process->vm, cpu->process->vcpus[cpu->index - cpu->process->first],
                         cpu->index);
        note(LOCKED, n_locks == 0);
        counting = false;
        atomic_fetch_add(&shared->arrived, 1);
        return NULL;
}

/* --- one process --- */

static void start_threads(struct process *process, struct cpu *cpus, pthread_t *threads)
{
        pthread_attr_t attr;

        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, STACK);
        for (unsigned i = 0; i < N_THREADS; i++) {
                cpus[i] = (struct cpu){ .process = process, .index = process->first + i };
                if (pthread_create(&threads[i], &attr, cpu_thread, &cpus[i]) != 0)
                        abort();
        }
        pthread_attr_destroy(&attr);
        while (atomic_load(&process->turned_away) < N_THREADS)
                sched_yield();
}

/* Return: how many locks the cold path took, which is none if the count does not work. */
static unsigned run_cold_path(struct process *process)
{
        counting = true;
        if (vgic_vm_init(process->vm) < 0)
                abort();
        for (unsigned i = 0; i < N_THREADS; i++)
                if (vgic_vcpu_register(process->vm, process->first + i, NULL,
                                       &process->vcpus[i]) < 0)
                        abort();
        counting = false;
        return n_locks;
}

static int run_process(unsigned number)
{
        static struct process process;
        static struct cpu cpus[N_THREADS];
        static pthread_t threads[N_THREADS];
        struct vgic_conn *conn = daemon_connect(&daemon_);

        process.first = number * N_THREADS;
        if (vgic_vm_attach(conn, "first", VGIC_ROLE_VMM, &process.vm) < 0)
                return 1;
        start_threads(&process, cpus, threads);
        pthread_barrier_wait(&shared->mains);
        atomic_fetch_add(&shared->cold_locks, run_cold_path(&process) > 0);
        pthread_barrier_wait(&shared->all);
        for (unsigned i = 0; i < N_THREADS; i++)
                pthread_join(threads[i], NULL);
        vgic_vm_detach(process.vm);
        vgic_disconnect(conn);
        return 0;
}

static void init_barrier(pthread_barrier_t *barrier, unsigned n)
{
        pthread_barrierattr_t attr;

        pthread_barrierattr_init(&attr);
        pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_barrier_init(barrier, &attr, n);
        pthread_barrierattr_destroy(&attr);
}

static void first_operations_see_the_whole_build(void)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "first",
                                         .n_vcpus = N_VCPUS, .n_spis = N_SPIS,
                                         .n_priority_bits = 5 };
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        pid_t pids[N_PROCESSES];
        bool ended = true;

        conn = daemon_connect(&daemon_);
        if (vgic_vm_create(conn, &config, &vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        for (unsigned i = 0; i < N_PROCESSES; i++) {
                pids[i] = fork();
                if (pids[i] == 0)
                        _exit(run_process(i));
        }
        for (unsigned i = 0; i < N_PROCESSES; i++) {
                int status = 0;

                ended = waitpid(pids[i], &status, 0) == pids[i] && status == 0 && ended;
        }
        tap_ok(ended, "%u processes, initialising at once, ended well", N_PROCESSES);
        tap_eq(shared->arrived, N_VCPUS, "each vCPU has had its first operations");
        for (unsigned i = 0; i < N_FINDINGS; i++)
                tap_eq(shared->n[i], 0, "%s", findings[i]);
        tap_eq(shared->cold_locks, COUNTS_LOCKS ? N_PROCESSES : 0,
               "the cold path's locks are counted");
        vgic_vm_destroy(conn, "first");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

int main(void)
{
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED)
                tap_bail("no memory");
        init_barrier(&shared->all, N_VCPUS + N_PROCESSES);
        init_barrier(&shared->mains, N_PROCESSES);
        daemon_start(&daemon_, NULL);
        first_operations_see_the_whole_build();
        tap_eq(daemon_stop(&daemon_), 0, "the daemon ends in order");
        return tap_done();
}
