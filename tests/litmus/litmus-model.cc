/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The memory model: relacy's, reached by the product's labels
 *
 * What    Each operation lets relacy choose which thread goes on, and which of the values that the
 *         orders allow a load returns. relacy's own atomic<T> is not used: its objects are made and
 *         freed in every execution, and its orders are fixed at compile time; the bookkeeping below
 *         it (who has seen which store) is.
 * Death   A thread that dies leaves a prefix of its program order: a processor stops between two
 *         instructions, and what was stored before is seen by whoever learns of the death from the
 *         kernel (hang-up of a socket, exit). But a compiler may have moved relaxed stores down,
 *         past whatever does not order them, and release stores behind later relaxed ones. So the
 *         stores of a mortal thread go through a buffer: an entry leaves it when it must (a later
 *         operation orders it) or by chance; of those that are in it at the death any that the
 *         orders allow is lost. The repair runs on the dead one's stack: it is ordered behind all
 *         of it, as by the kernel.
 * Evidence relacy shows fewer executions than C11 allows (loads are not delayed past later stores):
 *         a pass is evidence, not proof.
 */
#include "litmus-model.h"

struct litmus_model model;

/* --- cells --- */

static void touch(struct litmus_cell *cell)
{
        if (cell->execution == model.execution)
                return;
        cell->execution = model.execution;
        cell->data = NULL;
        model.touched.push_back(cell);
        model.initial.push_back(cell->value);
}

void litmus_restore(void)
{
        for (size_t i = 0; i < model.touched.size(); i++) {
                model.touched[i]->value = model.initial[i];
                model.touched[i]->data = NULL;
        }
        model.touched.clear();
        model.initial.clear();
        model.execution++;
}

static rl::atomic_data *data_of(struct litmus_cell *cell)
{
        rl::context &c = rl::ctx();
        rl::atomic_data *data;
        unsigned index;

        touch(cell);
        if (cell->data)
                return static_cast<rl::atomic_data *>(cell->data);
        data = c.atomic_ctor(cell);
        index = c.threadx_->atomic_init(data);
        model.initialise(data, index);
        for (unsigned i = 0; i < LITMUS_HISTORY; i++)
                cell->places[i] = cell->floors[i] = 0;
        cell->history[index] = cell->value;
        cell->newest = index;
        cell->data = data;
        return data;
}

static void trace(const char *operation, const struct litmus_cell *cell, unsigned label,
                  uint64_t value)
{
        if (!model.trace || !model.params->collect_history)
                return;
        std::fprintf(stderr, "# thread %d %-5s %-12s cell %p: %llx\n",
                     (int)rl::ctx().threadx_->index_, operation,
                     label < LITMUS_N_LABELS ? litmus_rows[label].label : "", (const void *)cell,
                     (unsigned long long)value);
}

/* --- the total order of sequentially consistent operations --- */

/*
 * relacy takes the order of execution for it, and lets a sequentially consistent load see nothing
 * but the last value. C11 asks less: the load may stand before stores that came earlier in this
 * execution, if nothing that happens before it stands behind them. Processors do that: they satisfy
 * a load early, past what does not order it.
 */
static uint64_t place_before(void)
{
        const rl::thread_info_base *self = rl::ctx().threadx_;
        uint64_t place = 0;

        for (unsigned t = 0; t < model.scenario->n_threads; t++) {
                const std::vector<struct placed> &places = model.threads[t].places;

                for (size_t i = places.size(); i-- > 0;)
                        if (places[i].at <= self->acq_rel_order_[t]) {
                                place = std::max(place, places[i].place);
                                break;
                        }
        }
        return place;
}

static void take_place(uint64_t place)
{
        const rl::thread_info_base *self = rl::ctx().threadx_;
        std::vector<struct placed> &places = model.threads[self->index_].places;

        if (!places.empty())
                place = std::max(place, places.back().place);
        places.push_back({ self->own_acq_rel_order_, place });
}

/*
 * As early as it can stand: behind what happens before it,
 * and behind the stores up to the one that it sees.
 */
