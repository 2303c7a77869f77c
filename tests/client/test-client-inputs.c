/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A host that keeps the inputs of its vCPUs as state: vCPUs that are entered once and never leave,
 * and whose inputs are set by whichever thread has news, as <vgic/vgic-vcpu.h> says under "Inputs"
 *
 * A device pulses an SPI of vCPU 0, whose handler sends an SGI to vCPU 1, whose handler sends one
 * to itself; when that was handled the device pulses again. One input that stays low ends it.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic/vgic.h"

enum { SPI = 40, SGI_OTHER = 2, SGI_SELF = 3, N_CPUS = 2, N_ROUNDS = 1500 };

struct cpu {
        struct vgic_vcpu *vgic;
        pthread_t thread;
        pthread_mutex_t lock;           /* covers the input, of a host that has locks */
        atomic_uint input;
        bool has_news;                  /* under the global lock */
        unsigned n_own_kicks;           /* by its own thread; that one's */
};

/* How the host keeps the inputs. */
struct way {
        const char *name;
        void (*kick)(void *arg);
        void (*begin)(struct cpu *cpu); /* before each call on a vCPU */
        void (*end)(struct cpu *cpu);   /* after it; by the thread that made it */
};

static struct daemon_proc daemon_;
static struct vgic_vm *vm;
static struct cpu cpus[N_CPUS];
static const struct way *way;
static atomic_bool stop;
static atomic_uint n_done;
static pthread_mutex_t global;
static _Thread_local struct cpu *self;

static void count_kick(struct cpu *cpu)
{
        if (cpu == self)
                cpu->n_own_kicks++;
}

/* --- a lock of each vCPU, for its input alone --- */

static void publish(struct cpu *cpu)
{
        pthread_mutex_lock(&cpu->lock);
        atomic_store(&cpu->input, vgic_vcpu_peek_lines(cpu->vgic));
        pthread_mutex_unlock(&cpu->lock);
}

static void kick_locked(void *arg)
{
        count_kick(arg);
        publish(arg);
}

static void begin_nothing(struct cpu *cpu)
{
        (void)cpu;
}

/* --- none --- */

static void kick_flagged(void *arg)
{
        struct cpu *cpu = arg;

        count_kick(cpu);
        atomic_fetch_or(&cpu->input, VGIC_LINE_IRQ);
}

static void take_down(struct cpu *cpu)
{
        atomic_exchange(&cpu->input, 0);
}

static void put_up(struct cpu *cpu)
{
        atomic_fetch_or(&cpu->input, vgic_vcpu_lines(cpu->vgic));
}

/* --- a global lock, held in every call; the thread that makes one sees to all vCPUs --- */

static void kick_global(void *arg)
{
        struct cpu *cpu = arg;

        count_kick(cpu);
        cpu->has_news = true;
}

static void lock_all(struct cpu *cpu)
{
        (void)cpu;
        pthread_mutex_lock(&global);
}

static void unlock_all(struct cpu *cpu)
{
        if (cpu)
                cpu->has_news = true;
        for (unsigned i = 0; i < N_CPUS; i++)
                if (cpus[i].has_news) {
                        cpus[i].has_news = false;
                        atomic_store(&cpus[i].input, vgic_vcpu_lines(cpus[i].vgic));
                }
        pthread_mutex_unlock(&global);
}

static const struct way ways[] = {
        { "a lock of each vCPU, and a peek", kick_locked, begin_nothing, publish },
        { "no lock: down before a call, up after it", kick_flagged, take_down, put_up },
        { "a global lock: one thread at a time, whichever it is", kick_global, lock_all,
          unlock_all },
};

/* --- the guest --- */

static uint32_t acknowledge(struct cpu *cpu)
{
        uint32_t intid;

        way->begin(cpu);
        intid = vgic_vcpu_ack(cpu->vgic, 1);
        way->end(cpu);
        return intid;
}

static void send_sgi(struct cpu *cpu, unsigned sgi, unsigned target)
{
        way->begin(cpu);
        vgic_vcpu_sysreg_write(cpu->vgic, VGIC_ICC_SGI1R_EL1,
                               (uint64_t)sgi << 24 | UINT64_C(1) << target);
        way->end(cpu);
}

static void end(struct cpu *cpu, uint32_t intid)
{
        way->begin(cpu);
        vgic_vcpu_eoi(cpu->vgic, 1, intid);
        way->end(cpu);
}

