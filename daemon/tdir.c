/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * TDIR: see tdir.h
 */
#include <errno.h>
#include <event2/event.h>
#include <unistd.h>

#include "base-clock.h"
#include "doorbell.h"
#include "eoi.h"
#include "grant.h"
#include "notes.h"
#include "options.h"
#include "loop.h"
#include "proto-limits.h"
#include "session.h"
#include "shm-fold.h"
#include "shm-gate.h"
#include "shm-line.h"
#include "tdir.h"
#include "user.h"

static uint32_t n_interested(const struct vm *vm)
{
        return vm->tdir.n_subscribers + vm->tdir.n_watchers + vm->tdir.n_ports;
}

/*
 * Subscribers, as many as fit into a turn: a write takes as long as waking who waits for it. If
 * TDIR changes meanwhile, all are told again from here on, since those before know of the last
 * change only. Return: there are more.
 */
static bool tell_subscribers(struct vm *vm)
{
        uint64_t start = base_clock_ns();

        while (vm->tdir.n_untold > 0) {
                uint32_t i = vm->tdir.tell_at;

                vm->tdir.tell_at = i + 1 < vm->shape.n_vcpus ? i + 1 : 0;
                vm->tdir.n_untold--;
                if (vm->vcpus[i].tdir_fd < 0)
                        continue;
                if (doorbell_ring(&vm->loop->guard, vm->vcpus[i].tdir_fd) == -EPERM) {
                        vm->tdir.n_untold = 0;
                        vm->hostile(vm, i, "the eventfd it subscribed was made to block");
                }
                if (turn_is_over(start, base_clock_ns()))
                        break;
        }
        return vm->tdir.n_untold > 0;
}

/* Tell subscribers by eventfd, ports by their doorbells, and watchers by events. */
static void broadcast(struct vm *vm)
{
        struct session *session;

        vm->tdir.n_untold = vm->tdir.n_subscribers ? vm->shape.n_vcpus : 0;
        if (tell_subscribers(vm))
                turns_ask(&vm->loop->turns, &vm->tdir.turn);
        if (vm->tdir.n_ports && vm->tdir.set)
                shm_gate_ring_untrapped(&vm->gic);
        TAILQ_FOREACH(session, &vm->sessions, vm_link)
                if (session->member.watches_tdir)
                        notes_tdir(session);
}

/* What a port that is rung has to leave the guest and to fold. */
#define FOLD_MS 1u

static void arm_timer(struct vm *vm, unsigned ms)
{
        struct timeval after = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

        if (!evtimer_pending(vm->tdir.lag, NULL))
                evtimer_add(vm->tdir.lag, &after);
}

/*
 * Until the next look. With list-register ports that is when they are asked, so that what ended in
 * a list register right after the last question (@again: there was one, FOLD_MS ago) is known
 * within the lag, too.
 */
static void arm_lag(struct vm *vm, bool again)
{
        unsigned lag_ms = vm->loop->options->tdir_lag_ms;
        unsigned early_ms = !vm->tdir.n_ports ? 0 : again ? 2 * FOLD_MS : FOLD_MS;
        unsigned ms = lag_ms > early_ms ? lag_ms - early_ms : 0;

        /* a lag of 0 must not become a busy loop while an SPI stays in flight */
        arm_timer(vm, again && !ms ? 1 : ms);
}

static void count_for_tools(struct vm *vm, unsigned broadcasts, unsigned suppressed)
{
        vm->tdir.n_broadcasts += broadcasts;
        vm->tdir.n_suppressed += suppressed;
        vm->loop->metrics.n_broadcasts += broadcasts;
        vm->loop->metrics.n_clears_put_off += suppressed;
        shm_tdir_count(&vm->gic, vm->tdir.n_broadcasts, vm->tdir.n_suppressed);
}

/* Whoever may end an SPI would ring: who changes the segment by itself is a VMM. */
static bool all_would_ring(const struct vm *vm)
{
        const struct session *session;

        TAILQ_FOREACH(session, &vm->sessions, vm_link)
                if (session->proto.role == PROTO_ROLE_VMM &&
                    !(session->proto.features & PROTO_FEATURE_TDIR_END))
                        return false;
        return true;
}