static void take_load_place(const struct litmus_cell *cell, unsigned index)
{
        /* it may have learned of more by what it saw */
        take_place(std::max(place_before(), cell->floors[index]) | 1);
}

static unsigned load_seq_cst(struct litmus_cell *cell, rl::atomic_data *data)
{
        rl::thread_info_base *self = rl::ctx().threadx_;
        uint64_t before = place_before();
        bool may_be_early = litmus_random(2);
        unsigned index;

        for (uint64_t p : cell->places)
                may_be_early = may_be_early && (p == 0 || p > before);
        index = may_be_early ? self->atomic_load_acquire(data) : self->atomic_load_seq_cst(data);
        if (index < LITMUS_HISTORY)
                take_load_place(cell, index);
        return index;
}

/* --- operations in the model --- */

static void set_value(struct litmus_cell *cell, unsigned index, uint64_t value,
                      enum litmus_order order)
{
        for (const struct looked &look : model.looks)
                if (look.cell == cell && look.thread != rl::ctx().threadx_->index_)
                        litmus_check(rl::ctx().threadx_->acq_rel_order_[look.thread] >= look.at,
                                     "memory is used again, and who read it is not known to be "
                                     "done");
        cell->floors[index] = cell->floors[cell->newest];
        cell->history[index] = value;
        cell->newest = index;
        cell->value = value;
        cell->places[index] = 0;
        if (order == LITMUS_SEQ_CST) {
                model.place += 2;
                cell->places[index] = cell->floors[index] = model.place;
                take_place(model.place);
        }
}

static void perform_store(struct litmus_cell *cell, uint64_t value, enum litmus_order order)
{
        rl::atomic_data *data = data_of(cell);
        rl::thread_info_base *thread = rl::ctx().threadx_;
        unsigned index = order == LITMUS_RELAXED   ? thread->atomic_store_relaxed(data)
                         : order == LITMUS_SEQ_CST ? thread->atomic_store_seq_cst(data)
                                                   : thread->atomic_store_release(data);

        set_value(cell, index, value, order);
}

static void perform_rmw(struct litmus_cell *cell, uint64_t value, enum litmus_order order)
{
        rl::atomic_data *data = data_of(cell);
        rl::thread_info_base *thread = rl::ctx().threadx_;
        bool aba;
        unsigned index = order == LITMUS_RELAXED ? thread->atomic_rmw_relaxed(data, aba) :
                         order == LITMUS_ACQUIRE ? thread->atomic_rmw_acquire(data, aba) :
                         order == LITMUS_RELEASE ? thread->atomic_rmw_release(data, aba) :
                         order == LITMUS_ACQ_REL ? thread->atomic_rmw_acq_rel(data, aba) :
                                                   thread->atomic_rmw_seq_cst(data, aba);

        set_value(cell, index, value, order);
}

static uint64_t result_of(enum litmus_kind kind, uint64_t old, uint64_t value)
{
        switch (kind) {
        case LITMUS_OR:
                return old | value;
        case LITMUS_AND:
                return old & value;
        case LITMUS_ADD32:
                return (uint32_t)(old + value);
        case LITMUS_ADD64:
                return old + value;
        default:
                return value;
        }
}

static void perform_delayed(struct thread_state *self, size_t i)
{
        struct delayed d = self->buffer[i];

        self->buffer.erase(self->buffer.begin() + (ptrdiff_t)i);
        if (d.is_store) {
                perform_store(d.cell, d.value, d.order);
        } else {
                touch(d.cell);
                perform_rmw(d.cell, result_of(d.kind, d.cell->value, d.value), d.order);
        }
}

/* May entry @i leave the buffer before those ahead of it? */
static bool may_leave(const struct thread_state *self, size_t i)
{
        if (i > 0 && self->buffer[i].order != LITMUS_RELAXED)
                return false;
        for (size_t k = 0; k < i; k++)
                if (self->buffer[k].cell == self->buffer[i].cell)
                        return false;
        return true;
}