static void take_interrupt(struct cpu *cpu)
{
        uint32_t intid = acknowledge(cpu);

        if (intid == VGIC_INTID_SPURIOUS)
                return;
        if (intid == SPI)
                send_sgi(cpu, SGI_OTHER, 1);
        else if (intid == SGI_OTHER)
                send_sgi(cpu, SGI_SELF, 1);
        end(cpu, intid);
        if (intid == SGI_SELF)
                atomic_fetch_add(&n_done, 1);
}

static void *run(void *arg)
{
        self = arg;
        way->begin(self);
        vgic_vcpu_enter(self->vgic); /* for ever */
        way->end(self);
        while (!atomic_load(&stop)) {
                if (atomic_load(&self->input))
                        take_interrupt(self);
                else
                        sched_yield();
        }
        return NULL;
}

/* Of a device: no vCPU's thread. Return: the pulse was handled to the end. */
static bool pulse_and_wait(unsigned n)
{
        time_t limit = time(NULL) + DAEMON_WAIT_MS / 1000;

        if (way->end == unlock_all)
                lock_all(NULL);
        vgic_spi_pulse(vm, SPI);
        if (way->end == unlock_all)
                unlock_all(NULL);
        while (atomic_load(&n_done) < n && time(NULL) < limit)
                sched_yield();
        return atomic_load(&n_done) == n;
}

static void start(struct vgic_conn *conn)
{
        vm = daemon_vm(conn, "inputs", N_CPUS, 32, VGIC_VM_EPHEMERAL | VGIC_VM_AWAKE);
        guest_make_spis_edge(vm, 32);
        guest_open_spis(vm, 32);
        guest_open_distributor(vm);
        atomic_store(&stop, false);
        atomic_store(&n_done, 0);
        for (unsigned i = 0; i < N_CPUS; i++) {
                struct vgic_vcpu_options options = { .size = sizeof(options), .kick = way->kick,
                                                     .kick_arg = &cpus[i] };

                cpus[i] = (struct cpu) { .vgic = NULL };
                pthread_mutex_init(&cpus[i].lock, NULL);
                cpus[i].vgic = guest_register(vm, i, &options);
                guest_open_privates(vm, i, 0xffff);
                guest_open_vcpu(vm, cpus[i].vgic, true);
                vgic_vcpu_power(cpus[i].vgic, 1);
        }
        for (unsigned i = 0; i < N_CPUS; i++)
                if (pthread_create(&cpus[i].thread, NULL, run, &cpus[i]) != 0)
                        tap_bail("no thread");
}

static void no_input_stays_low(struct vgic_conn *conn)
{
        unsigned n = 0;

        start(conn);
        while (n < N_ROUNDS && pulse_and_wait(n + 1))
                n++;
        atomic_store(&stop, true);
        for (unsigned i = 0; i < N_CPUS; i++)
                pthread_join(cpus[i].thread, NULL);
        tap_eq(n, N_ROUNDS, "%s: each pulse is handled to the end", way->name);
        tap_ok(cpus[1].n_own_kicks >= N_ROUNDS,
               "%s: an SGI to itself kicks in the vCPU's own thread, each time", way->name);
        for (unsigned i = 0; i < N_CPUS; i++) {
                vgic_vcpu_unregister(cpus[i].vgic);
                pthread_mutex_destroy(&cpus[i].lock);
        }
        vgic_vm_detach(vm);
}

/* A kick comes also if the line is up already: nothing was taken between the two. */
static void count(void *arg)
{
        ++*(unsigned *)arg;
}

static void it_is_kicked_each_time(struct vgic_conn *conn)
{
        unsigned n = 0;
        struct vgic_vcpu_options options = { .size = sizeof(options), .kick = count,
                                             .kick_arg = &n };
        struct vgic_vcpu *vcpu;

        vm = daemon_vm(conn, "inputs", 1, 32, VGIC_VM_EPHEMERAL | VGIC_VM_AWAKE);
        guest_make_spis_edge(vm, 32);
        guest_open_spis(vm, 32);
        guest_open_distributor(vm);
        vcpu = guest_register(vm, 0, &options);
        guest_open_vcpu(vm, vcpu, true);
        vgic_vcpu_enter(vcpu);
        for (uint32_t i = 0; i < 4; i++)
                vgic_spi_pulse(vm, SPI + i);
        tap_eq(n, 4, "four interrupts in one entry: four kicks");
        tap_eq(vgic_vcpu_peek_lines(vcpu), VGIC_LINE_IRQ, "peeked: the line is up");
        for (uint32_t i = 0; i < 4; i++)
                vgic_vcpu_eoi(vcpu, 1, vgic_vcpu_ack(vcpu, 1));
        tap_eq(vgic_vcpu_peek_lines(vcpu), 0, "peeked when all are handled: it is down");
        vgic_spi_pulse(vm, SPI);
        tap_eq(n, 5, "in the same entry, after four were handled: kicked again");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
}

