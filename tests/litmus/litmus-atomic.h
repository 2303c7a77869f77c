/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LITMUS_ATOMIC_H
#define LITMUS_ATOMIC_H

/*
 * The product's atomics under the checker: what shm-atomic.h is made of with -DSHM_ATOMIC_CHECKED
 *
 * What    The product's own sources are compiled as C++ with this in place of C11's atomics. Each
 *         operation goes to litmus-model.cc with its label; the memory order of a label comes from
 *         a table at run time, filled from SHM_ORDERS, of which one can be weakened. So one binary
 *         runs the code as it is, and with any order weaker.
 * Cells   An atomic object is a plain struct that is 0 when its memory is: segments are built as in
 *         the product, and what relacy needs of an object is made when a thread of an execution
 *         first touches it.
 * Sizes   A vCPU has two private interrupts (INTID 0, an SGI, and 1, a PPI), so that what goes
 *         through all of them stays short. SPIs begin at 32 as ever. The layout's assertions do not
 *         hold here and are left out.
 */
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gic-spec.h"
#include "gic-word.h"

#undef GIC_N_PRIVATE
#undef GIC_N_SGIS
#undef GIC_PPI_FIRST
#define GIC_N_PRIVATE  2u
#define GIC_N_SGIS     1u
#define GIC_PPI_FIRST  1u

#undef static_assert
#define static_assert(...)
#define _Alignas(n)  alignas(n)

#include "shm-order.h"

#define LITMUS_LABEL_ENUM(label, operation, order)  LITMUS_##label,
enum litmus_label {
        SHM_ORDERS(LITMUS_LABEL_ENUM)
        LITMUS_N_LABELS
};

#define LITMUS_HISTORY 3        /* relacy's: how many values of an object a load can see */

struct litmus_cell {
        uint64_t value;
        uint64_t history[LITMUS_HISTORY];
        /* of the sequentially consistent ones in their total order; else 0 */
        uint64_t places[LITMUS_HISTORY];
        uint64_t floors[LITMUS_HISTORY];      /* of the last sequentially consistent one up to it */
        void *data;             /* relacy's, in this execution */
        uint64_t execution;     /* in which it was touched last */
        unsigned newest;        /* index of the last value */
};

uint64_t litmus_cell_load(struct litmus_cell *cell, enum litmus_label label);
void litmus_cell_store(struct litmus_cell *cell, uint64_t value, enum litmus_label label);
void litmus_cell_init(struct litmus_cell *cell, uint64_t value);
bool litmus_cell_cas(struct litmus_cell *cell, uint64_t *old, uint64_t now,
                     enum litmus_label label);

enum litmus_kind { LITMUS_EXCHANGE, LITMUS_OR, LITMUS_AND, LITMUS_ADD32, LITMUS_ADD64 };
uint64_t litmus_cell_rmw(struct litmus_cell *cell, enum litmus_kind kind, uint64_t value,
                         enum litmus_label label);
void litmus_cell_post(struct litmus_cell *cell, enum litmus_kind kind, uint64_t value,
                      enum litmus_label label);

template<typename T> struct litmus_atomic {
        struct litmus_cell cell;
};

template<typename T> static inline struct litmus_cell *litmus_cell_of(const litmus_atomic<T> *at)
{
        return const_cast<struct litmus_cell *>(&at->cell);
}

template<typename T> static inline uint64_t litmus_bits(T value)
{
        uint64_t bits = 0;

        std::memcpy(&bits, &value, sizeof value);
        return bits;
}

template<typename T> static inline T litmus_value(uint64_t bits)
{
        T value;

        std::memcpy(&value, &bits, sizeof value);
        return value;
}

template <typename T>
static inline T litmus_load(const litmus_atomic<T> *at, enum litmus_label label)
{
        return litmus_value<T>(litmus_cell_load(litmus_cell_of(at), label));
}

template <typename T>
static inline void litmus_store(litmus_atomic<T> *at, std::type_identity_t<T> value,
                                enum litmus_label label)
{
        litmus_cell_store(&at->cell, litmus_bits(value), label);
}

template <typename T>
static inline void litmus_init(litmus_atomic<T> *at, std::type_identity_t<T> value)
{
        litmus_cell_init(&at->cell, litmus_bits(value));
}

template <typename T>
static inline bool litmus_cas(litmus_atomic<T> *at, T *old, std::type_identity_t<T> now,
                              enum litmus_label label)
{
        uint64_t bits = litmus_bits(*old);
        bool done = litmus_cell_cas(&at->cell, &bits, litmus_bits(now), label);

        *old = litmus_value<T>(bits);
        return done;
}

/* A read-modify-write whose result nobody uses may come later than it stands there, as a store. */
template<typename T> class litmus_rmw {
public:
  litmus_rmw(litmus_atomic<T> *at, enum litmus_kind kind, std::type_identity_t<T> value,
             enum litmus_label label)
          : cell(&at->cell), kind(kind), value(litmus_bits(value)), label(label), done(false)
  {
        }

        ~litmus_rmw() noexcept(false)
        {
                if (!done)
                        litmus_cell_post(cell, kind, value, label);
        }

        operator T()
        {
                done = true;
                return litmus_value<T>(litmus_cell_rmw(cell, kind, value, label));
        }

private:
        struct litmus_cell *cell;
        enum litmus_kind kind;
        uint64_t value;
        enum litmus_label label;
        bool done;
};

template<typename T> static inline enum litmus_kind litmus_add(const litmus_atomic<T> *)
{
        return sizeof(T) == 4 ? LITMUS_ADD32 : LITMUS_ADD64;
}

#define shm_atomic(type)              litmus_atomic<type>
#define shm_load(at, label)           litmus_load(at, LITMUS_##label)
#define shm_store(at, value, label)   litmus_store(at, value, LITMUS_##label)
#define shm_init(at, value)           litmus_init(at, value)
#define shm_fetch_to_write(at)        ((void)(at)) /* no access */
#define shm_cas(at, old, now, label)  litmus_cas(at, old, now, LITMUS_##label)
#define shm_exchange(at, value, label)  litmus_rmw(at, LITMUS_EXCHANGE, value, LITMUS_##label)
#define shm_or(at, value, label)      litmus_rmw(at, LITMUS_OR, value, LITMUS_##label)
#define shm_and(at, value, label)     litmus_rmw(at, LITMUS_AND, value, LITMUS_##label)
#define shm_add(at, value, label)     litmus_rmw(at, litmus_add(at), value, LITMUS_##label)

/* In every file that changes words: LITMUS_NO_FOLD. */
#include "gic-lr.h"
#include "litmus-fault.h"
#define gic_lr_mark(old, now)  (litmus_has_fault(LITMUS_NO_FOLD) ? (now) : (gic_lr_mark)(old, now))

#endif
