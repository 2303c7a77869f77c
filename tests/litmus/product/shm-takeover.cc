/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-takeover.c"

/* The last part of an outsider's reset, which may be late. */
bool litmus_change_words(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket)
{
        return change_words(gic, vcpu, ticket);
}
