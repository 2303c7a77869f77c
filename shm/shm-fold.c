/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-fold.h"

void shm_fold_ask_spis(struct shm_gic *gic)
{
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);
                shm_atomic(uint64_t) *word = &shm_gic_spi(gic, intid)->word;

                if ((shm_word_load(word) & (GIC_WORD_RESIDENT |
                                            GIC_WORD_FOLD)) == GIC_WORD_RESIDENT)
                        shm_word_update(gic, word, intid, gic_lr_ask, 0);
        }
}

bool shm_fold_is_asked(const struct shm_gic *gic)
{
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint64_t w = shm_word_load(&shm_gic_spi(gic, shm_gic_nth_spi(gic, i))->word);

                if ((w & (GIC_WORD_RESIDENT | GIC_WORD_FOLD)) == (GIC_WORD_RESIDENT |
                                                                  GIC_WORD_FOLD))
                        return true;
        }
        return false;
}
