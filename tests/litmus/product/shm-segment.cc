/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include <cstdint>
#include <sys/mman.h>

/*
 * While it is set, whoever maps the segment gets the memory that is there: the model knows a cell
 * by its address.
 */
void *litmus_segment_at;

static void *map_again(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
        return litmus_segment_at ? litmus_segment_at
                                 : mmap(at, bytes, protection, flags, fd, offset);
}

static int unmap_again(void *at, size_t bytes)
{
        return at == litmus_segment_at ? 0 : munmap(at, bytes);
}

#define mmap    map_again
#define munmap  unmap_again
#include "shm-segment.c"

/*
 * The build of a segment in memory that is there already:
 * what the daemon does between the memory and ready.
 */
void litmus_segment_build(struct shm_gic *gic)
{
        struct shm_shape shape = {};
        struct shm_area areas[SHM_N_AREAS];

        shape.name[0] = 'x';
        shape.n_vcpus = gic->n_vcpus;
        shape.n_spis = gic->n_spis;
        shape.n_priority_bits = gic->n_priority_bits;
        place_areas(&shape, areas);
        build_header(gic, &shape, areas);
        shm_segment_build_vcpus(gic, 0, gic->n_vcpus);
        shm_segment_finish(gic, &shape);
}
