/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-word-pay.h" /* its callers call the one below */

void pay_again_as_it_is(struct shm_gic *gic, uint32_t intid, uint64_t w);
#define shm_word_pay_again pay_again_as_it_is
#include "shm-word-pay.c"
#undef shm_word_pay_again

/* LITMUS_NO_SECOND_PAYMENT */
void shm_word_pay_again(struct shm_gic *gic, uint32_t intid, uint64_t w)
{
        if (!litmus_has_fault(LITMUS_NO_SECOND_PAYMENT))
                pay_again_as_it_is(gic, intid, w);
}
