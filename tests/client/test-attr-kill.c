/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The daemon dies while INIT and sets are under way: no outcome is a lie,
 * and nobody has half a controller
 *
 * Each turn has a new daemon and a VM of many vCPUs, whose INIT takes a while. This process
 * initialises it and two others set an attribute each; then the daemon is killed, at a time that
 * differs from turn to turn over about as long as all of that takes. Who got the controller mapped
 * looks whether it agrees with each outcome that it knows. VGIC_TEST_KILLS is the number of turns.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attr-race.h"
#include "daemon-proc.h"
#include "tap.h"

#define N_SETTERS  2u
#define N_VCPUS    200u

enum stage { NOT_MAPPED, MAPPED_WELL, MAPPED_BADLY };

static struct shared {
        pthread_barrier_t start, dead;
        struct outcome {
                int set;
                int init;
                enum stage stage;
                bool answers;          /* what it is told after the death is what it must be told */
        } of[N_SETTERS + 1];
} *shared;

static struct daemon_proc daemon_;

static uint64_t now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * With a controller mapped: is it whole, and as @set says? A call that the daemon did not answer
 * could be either.
 */
static enum stage look(struct vgic_vm *vm, const struct race_attr *a, int set)
{
        uint64_t expected, typer = 0, last = 0;
        bool known = race_outcome(a, set, &expected);

        if (vgic_gicr_read(vm, (N_VCPUS - 1) * 0x20000u + 8, 8, &typer) < 0 ||
            (typer >> 8 & 0xffff) != N_VCPUS - 1 ||
            vgic_attr_get(vm, VGIC_ATTR_REDIST_REGS, VGIC_ATTR_MPIDR((uint64_t)0) | 0x14, &last) <
            0 ||
            last != 6)
                return MAPPED_BADLY;
        if (known)
                return race_guest_sees(vm, a, expected) && race_reads(vm, a, expected)
                               ? MAPPED_WELL
                               : MAPPED_BADLY;
        return race_guest_sees(vm, a, a->value) || race_guest_sees(vm, a, a->initial)
                       ? MAPPED_WELL
                       : MAPPED_BADLY;
}

/*
 * The daemon is dead: shared memory answers who mapped it; who did not is told so, and so is who
 * asks for an address.
 */
static bool answers(struct vgic_vm *vm, const struct race_attr *a, enum stage stage)
{
        uint64_t value = 0;
        bool confirms;

        if (vgic_attr_get(vm, VGIC_ATTR_ADDR, VGIC_ATTR_ADDR_DIST, &value) != -ENOTCONN)
                return false;
        if (stage == NOT_MAPPED)
                return vgic_attr_get(vm, a->group, a->attr, &value) == -ENOTCONN &&
                       vgic_attr_set(vm, a->group, a->attr, a->value) == -ENOTCONN;
        if (vgic_attr_get(vm, a->group, a->attr, &value) != 0)
                return false;
        confirms = value == a->value && a->group == VGIC_ATTR_DIST_REGS;
        return vgic_attr_set(vm, a->group, a->attr, a->value) == (confirms ? 0 : -EBUSY);
}

static void setter_process(unsigned turn, unsigned setter)
{
        const struct race_attr *a = &race_attrs[(turn + setter) % RACE_N_ATTRS];
        struct outcome *mine = &shared->of[setter];
        struct vgic_conn *conn = daemon_connect(&daemon_);
        struct vgic_vm *vm = NULL;

        if (vgic_vm_attach(conn, "kill", VGIC_ROLE_VMM, &vm) < 0)
                _exit(1);
        pthread_barrier_wait(&shared->start);
        mine->set = vgic_attr_set(vm, a->group, a->attr, a->value);
        mine->init = vgic_vm_init(vm);
        mine->stage = mine->init == 0 ? look(vm, a, mine->set) : NOT_MAPPED;
        pthread_barrier_wait(&shared->dead); /* now the daemon is dead */
        mine->answers = answers(vm, a, mine->stage);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        _exit(0);
}

