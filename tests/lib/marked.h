/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef MARKED_H
#define MARKED_H

/*
 * Whether a vCPU finds an interrupt when it looks for one: its candidate, and the two bits above it
 * of the class of its priority (shm-layout.h)
 */
#include "shm-word.h"

static inline const char *marked_lacks(const struct shm_vcpu *vcpu, uint32_t intid, uint64_t w)
{
        uint32_t index = shm_candidate_index(intid);
        unsigned c = shm_word_class(w);

        if (!(atomic_load(&vcpu->candidates[index / 64]) >> (index % 64) & 1))
                return "no candidate";
        if (!(atomic_load(&vcpu->class_words[c]) >> (index / 64) & 1))
                return "a candidate, and its class does not have its word";
        if (!(atomic_load(&vcpu->classes) >> c & 1))
                return "a candidate of a class that is not marked";
        return NULL;
}

#endif
