/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "litmus-world.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "shm-segment.h"
#include "shm-sysreg.h"

struct shm_gic world;
bool world_rung[WORLD_MAX_VCPUS];
bool world_asleep[WORLD_MAX_VCPUS];
bool world_daemon_rung;

static void ring(void *, uint32_t vcpu, uint32_t)
{
        world_rung[vcpu] = true;
}

static void raised(void *)
{
        world_daemon_rung = true;
}

static uint64_t ordinary(uint64_t w)
{
        w = gic_word_set_priority(w, 0x80);
        return w | GIC_WORD_ENABLE | GIC_WORD_GROUP1 | GIC_WORD_EDGE_CFG;
}

/* The segment's rows begin with all private INTIDs, of which there are two here. */
static struct litmus_cell counters[WORLD_MAX_VCPUS][GIC_SPI_FIRST + 8];

extern void *litmus_segment_at;

void world_end(void)
{
        litmus_segment_at = NULL;
        shm_segment_unmap(&world);
}

void world_build(uint32_t n_vcpus, uint32_t n_spis, uint32_t features)
{
        struct shm_shape shape = {};
        int fd, fd_ro;

        shape.name[0] = 'x';
        shape.n_vcpus = n_vcpus;
        shape.n_spis = n_spis;
        shape.n_priority_bits = 5;
        shape.features = features;
        world_end();
        if (shm_segment_create(&shape, &fd, &fd_ro, &world) < 0) {
                std::fprintf(stderr, "Bail out! no segment\n");
                std::exit(1);
        }
        close(fd);
        close(fd_ro);
        world.counters = reinterpret_cast<decltype(world.counters)>(counters);
        world.counter_stride = sizeof counters[0];
        world.ring = ring;
        world.raised = raised;
        world.header->gicd_ctlr.cell.value = 3;
        world.header->tdir_interest.cell.value = 1;
        for (uint32_t v = 0; v < n_vcpus; v++) {
                struct shm_vcpu *vcpu = &world.vcpus[v];
                uint64_t cpuif = vcpu->cpuif.cell.value &
                                 ~(SHM_CPUIF_ASLEEP | SHM_CPUIF_ABSENT | SHM_CPUIF_OFF);

                cpuif = base_field_set(cpuif, SHM_CPUIF_PMR_SHIFT, 8, 0xf8) |
                        UINT64_C(3) << SHM_CPUIF_GRPEN_SHIFT;
                vcpu->cpuif.cell.value = cpuif | SHM_CPUIF_OWNED | SHM_CPUIF_POWERED;
                vcpu->owner_session.cell.value = 1;
                for (uint32_t i = 0; i < GIC_N_PRIVATE; i++)
                        vcpu->words[i].cell.value = ordinary(vcpu->words[i].cell.value);
        }
        for (uint32_t i = 0; i < n_spis; i++)
                world.spis[i].word.cell.value = ordinary(world.spis[i].word.cell.value);
}

void world_reset(void)
{
        for (unsigned i = 0; i < WORLD_MAX_VCPUS; i++)
                world_rung[i] = world_asleep[i] = false;
        world_daemon_rung = false;
}

bool world_park(uint32_t vcpu)
{
        world_asleep[vcpu] = shm_park_begin(&world, vcpu, SHM_PARK_PARKED) == 0;
        if (!world_asleep[vcpu])
                shm_park_end(&world, vcpu);
        return world_asleep[vcpu];
}

void world_write(enum gic_reg_id id, uint32_t vcpu, uint32_t intid, uint64_t value)
{
        struct gic_reg reg = {};
        struct shm_access access = {};

        reg.id = id;
        reg.first_intid = (uint16_t)intid;
        access.reg = &reg;
        access.vcpu = vcpu;
        access.len = id == GICD_REG_IROUTER ? 8 : 4;
        shm_regs_write(&world, &access, value);
}

static void settle_word(uint32_t owner, uint32_t intid)
{
        uint64_t w = shm_gic_word(&world, owner, intid)->cell.value;
        uint32_t target = gic_word_route(w);
        uint32_t index = shm_candidate_index(intid);
        unsigned c = shm_word_class(w);

        if (!gic_word_wanting(w) || target >= world.n_vcpus)
                return;
        litmus_check(world.vcpus[target].candidates[index / 64].cell.value >> index % 64 & 1,
                     "deliverable, and no candidate");
        litmus_check(world.vcpus[target].class_words[c].cell.value >> index / 64 & 1,
                     "a candidate without its word in its class");
        litmus_check(world.vcpus[target].classes.cell.value >> c & 1,
                     "a candidate of a class that is not marked");
}

void world_settle(void)
{
        bool in_flight = false;

        for (uint32_t i = 0; i < world.n_spis; i++) {
                settle_word(0, GIC_SPI_FIRST + i);
                in_flight = in_flight || gic_word_in_flight(world.spis[i].word.cell.value);
        }
        litmus_check(!in_flight || shm_tdir_get(&world, NULL, NULL),
                     "TDIR is clear with an SPI in flight");
        for (uint32_t v = 0; v < world.n_vcpus; v++) {
                for (uint32_t i = 0; i < GIC_N_PRIVATE; i++)
                        settle_word(v, i);
                litmus_check(!world_asleep[v] || world_rung[v] || !shm_cpuif_lines(&world, v),
                             "a wake-up is lost");
        }
}

/*
 * shm-sysreg.c has tables that C++ does not know. A list-register port asks for registers that no
 * scenario is about.
 */
int shm_sysreg_peek(struct shm_gic *, uint32_t, uint32_t, uint64_t *ret_value)
{
        *ret_value = 0;
        return 0;
}

int shm_sysreg_poke(struct shm_gic *, uint32_t, uint32_t, uint64_t)
{
        return 0;
}