/* Return: there has been reason enough to wait for an end, and one will be told. */
static bool rest(struct vm *vm)
{
        if (++vm->tdir.n_looks < TDIR_LOOKS || !all_would_ring(vm))
                return false;
        vm->tdir.awaited = shm_tdir_await(&vm->gic);
        return vm->tdir.awaited != 0;
}

/* The end that was waited for was also owed to devices: they are looked after, if there are any. */
static void end_rest(struct vm *vm)
{
        uint32_t intid = vm->tdir.awaited;

        vm->tdir.n_looks = 0;
        if (!intid)
                return;
        vm->tdir.awaited = 0;
        shm_tdir_await_no_more(&vm->gic);
        if (!grant_is_noted(vm, intid, NULL))
                shm_line_notify(&vm->gic, intid, false);
        eoi_kick(vm);
}

/* Look at the word, tell of a change, and see to it that a set TDIR is cleared one day. */
static void follow_word(struct vm *vm, bool again)
{
        uint64_t generation;
        uint32_t set = shm_tdir_get(&vm->gic, &generation, NULL);

        if (set != vm->tdir.set || generation != vm->tdir.generation) {
                vm->tdir.n_looks = 0;
                vm->tdir.set = set;
                vm->tdir.generation = generation;
                vm->tdir.cause = set ? shm_tdir_cause(&vm->gic) : 0;
                if (n_interested(vm) > 0)
                        count_for_tools(vm, 1, 0);
                broadcast(vm);
                shm_tdir_heard(&vm->gic, generation);
        }
        if (set && n_interested(vm) > 0 && !(again && rest(vm)))
                arm_lag(vm, again);
}

/* A process of the VM has set TDIR and rung: the bell says that it changed, the word to what. */
static void on_raised(evutil_socket_t fd, short what, void *arg)
{
        struct vm *vm = arg;

        (void)fd;
        (void)what;
        event_del(vm->tdir.raised);
        tdir_on_own_raise(vm);
}

void tdir_look_again(struct vm *vm)
{
        if (!vm->tdir.awaited)
                return;
        end_rest(vm);
        follow_word(vm, false);
}

/*
 * Return: the ports were asked or are still folding; look again. One that does not fold is waited
 * for no longer than a lag.
 */
static bool ask_ports(struct vm *vm)
{
        if (!vm->tdir.n_ports)
                return false;
        if (vm->tdir.n_asked == 0)
                shm_fold_ask_spis(&vm->gic);
        else if (vm->tdir.n_asked > vm->loop->options->tdir_lag_ms || !shm_fold_is_asked(&vm->gic))
                return false;
        vm->tdir.n_asked++;
        arm_timer(vm, FOLD_MS);
        return true;
}

/*
 * The lag is over: clear TDIR if nothing is in flight. List-register ports are asked to fold
 * first, and waited for, since what ended in one is known only then.
 */
static void look(struct vm *vm)
{
        if (ask_ports(vm))
                return;
        vm->tdir.n_asked = 0;
        if (shm_tdir_try_clear(&vm->gic) == 0)
                count_for_tools(vm, 0, 1);
        follow_word(vm, true);
}

/* struct turn.serve: a user with many VMs that ring, or are looked at, waits for itself. */
static bool serve(void *arg)
{
        struct vm *vm = arg;

        if (tell_subscribers(vm))
                return true;
        if (vm->tdir.is_raised) {
                vm->tdir.is_raised = false;
                doorbell_drain(vm->tdir_bell);
                event_add(vm->tdir.raised, NULL);
                end_rest(vm);
                follow_word(vm, false);
        }
        if (vm->tdir.is_lag_over) {
                vm->tdir.is_lag_over = false;
                look(vm);
        }
        return vm->tdir.n_untold > 0;
}

static void on_lag(evutil_socket_t fd, short what, void *arg)
{
        struct vm *vm = arg;

        (void)fd;
        (void)what;
        vm->tdir.is_lag_over = true;
        turns_ask(&vm->loop->turns, &vm->tdir.turn);
}

