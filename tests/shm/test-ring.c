/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Rings: order, full, empty, wrap-around, a hostile peer, sleeping against two threads
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "duel.h"
#include "shm-ring.h"
#include "tap.h"

static struct shm_ring daemon_end, client_end;
static int memfd;

static void open_pair(void)
{
        if (shm_ring_create(&memfd, &daemon_end) < 0 || shm_ring_map(memfd, &client_end) < 0)
                tap_bail("cannot make a ring");
}

static void close_pair(void)
{
        shm_ring_unmap(&daemon_end);
        shm_ring_unmap(&client_end);
        shm_ring_unmap(&client_end);
        close(memfd);
}

static void entries_come_out_in_order(void)
{
        uint64_t entry = 0;
        unsigned broken = 0;

        open_pair();
        tap_eq(shm_ring_get(&daemon_end, &entry), 0, "empty at first");
        tap_eq(shm_ring_put(&client_end, SHM_RING_ENTRY(SHM_RING_PULSE, 1019)), 1,
               "a consumer that may sleep is to be rung");
        tap_ok(shm_ring_get(&daemon_end, &entry) == 1 &&
               SHM_RING_ENTRY_KIND(entry) == SHM_RING_PULSE &&
               SHM_RING_ENTRY_INTID(entry) == 1019,
               "one entry");
        tap_eq(shm_ring_get(&client_end, &entry), 0, "the two queues are apart");
        shm_ring_wake(&daemon_end);
        tap_eq(shm_ring_put(&client_end, 1), 0, "a polling one is not");
        tap_eq(shm_ring_sleep(&daemon_end), 1, "about to sleep, but something came");
        shm_ring_get(&daemon_end, &entry);
        tap_ok(shm_ring_sleep(&daemon_end) == 0 && shm_ring_put(&client_end, 1) == 1,
               "asleep: ring");
        shm_ring_get(&daemon_end, &entry);

        for (uint64_t i = 0; i < SHM_RING_ENTRIES; i++)
                broken += shm_ring_put(&daemon_end, i) < 0;
        tap_eq(broken, 0, "%u entries fit", SHM_RING_ENTRIES);
        tap_eq(shm_ring_put(&daemon_end, 9), -EAGAIN,
               "256 entries in a ring: the next finds it full");
        tap_ok(shm_ring_get(&client_end, &entry) == 1 && entry == 0 &&
               shm_ring_put(&daemon_end, SHM_RING_ENTRIES) >= 0,
               "one out, one in");
        for (uint64_t i = 1; i <= SHM_RING_ENTRIES; i++)
                broken += shm_ring_get(&client_end, &entry) != 1 || entry != i;
        tap_ok(broken == 0 && shm_ring_get(&client_end, &entry) == 0,
               "in order, none lost, none twice");
        close_pair();
}

/*
 * Who finds it full is told once there is room: as often as it finds it full, and by a consumer
 * that never saw it full.
 */
static void a_full_ring_says_when_there_is_room(void)
{
        uint64_t entry;

        open_pair();
        tap_ok(!shm_ring_owes_room(&daemon_end), "room: nobody wants any");
        for (unsigned i = 0; i < SHM_RING_ENTRIES; i++)
                shm_ring_put(&client_end, i);
        tap_eq(shm_ring_put(&client_end, 7), -EAGAIN, "full");
        /* what the consumer has seen */
        atomic_store(&daemon_end.in.queue->tail, SHM_RING_ENTRIES - 1);
        for (unsigned i = 0; i < SHM_RING_ENTRIES - 1; i++)
                shm_ring_get(&daemon_end, &entry);
        atomic_store(&daemon_end.in.queue->tail, SHM_RING_ENTRIES);
        tap_ok(shm_ring_owes_room(&daemon_end), "a ring that was full: its producer is told, "
                                                "though its consumer did not see it full");
        tap_ok(!shm_ring_owes_room(&daemon_end), "a producer is owed room: it is told once");
        while (shm_ring_put(&client_end, 8) >= 0)
                ;
        tap_ok(shm_ring_get(&daemon_end, &entry) == 1 && shm_ring_owes_room(&daemon_end),
               "the ring full again, emptied: the producer is told again");
        while (shm_ring_put(&daemon_end, 9) >= 0)
                ;
        tap_ok(shm_ring_get(&client_end, &entry) == 1 && shm_ring_owes_room(&client_end),
               "the ring to the client full, emptied: the daemon is owed room");
        close_pair();

        open_pair();
        for (unsigned i = 0; i < SHM_RING_ENTRIES; i++)
                shm_ring_put(&client_end, i);
        tap_ok(shm_ring_get(&daemon_end, &entry) == 1 && shm_ring_owes_room(&daemon_end) &&
               !shm_ring_owes_room(&daemon_end),
               "an older producer does not say it: told if its consumer saw it full");
        close_pair();
}

/* The 32-bit indices run over. */
static void indices_wrap(void)
{
        uint32_t start = UINT32_MAX - 100;
        unsigned broken = 0;
        uint64_t entry;

        open_pair();
        atomic_store(&client_end.out.queue->tail, start);
        atomic_store(&client_end.out.queue->head, start);
        client_end.out.index = daemon_end.in.index = start;
        for (uint64_t i = 0; i < 300; i++) {
                broken += shm_ring_put(&client_end, i) < 0;
                if (i >= 200)
                        broken += shm_ring_get(&daemon_end, &entry) != 1 || entry != i - 200;
        }
        for (uint64_t i = 100; i < 300; i++)
                broken += shm_ring_get(&daemon_end, &entry) != 1 || entry != i;
        tap_ok(broken == 0 && shm_ring_get(&daemon_end, &entry) == 0, "indices wrap at 2^32");
        close_pair();
}