static void *init_thread(void *vm)
{
        pthread_barrier_wait(&shared->start);
        shared->of[N_SETTERS].init = vgic_vm_init(vm);
        return NULL;
}

struct counts {
        unsigned turns, unanswered, mapped, bad, outcomes, answers, children;
};

static void count_turn(struct counts *n)
{
        n->turns++;
        for (unsigned i = 0; i <= N_SETTERS; i++) {
                const struct outcome *o = &shared->of[i];

                n->unanswered += o->init != 0;
                n->mapped += o->stage == MAPPED_WELL;
                n->bad += o->stage == MAPPED_BADLY;
                n->outcomes += (o->init != 0 && o->init != -ENOTCONN) ||
                               (o->set != 0 && o->set != -EBUSY && o->set != -ENOTCONN);
                n->answers += !o->answers;
        }
}

/* Kill it @delay after the start. */
static void run_turn(unsigned turn, uint64_t delay, uint64_t *ret_took, struct counts *n)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "kill", .n_vcpus = N_VCPUS,
                                         .n_spis = RACE_N_SPIS };
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        pid_t pids[N_SETTERS];
        pthread_t thread;
        uint64_t start;

        for (unsigned i = 0; i <= N_SETTERS; i++)
                shared->of[i] = (struct outcome){ .answers = i == N_SETTERS };
        daemon_start(&daemon_, &(struct daemon_options){ .quiet = true });
        conn = daemon_connect(&daemon_);
        if (vgic_vm_create(conn, &config, &vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        for (unsigned i = 0; i < N_SETTERS; i++) {
                pids[i] = fork();
                if (pids[i] == 0)
                        setter_process(turn, i);
        }
        pthread_create(&thread, NULL, init_thread, vm);
        pthread_barrier_wait(&shared->start);
        for (start = now_ns(); now_ns() - start < delay;)
                ;
        if (!ret_took)
                daemon_kill(&daemon_);
        pthread_join(thread, NULL);
        if (ret_took) {
                *ret_took = now_ns() - start;
                daemon_kill(&daemon_);
        }
        pthread_barrier_wait(&shared->dead);
        for (unsigned i = 0; i < N_SETTERS; i++) {
                int status = 0;

                n->children += waitpid(pids[i], &status, 0) != pids[i] || status != 0;
        }
        count_turn(n);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        daemon_stop(&daemon_);
}

int main(void)
{
        const char *kills = getenv("VGIC_TEST_KILLS");
        unsigned n_turns = kills ? (unsigned)strtoul(kills, NULL, 10) : 500;
        pthread_barrierattr_t attr;
        struct counts first = { 0 }, n = { 0 };
        uint64_t took = 0;

        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED)
                tap_bail("no memory");
        pthread_barrierattr_init(&attr);
        pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_barrier_init(&shared->start, &attr, N_SETTERS + 2);
        pthread_barrier_init(&shared->dead, &attr, N_SETTERS + 1);
        run_turn(0, 0, &took, &first);
        for (unsigned i = 0; i < n_turns; i++)
                run_turn(i, took * (i % 50) / 40, NULL, &n);
        tap_note("INIT took %llu us; %u turns: %u times INIT was not answered, %u controllers were "
                 "mapped",
                 (unsigned long long)took / 1000, n.turns, n.unanswered, n.mapped);
        tap_ok(n.turns == n_turns && n.unanswered > 0,
               "the daemon was killed %u times, some of them in the middle", n.turns);
        tap_eq(n.outcomes, 0,
               "each call was carried out, refused, or told that the daemon is gone");
        tap_eq(n.bad, 0, "each controller that was mapped is whole, and agrees with the outcomes");
        tap_eq(n.answers, 0,
               "after that, shared memory answers who has it; the others are told that the daemon "
               "is gone");
        tap_eq(n.children + first.children, 0, "the other processes ended well");
        return tap_done();
}