int tdir_open(struct vm *vm)
{
        struct event_base *base = vm->loop->base;

        vm->tdir.raised = event_new(base, vm->tdir_bell, EV_READ | EV_PERSIST, on_raised, vm);
        vm->tdir.lag = evtimer_new(base, on_lag, vm);
        vm->tdir.turn = (struct turn){ .user = vm->user, .serve = serve, .arg = vm };
        if (!vm->tdir.raised || !vm->tdir.lag || event_add(vm->tdir.raised, NULL) < 0)
                return -ENOMEM;
        vm->gic.raised = tdir_on_own_raise;
        vm->tdir.set = shm_tdir_get(&vm->gic, &vm->tdir.generation, NULL);
        shm_tdir_heard(&vm->gic, vm->tdir.generation);
        return 0;
}

/*
 * What becomes of the memory afterwards asks for no turn any more: to take the VM apart lowers its
 * wires, and a hostile process may have written that one of these is an end that is awaited.
 */
void tdir_close(struct vm *vm)
{
        vm->gic.raised = NULL;
        if (vm->tdir.awaited)
                shm_tdir_await_no_more(&vm->gic);
        turns_drop(&vm->loop->turns, &vm->tdir.turn);
        if (vm->tdir.raised)
                event_free(vm->tdir.raised);
        if (vm->tdir.lag)
                event_free(vm->tdir.lag);
        vm->tdir.raised = vm->tdir.lag = NULL;
}

/* Not at once: the caller is in the middle of an injection. */
void tdir_on_own_raise(void *arg)
{
        struct vm *vm = arg;

        vm->tdir.is_raised = true;
        turns_ask(&vm->loop->turns, &vm->tdir.turn);
}

/*
 * The segment says how many want to hear; whoever raises TDIR rings nobody while that is 0. The
 * first one finds out what it missed.
 */
static void interest_changed(struct vm *vm, uint32_t before)
{
        uint32_t now = n_interested(vm);

        shm_tdir_set_interest(&vm->gic, now);
        if (before == 0 && now > 0) {
                /* it may have been set for long with nobody to clear it */
                shm_tdir_try_clear(&vm->gic);
                follow_word(vm, false);
        } else if (now == 0) {
                evtimer_del(vm->tdir.lag);
                vm->tdir.is_lag_over = false;
                end_rest(vm);
                vm->tdir.n_asked = 0;
        }
}

int tdir_subscribe(struct vm *vm, uint32_t index, int fd, struct base_error *why)
{
        uint32_t before = n_interested(vm);
        int r;

        if (vm->vcpus[index].tdir_fd >= 0)
                return -EEXIST;
        r = user_charge_fds(vm->user, 1, why);
        if (r < 0)
                return r;
        vm->vcpus[index].tdir_fd = fd;
        vm->tdir.n_subscribers++;
        interest_changed(vm, before);
        return 0;
}

int tdir_unsubscribe(struct vm *vm, uint32_t index)
{
        uint32_t before = n_interested(vm);

        if (vm->vcpus[index].tdir_fd < 0)
                return -ENOENT;
        close(vm->vcpus[index].tdir_fd);
        user_refund_fds(vm->user, 1);
        vm->vcpus[index].tdir_fd = -1;
        vm->tdir.n_subscribers--;
        interest_changed(vm, before);
        return 0;
}

void tdir_add_port(struct vm *vm)
{
        uint32_t before = n_interested(vm);

        vm->tdir.n_ports++;
        interest_changed(vm, before);
}

void tdir_drop_port(struct vm *vm)
{
        uint32_t before = n_interested(vm);

        vm->tdir.n_ports--;
        interest_changed(vm, before);
}

void tdir_watch(struct vm *vm)
{
        uint32_t before = n_interested(vm);

        vm->tdir.n_watchers++;
        interest_changed(vm, before);
}

void tdir_unwatch(struct vm *vm)
{
        uint32_t before = n_interested(vm);

        vm->tdir.n_watchers--;
        interest_changed(vm, before);
}

uint32_t tdir_query(struct vm *vm, uint64_t *ret_generation, uint32_t *ret_in_flight)
{
        if (n_interested(vm) == 0)
                shm_tdir_try_clear(&vm->gic);
        return shm_tdir_get(&vm->gic, ret_generation, ret_in_flight);
}