static void a_hostile_ring_is_refused(void)
{
        struct shm_ring other;
        uint64_t entry;
        int fd;

        open_pair();
        atomic_store(&daemon_end.in.queue->tail, SHM_RING_ENTRIES + 1);
        tap_ok(shm_ring_get(&daemon_end, &entry) == -EBADMSG &&
               shm_ring_sleep(&daemon_end) == -EBADMSG,
               "more entries than there is room: refused");
        atomic_store(&daemon_end.in.queue->tail, UINT32_MAX);
        tap_eq(shm_ring_get(&daemon_end, &entry), -EBADMSG, "a tail that went back: refused");
        atomic_store(&daemon_end.out.queue->head, 1);
        tap_eq(shm_ring_put(&daemon_end, 1), -EBADMSG, "a head beyond the tail: refused");
        atomic_store(&daemon_end.out.queue->tail, 0xdeadbeef);
        atomic_store(&daemon_end.out.queue->head, 0);
        tap_ok(shm_ring_put(&daemon_end, 1) >= 0 && atomic_load(&daemon_end.out.queue->tail) == 1,
               "one's own index is not read back");
        daemon_end.page->n_entries = 7;
        tap_eq(shm_ring_map(memfd, &other), -EBADMSG, "another size is refused");
        daemon_end.page->n_entries = SHM_RING_ENTRIES;
        daemon_end.page->version = 2;
        tap_eq(shm_ring_map(memfd, &other), -EBADMSG, "another version too");
        daemon_end.page->version = 1;
        daemon_end.page->magic = 0;
        tap_eq(shm_ring_map(memfd, &other), -EBADMSG, "no ring at all");
        fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        daemon_end.page->magic = SHM_RING_MAGIC;
        tap_ok(write(fd, daemon_end.page, SHM_RING_BYTES) == SHM_RING_BYTES &&
               shm_ring_map(fd, &other) == -EBADMSG,
               "an unsealed copy");
        close(fd);
        close_pair();
}

enum { N_SENT = 300000 };
static int bell;

static void *produce(void *arg)
{
        (void)arg;
        for (uint64_t i = 0; i < N_SENT;) {
                int r = shm_ring_put(&client_end, i);

                if (r == 1 && eventfd_write(bell, 1) < 0)
                        break;
                if (r >= 0)
                        i++;
                else
                        sched_yield(); /* full: the consumer is at work */
        }
        return NULL;
}

static void threads(void)
{
        uint64_t want = 0, entry, lost = 0;
        unsigned slept = 0, broken = 0;
        pthread_t t;

        open_pair();
        bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        pthread_create(&t, NULL, produce, NULL);
        while (want < N_SENT && !lost) {
                eventfd_t n;

                while (shm_ring_get(&daemon_end, &entry) == 1)
                        broken += entry != want++;
                if (want == N_SENT || shm_ring_sleep(&daemon_end) != 0)
                        continue;
                slept++;
                lost = poll(&(struct pollfd) { .fd = bell, .events = POLLIN }, 1, 10000) != 1;
                eventfd_read(bell, &n);
                shm_ring_wake(&daemon_end);
        }
        tap_ok(!lost, "two threads: no wake-up is lost (slept %u times)", slept);
        if (lost)
                tap_bail("the producer is stuck");
        pthread_join(t, NULL);
        tap_eq(broken, 0, "two threads: %d entries in order", N_SENT);
        close(bell);
        close_pair();
}

static int slept, put;

static void before_put(unsigned round)
{
        (void)round;
        shm_ring_wake(&daemon_end);
}

static void put_one(unsigned round)
{
        put = shm_ring_put(&client_end, round);
}

static void go_to_sleep(unsigned round)
{
        (void)round;
        slept = shm_ring_sleep(&daemon_end);
}

static bool noticed(unsigned round)
{
        uint64_t entry;

        return (slept == 1 || put == 1) && shm_ring_get(&daemon_end, &entry) == 1 && entry == round;
}

/* The same of the last place: refused, and told; or put. */
static int refused;
static bool told;

static void before_full(unsigned round)
{
        uint64_t entry;

        (void)round;
        while (shm_ring_get(&daemon_end, &entry) == 1)
                ;
        shm_ring_owes_room(&daemon_end);
        for (unsigned i = 0; i < SHM_RING_ENTRIES - 1; i++)
                shm_ring_put(&client_end, i);
}

static void put_two(unsigned round)
{
        shm_ring_put(&client_end, round);
        refused = shm_ring_put(&client_end, round) == -EAGAIN;
}

static void take_and_look(unsigned round)
{
        uint64_t entry;

        (void)round;
        shm_ring_get(&daemon_end, &entry);
        told = shm_ring_owes_room(&daemon_end);
}

static bool told_of_room(unsigned round)
{
        (void)round;
        return !refused || told;
}

static void last_place(void)
{
        struct duel duel = { .other = put_two, .n_rounds = 20000 };

        open_pair();
        tap_eq(duel_fight(&duel, before_full, take_and_look, told_of_room), 0,
               "20,000 times the last place against one entry taken");
        close_pair();
}

static void one_look(void)
{
        struct duel duel = { .other = put_one, .n_rounds = 150000 };

        open_pair();
        tap_eq(duel_fight(&duel, before_put, go_to_sleep, noticed), 0,
               "150,000 times one look against one entry");
        close_pair();
}

int main(void)
{
        int n_fds = tap_fd_count();

        entries_come_out_in_order();
        a_full_ring_says_when_there_is_room();
        indices_wrap();
        a_hostile_ring_is_refused();
        threads();
        one_look();
        last_place();
        tap_eq(tap_fd_count(), n_fds, "no descriptor leaks");
        return tap_done();
}
