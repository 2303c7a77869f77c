/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_CANDIDATE_H
#define SHM_CANDIDATE_H

/*
 * Candidates: what a vCPU may have to take, by classes of priority
 *
 * What    Three levels of bits (shm-layout.h): classes that have any, of a class the words that
 *         have any, and in those the interrupts. Each says "may be". shm_word_mark() sets them,
 *         any thread; the vCPU alone clears them, when it has looked and found nothing, and then
 *         looks again.
 * Threads The vCPU's own thread, unless a call says otherwise. @vcpu is a checked index.
 */
#include "shm-gic.h"

/*
 * shm_candidate_drop() - clear the candidate of an interrupt that is not deliverable here, unless
 * it is by now.
 */
void shm_candidate_drop(struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                        const shm_atomic(uint64_t) *word);

/*
 * shm_candidate_drop_class() - the same for a class that was found without candidates
 * shm_candidate_drop_words() - for words of one, in which it has none, while it has in others
 */
void shm_candidate_drop_class(struct shm_gic *gic, uint32_t vcpu, unsigned c);
void shm_candidate_drop_words(struct shm_gic *gic, uint32_t vcpu, unsigned c, uint64_t words);

/*
 * shm_candidate_mark_again() - its candidate, or what is above that, was just taken off: if @w, its
 * word, is deliverable here, it is marked once more.
 * Return: @intid, for who has nothing else to do.
 */
uint32_t shm_candidate_mark_again(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w);

#endif
