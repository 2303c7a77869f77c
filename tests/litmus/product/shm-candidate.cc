/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-word.h"

/* LITMUS_NO_CLASS_LOOK */
static uint64_t look(const litmus_atomic<uint64_t> *at, enum litmus_label label,
                     const char *function)
{
        if (litmus_has_fault(LITMUS_NO_CLASS_LOOK) && !strcmp(function, "look_again"))
                return 0;
        return litmus_load(at, label);
}

#undef shm_load
#define shm_load(at, label)  look(at, LITMUS_##label, __func__)
#include "shm-candidate.c"
