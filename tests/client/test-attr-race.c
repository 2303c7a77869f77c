/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Attributes set while INIT is under way: each call has one of its two outcomes, and the controller
 * agrees with it
 *
 * A round is a new VM. INIT is asked for by this process, and in every other round by a tool's
 * message, too. Three attributes are set at the same time: by a second thread of this process,
 * through the very object that INIT maps (so libvgic's own look at "mapped" is in the race), and by
 * two other processes that are attached. VGIC_TEST_RACES is the number of such calls;
 * 100,000 if it is not set.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr-race.h"
#include "daemon-proc.h"
#include "tap.h"

#define N_SETTERS  3u           /* one thread here, two processes */
#define N_PARTIES  5u           /* and who initialises, and the tool */
#define SPIN_BITS  15u

/* Between the processes. */
static struct shared {
        pthread_barrier_t barrier;
        bool stop;
        int set[N_SETTERS];     /* what each call returned */
        bool read_back[N_SETTERS];
        bool mapped_agrees[N_SETTERS];
        int tool;
} *shared;

static struct daemon_proc daemon_;

static void meet(void)
{
        pthread_barrier_wait(&shared->barrier);
}

static const struct race_attr *attr_of(unsigned setter, unsigned round)
{
        return &race_attrs[(setter + round) % RACE_N_ATTRS];
}

/* The call that races, and what the same caller reads right after it. */
static void set_one(struct vgic_vm *vm, unsigned setter, unsigned round, uint64_t *seed)
{
        const struct race_attr *a = attr_of(setter, round);
        uint64_t expected;

        race_spin(seed, SPIN_BITS);
        shared->set[setter] = vgic_attr_set(vm, a->group, a->attr, a->value);
        shared->read_back[setter] = race_outcome(a, shared->set[setter], &expected) &&
                                    race_reads(vm, a, expected);
}

/* A process of its own: attach, set, and in some rounds map the controller too. */
static int setter_process(unsigned setter)
{
        struct vgic_conn *conn = daemon_connect(&daemon_);
        uint64_t seed = 0x9e3779b97f4a7c15u * (setter + 1);
        uint64_t expected;

        for (unsigned round = 0;; round++) {
                struct vgic_vm *vm = NULL;

                meet();
                if (shared->stop)
                        break;
                if (vgic_vm_attach(conn, "race", VGIC_ROLE_VMM, &vm) < 0)
                        return 1;
                meet();
                set_one(vm, setter, round, &seed);
                meet();
                shared->mapped_agrees[setter] = true;
                if (round % 8 == setter) {
                        race_outcome(attr_of(setter, round), shared->set[setter], &expected);
                        shared->mapped_agrees[setter] =
                                vgic_vm_init(vm) == 0 &&
                                race_guest_sees(vm, attr_of(setter, round), expected);
                }
                vgic_vm_detach(vm);
                meet();
        }
        vgic_disconnect(conn);
        return 0;
}

/* It initialises by message in every other round. */
static int tool_process(void)
{
        struct vgic_conn *conn = daemon_connect(&daemon_);
        uint64_t seed = 12345;

        for (unsigned round = 0;; round++) {
                meet();
                if (shared->stop)
                        break;
                meet();
                race_spin(&seed, SPIN_BITS);
                shared->tool = round % 2 ? vgic_msg_attr_set(conn, "race", VGIC_ATTR_CTRL,
                                                             VGIC_ATTR_CTRL_INIT, 0)
                                         : 0;
                meet();
                meet();
        }
        vgic_disconnect(conn);
        return 0;
}

struct here {
        struct vgic_vm *vm;
        bool stop;
};

static void *setter_thread(void *arg)
{
        struct here *here = arg;
        uint64_t seed = 777;

        for (unsigned round = 0;; round++) {
                meet();
                if (shared->stop)
                        return NULL;
                meet();
                set_one(here->vm, 0, round, &seed);
                meet();
                meet();
        }
}

struct counts {
        unsigned calls, set, refused, other, reads, guest, maps, inits;
};

static void check_round(struct vgic_vm *vm, unsigned round, struct counts *n)
{
        uint64_t expected;

        for (unsigned i = 0; i < N_SETTERS; i++) {
                const struct race_attr *a = attr_of(i, round);

                n->calls++;
                n->set += shared->set[i] == 0;
                n->refused += shared->set[i] == -EBUSY;
                n->other += !race_outcome(a, shared->set[i], &expected);
                n->reads += !shared->read_back[i] || !race_reads(vm, a, expected);
                n->guest += !race_guest_sees(vm, a, expected);
        }
}

static void run_rounds(struct vgic_conn *conn, struct here *here, unsigned n_rounds,
                       struct counts *n)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "race", .n_vcpus = 4,
                                         .n_spis = RACE_N_SPIS,
                                         .flags = VGIC_VM_EPHEMERAL };
        uint64_t seed = 4711;

        for (unsigned round = 0; round < n_rounds; round++) {
                if (vgic_vm_create(conn, &config, &here->vm) < 0)
                        tap_bail("create: %s", vgic_conn_error(conn));
                meet();
                meet();
                race_spin(&seed, SPIN_BITS + 1);
                n->inits += vgic_vm_init(here->vm) != 0;
                meet();
                n->inits += shared->tool != 0;
                check_round(here->vm, round, n);
                meet();
                for (unsigned i = 1; i < N_SETTERS; i++)
                        n->maps += !shared->mapped_agrees[i];
                vgic_vm_detach(here->vm);
        }
}