void litmus_perform_all(struct thread_state *self)
{
        while (!self->buffer.empty())
                perform_delayed(self, 0);
}

/* Up to the last store of @cell: what is ahead of it and orders nothing may stay. */
static void perform_those_of(struct thread_state *self, const struct litmus_cell *cell)
{
        for (;;) {
                size_t last = self->buffer.size();

                for (size_t i = 0; i < self->buffer.size(); i++)
                        if (self->buffer[i].cell == cell)
                                last = i;
                if (last == self->buffer.size())
                        return;
                for (size_t i = 0; i <= last; i++)
                        perform_delayed(self, 0);
        }
}

static void die(struct thread_state *self)
{
        self->dies_at = 0;
        for (size_t i = 0; i < self->buffer.size();) {
                if (may_leave(self, i) && litmus_random(2)) {
                        perform_delayed(self, i);
                        i = 0;
                } else {
                        i++;
                }
        }
        self->buffer.clear();
        throw litmus_death();
}

/* Before each operation: others may come first; or the end. */
static struct thread_state *step(enum litmus_label label)
{
        struct thread_state *self;

        rl::ctx().sched();
        if (model.stalls && litmus_random(16) == 0)
                litmus_wait(60);
        self = &model.threads[rl::ctx().threadx_->index_];
        model.result->used[label] = true;
        if (self->dies_at && ++self->n_operations == self->dies_at)
                die(self);
        if (!self->buffer.empty() && litmus_random(3) == 0) {
                size_t i = litmus_random((unsigned)self->buffer.size());

                if (may_leave(self, i))
                        perform_delayed(self, i);
        }
        return self;
}

/* Put a store where later operations may overtake it. */
static void delay(struct thread_state *self, const struct delayed &d)
{
        self->buffer.push_back(d);
        if (litmus_random(2) && may_leave(self, self->buffer.size() - 1))
                perform_delayed(self, self->buffer.size() - 1);
}

uint64_t litmus_cell_load(struct litmus_cell *cell, enum litmus_label label)
{
        enum litmus_order order = model.orders[label];
        struct thread_state *self;
        rl::thread_info_base *thread;
        rl::atomic_data *data;
        unsigned index;

        if (!model.in_model)
                return cell->value;
        self = step(label);
        for (size_t i = self->buffer.size(); i-- > 0;)
                if (self->buffer[i].cell == cell) {
                        if (self->buffer[i].is_store)
                                return self->buffer[i].value;
                        perform_those_of(self, cell);
                        break;
                }
        if (order == LITMUS_SEQ_CST)
                for (size_t i = 0; i < self->buffer.size(); i++)
                        if (self->buffer[i].order == LITMUS_SEQ_CST) {
                                litmus_perform_all(self);
                                break;
                        }
        data = data_of(cell);
        thread = rl::ctx().threadx_;
        index = order == LITMUS_RELAXED   ? thread->atomic_load_relaxed(data)
                : order == LITMUS_SEQ_CST ? load_seq_cst(cell, data)
                                          : thread->atomic_load_acquire(data);
        for (struct looked &look : model.looks)
                if (look.cell == cell && look.thread == thread->index_)
                        look.at = thread->own_acq_rel_order_;
        litmus_check(index < LITMUS_HISTORY, "a value that nobody stored");
        trace("load", cell, label, cell->history[index]);
        return cell->history[index];
}

void litmus_cell_store(struct litmus_cell *cell, uint64_t value, enum litmus_label label)
{
        enum litmus_order order = model.orders[label];
        struct thread_state *self;

        if (!model.in_model) {
                touch(cell);
                cell->value = value;
                return;
        }
        self = step(label);
        trace("store", cell, label, value);
        if (order != LITMUS_SEQ_CST || self->dies_at) {
                delay(self, { cell, value, order, true, LITMUS_EXCHANGE });
                return;
        }
        litmus_perform_all(self);
        perform_store(cell, value, order);
}