/*
 * A line that falls since somebody else took its interrupt away: nobody is told, whoever looks
 * sees it, and an acknowledge that comes all the same finds none.
 */
static void lower(void)
{
        vgic_spi_deassert(vm, SPI);
}

static void disable(void)
{
        vgic_gicd_write(vm, 0x184, 4, 1u << (SPI - 32));        /* GICD_ICENABLER1 */
}

static void route_away(void)
{
        vgic_gicd_write(vm, 0x6000 + 8 * SPI, 8, 1);            /* GICD_IROUTER40 */
}

static void a_fall_is_not_told(struct vgic_conn *conn, const char *how, void (*take_away)(void))
{
        unsigned n[N_CPUS] = { 0 }, before;
        struct vgic_vcpu *vcpu[N_CPUS];

        vm = daemon_vm(conn, "inputs", N_CPUS, 32, VGIC_VM_EPHEMERAL | VGIC_VM_AWAKE);
        guest_open_spis(vm, 32);
        guest_open_distributor(vm);
        for (unsigned i = 0; i < N_CPUS; i++) {
                struct vgic_vcpu_options options = { .size = sizeof(options), .kick = count,
                                                     .kick_arg = &n[i] };

                vcpu[i] = guest_register(vm, i, &options);
                guest_open_vcpu(vm, vcpu[i], true);
                vgic_vcpu_enter(vcpu[i]);
        }
        vgic_spi_assert(vm, SPI);
        before = n[0];
        take_away();
        tap_ok(before == 1 && n[0] == before, "%s: whose line falls is not kicked", how);
        tap_eq(vgic_vcpu_peek_lines(vcpu[0]), 0, "%s: peeked, the line is down at once", how);
        tap_eq(vgic_vcpu_ack(vcpu[0], 1), VGIC_INTID_SPURIOUS,
               "%s: a guest that is interrupted all the same finds none", how);
        tap_eq(n[1] > 0, take_away == route_away, "%s: who gets it is kicked, if anybody", how);
        for (unsigned i = 0; i < N_CPUS; i++)
                vgic_vcpu_unregister(vcpu[i]);
        vgic_vm_detach(vm);
}

/* IHI 0069 section 4.8: what was withdrawn may have hidden another one, which now preempts. */
static void what_it_hid_is_told(struct vgic_conn *conn)
{
        unsigned n = 0, before;
        struct vgic_vcpu_options options = { .size = sizeof(options), .kick = count,
                                             .kick_arg = &n };
        struct vgic_vcpu *vcpu;

        vm = daemon_vm(conn, "inputs", 1, 32, VGIC_VM_EPHEMERAL | VGIC_VM_AWAKE);
        guest_open_spis(vm, 32);
        guest_open_distributor(vm);
        vcpu = guest_register(vm, 0, &options);
        guest_open_vcpu(vm, vcpu, true);
        vgic_spi_assert(vm, SPI + 1);
        if (vgic_vcpu_ack(vcpu, 1) != SPI + 1)
                tap_bail("it did not come");
        vgic_vcpu_enter(vcpu);
        vgic_spi_assert(vm, SPI);
        before = n;
        vgic_spi_deassert(vm, SPI);
        tap_eq(n, before + 1, "while a priority is active the vCPU is kicked, and looks");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
}

int main(void)
{
        pthread_mutexattr_t attr;
        struct vgic_conn *conn;

        pthread_mutexattr_init(&attr);
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
        pthread_mutex_init(&global, &attr);
        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        it_is_kicked_each_time(conn);
        a_fall_is_not_told(conn, "deasserted", lower);
        a_fall_is_not_told(conn, "disabled", disable);
        a_fall_is_not_told(conn, "routed away", route_away);
        what_it_hid_is_told(conn);
        for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
                way = &ways[i];
                no_input_stays_low(conn);
        }
        vgic_disconnect(conn);
        daemon_stop(&daemon_);
        return tap_done();
}