static void set_that_races_with_init_is_in_or_refused(unsigned n_calls)
{
        pid_t pids[3];
        struct counts n = { 0 };
        struct here here = { 0 };
        struct vgic_conn *conn;
        pthread_t thread;
        bool ended = true;

        for (unsigned i = 0; i < 3; i++) {
                pids[i] = fork();
                if (pids[i] == 0)
                        _exit(i < 2 ? setter_process(i + 1) : tool_process());
        }
        conn = daemon_connect(&daemon_);
        pthread_create(&thread, NULL, setter_thread, &here);
        run_rounds(conn, &here, (n_calls + N_SETTERS - 1) / N_SETTERS, &n);
        shared->stop = true;
        meet();
        pthread_join(thread, NULL);
        for (unsigned i = 0; i < 3; i++) {
                int status = 0;

                ended = waitpid(pids[i], &status, 0) == pids[i] && status == 0 && ended;
        }
        vgic_disconnect(conn);
        tap_note("%u calls: %u came before INIT, %u after it", n.calls, n.set, n.refused);
        tap_ok(n.calls >= n_calls && n.inits == 0, "%u sets raced with INIT; every INIT succeeded",
               n.calls);
        tap_eq(n.other, 0, "each returned 0 or -EBUSY");
        tap_ok(n.set > 0 && n.refused > 0, "both came");
        tap_eq(n.reads, 0,
               "the attribute reads as its call's outcome says, at once and after INIT");
        tap_eq(n.guest, 0,
               "a set that raced with INIT: the guest's register reads as the call said");
        tap_eq(n.maps, 0,
               "a set that raced with INIT: other processes that mapped it read the same");
        tap_ok(ended, "the other processes ended well");
}

int main(void)
{
        const char *races = getenv("VGIC_TEST_RACES");
        pthread_barrierattr_t attr;

        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED)
                tap_bail("no memory");
        pthread_barrierattr_init(&attr);
        pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_barrier_init(&shared->barrier, &attr, N_PARTIES);
        daemon_start(&daemon_, &(struct daemon_options){ .quiet = true });
        set_that_races_with_init_is_in_or_refused(races ? (unsigned)strtoul(races, NULL, 10) :
                                                          100000);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon ends in order");
        return tap_done();
}
