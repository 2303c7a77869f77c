/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "open-gate.h"
#include "shm-slot.h"
#include "shm-word.h"

/* LITMUS_ONE_LOOK */
static bool is_second_look(const char *function)
{
        return litmus_has_fault(LITMUS_ONE_LOOK) && !strcmp(function, "shm_straight_gates_hold");
}

static uint64_t look(const litmus_atomic<uint64_t> *at, enum litmus_label label, const char *)
{
        return litmus_load(at, label);
}

static uint32_t look(const litmus_atomic<uint32_t> *at, enum litmus_label label,
                     const char *function)
{
        return is_second_look(function) ? ~0u : litmus_load(at, label);
}

#undef shm_load
#define shm_load(at, label)  look(at, LITMUS_##label, __func__)
#define shm_cpuif_asks_to_wake asks_to_wake_as_it_is
#include "shm-cpuif.c"
#undef shm_cpuif_asks_to_wake

/* LITMUS_NO_WAKE_REQUEST */
bool shm_cpuif_asks_to_wake(struct shm_gic *gic, uint32_t vcpu)
{
        return !litmus_has_fault(LITMUS_NO_WAKE_REQUEST) && asks_to_wake_as_it_is(gic, vcpu);
}
