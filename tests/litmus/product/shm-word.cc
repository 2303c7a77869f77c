/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "gic-irq.h"

/* LITMUS_NOTES_UNORDERED; of what is taken back it moves all the same. */
#define gic_word_salted(w) \
        (litmus_has_fault(LITMUS_NOTES_UNORDERED) ? (w) : (gic_word_salted)(w))

#include "shm-word.c"