/* As a relaxed store: who has not been told by a label may see what was there before. */
void litmus_cell_init(struct litmus_cell *cell, uint64_t value)
{
        if (!model.in_model) {
                touch(cell);
                cell->value = value;
                return;
        }
        rl::ctx().sched();
        perform_store(cell, value, LITMUS_RELAXED);
}

static void order_before(struct thread_state *self, const struct litmus_cell *cell,
                         enum litmus_order order)
{
        if (order == LITMUS_RELAXED || order == LITMUS_ACQUIRE)
                perform_those_of(self, cell);
        else
                litmus_perform_all(self);
}

bool litmus_cell_cas(struct litmus_cell *cell, uint64_t *old, uint64_t now, enum litmus_label label)
{
        enum litmus_order order = model.orders[label];
        rl::atomic_data *data;
        rl::thread_info_base *thread;

        if (!model.in_model) {
                touch(cell);
                if (cell->value != *old) {
                        *old = cell->value;
                        return false;
                }
                cell->value = now;
                return true;
        }
        order_before(step(label), cell, order);
        touch(cell);
        if (cell->value == *old) {
                trace("cas", cell, label, now);
                perform_rmw(cell, now, order);
                return true;
        }
        *old = cell->value;
        trace("cas!", cell, label, *old);
        data = data_of(cell);
        thread = rl::ctx().threadx_;
        if (order == LITMUS_SEQ_CST) {
                thread->atomic_load_seq_cst_rmw(data);
                take_load_place(cell, cell->newest);
        }
        if (order == LITMUS_ACQ_REL || order == LITMUS_ACQUIRE)
                thread->atomic_load_acquire_rmw(data);
        if (order == LITMUS_RELAXED || order == LITMUS_RELEASE)
                thread->atomic_load_relaxed_rmw(data);
        return false;
}

uint64_t litmus_cell_rmw(struct litmus_cell *cell, enum litmus_kind kind, uint64_t value,
                         enum litmus_label label)
{
        enum litmus_order order = model.orders[label];
        uint64_t old, now;

        if (!model.in_model) {
                touch(cell);
                old = cell->value;
                cell->value = result_of(kind, old, value);
                return old;
        }
        order_before(step(label), cell, order);
        touch(cell);
        old = cell->value;
        now = result_of(kind, old, value);
        trace("rmw", cell, label, now);
        perform_rmw(cell, now, order);
        return old;
}

void litmus_cell_post(struct litmus_cell *cell, enum litmus_kind kind, uint64_t value,
                      enum litmus_label label)
{
        enum litmus_order order = model.orders[label];

        if (!model.in_model || (order != LITMUS_RELAXED && order != LITMUS_RELEASE)) {
                litmus_cell_rmw(cell, kind, value, label);
                return;
        }
        trace("post", cell, label, value);
        delay(step(label), { cell, value, order, false, kind });
}

/* --- what scenarios call --- */

void litmus_exclusive(const struct litmus_cell *cell)
{
        for (unsigned t = 0; t < model.scenario->n_threads; t++)
                model.looks.push_back({ cell, (rl::thread_id_t)t, 0 });
}

void litmus_check(bool ok, const char *what)
{
        if (ok)
                return;
        model.in_model = false;
        model.result->why = what;
        rl::ctx().fail_test(what, rl::test_result_user_assert_failed, $);
}

void litmus_saw(unsigned i)
{
        model.saw |= 1u << i;
}

unsigned litmus_random(unsigned n)
{
        return rl::rand(n);
}

void litmus_wait(unsigned n)
{
        for (n = litmus_random(n + 1); n; n--)
                rl::ctx().sched();
}

void litmus_returned(void)
{
        struct thread_state *self = &model.threads[rl::ctx().threadx_->index_];

        if (self->dies_at && ++self->n_operations == self->dies_at)
                die(self);
        litmus_perform_all(self);
}

void litmus_mortal(unsigned n)
{
        struct thread_state *self = &model.threads[rl::ctx().threadx_->index_];

        self->n_operations = 0;
        self->dies_at = litmus_random(n + 1);
}
