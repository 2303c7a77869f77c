/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Writing arbitrary values into segments and rings: see scribble.h
 *
 * All of it is plain volatile stores and compiler-made addresses inside of this process's own
 * mapping: whoever maps the memory can do that.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gic-word.h"
#include "scribble.h"
#include "shm-slot.h"
#include "shm-tdir.h"
#include "tap.h"
#include "vgic-private.h"

#define FLIPS  2000u

uint64_t scribble_draw(uint64_t *state)
{
        uint64_t x = *state;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        *state = x;
        return x >> 8 ^ x << 56;
}

static uint32_t below(uint64_t *state, uint32_t n)
{
        return (uint32_t)(scribble_draw(state) >> 16) % n;
}

/* --- values --- */

static uint64_t any_value(uint64_t *s)
{
        switch (below(s, 6)) {
        case 0:
                return 0;
        case 1:
                return UINT64_MAX;
        case 2:
                return UINT64_C(1) << below(s, 64);
        case 3:
                return below(s, 5200);
        default:
                return scribble_draw(s) ^ scribble_draw(s) << 32;
        }
}

/* An interrupt that wants to be delivered, or is active, somewhere; often for any vCPU. */
static uint64_t word_value(uint64_t *s)
{
        uint64_t w = scribble_draw(s) &
                     (GIC_WORD_WIRES | GIC_WORD_NOTIFY | GIC_WORD_EDGE_CFG | 0xff);

        w |= GIC_WORD_ENABLE | GIC_WORD_GROUP1 | GIC_WORD_LATCH;
        w |= below(s, 2) ? GIC_WORD_IRM : 0;
        w |= below(s, 3) ? 0 : GIC_WORD_ACTIVE;
        w |= below(s, 8) ? 0 : (uint64_t)below(s, 8) << 41; /* resident, listed, ended */
        w |= below(s, 16) ? 0 : GIC_WORD_FOLD;
        w = gic_word_set_holder(w, (uint16_t)(below(s, 4) ? below(s, 8) : below(s, 0x10000)));
        return gic_word_set_route(w, (uint16_t)(below(s, 4) ? below(s, 8) : below(s, 0x10000)));
}

static uint64_t cpuif_value(uint64_t *s)
{
        return scribble_draw(s) | (below(s, 2) ? UINT64_C(3) << SHM_CPUIF_GRPEN_SHIFT | 0xff : 0);
}

static uint64_t slot_value(uint64_t *s)
{
        uint64_t flags = SHM_SLOT_DEACTIVATE | SHM_SLOT_CLAIMED | SHM_SLOT_SALTED;

        return SHM_SLOT_OP(below(s, 7), scribble_draw(s) & flags,
                           below(s, 2) ? below(s, 5200) : (uint32_t)scribble_draw(s));
}

static uint64_t request_value(uint64_t *s)
{
        return below(s, 4) | (uint64_t)below(s, 16) << 32;      /* park below, request above */
}

static uint64_t tdir_value(uint64_t *s)
{
        /* and the bits of the gate */
        return below(s, 32) | (below(s, 2) ? SHM_TDIR_PORTS : 0) | scribble_draw(s) << 8;
}

/*
 * In guest or not, trapping or not, waiting or not;
 * sometimes as many list registers as the field can say.
 */
static uint64_t port_value(uint64_t *s)
{
        return below(s, 8) | below(s, 32) << SHM_PORT_N_SHIFT;
}

static uint64_t list_register_value(uint64_t *s)
{
        uint64_t intid = below(s, 4) ? 32 + below(s, 64) : any_value(s) & UINT32_MAX;

        return intid | (scribble_draw(s) & UINT64_C(0xff) << 48) | (uint64_t)below(s, 16) << 60;
}

/* An INTID in each half: what was acknowledged, in order. */
static uint64_t intids_value(uint64_t *s)
{
        uint64_t first = below(s, 4) ? below(s, 96) : any_value(s) & UINT32_MAX;

        return first | (uint64_t)below(s, 5200) << 32;
}

static uint64_t irouter_value(uint64_t *s)
{
        return below(s, 3) ? below(s, 8) : UINT64_C(1) << 31 | any_value(s);
}

/* --- fields that the daemon reads --- */

enum base { HEADER, VCPU, SPI, ESPI, AFFINITY, COUNTER };

static const struct field {
        enum base base;
        size_t offset;
        unsigned n;             /* 64-bit words from there */
        uint64_t (*value)(uint64_t *s);
} fields[] = {
        { HEADER, 0, 128, any_value },                                  /* what is constant */
        { HEADER, offsetof(struct shm_header, gicd_ctlr), 1, any_value },
        { HEADER, offsetof(struct shm_header, tdir), 1, tdir_value },
        { HEADER, offsetof(struct shm_header, tdir_interest), 1, any_value },
        { HEADER, offsetof(struct shm_header, daemon_epoch), 2, any_value },
        { HEADER, offsetof(struct shm_header, guest_errors), 1, any_value },
        { HEADER, offsetof(struct shm_header, eoi_summary), 1, any_value },
        { HEADER, offsetof(struct shm_header, eoi), SHM_N_CANDIDATE_WORDS, any_value },
        { HEADER, offsetof(struct shm_header, noted_summary), 1, any_value },
        { HEADER, offsetof(struct shm_header, noted), SHM_N_CANDIDATE_WORDS, any_value },
        { HEADER, offsetof(struct shm_header, mirror), SHM_N_MIRROR, any_value },
        { AFFINITY, 0, 4096, any_value },
        { VCPU, offsetof(struct shm_vcpu, icc_ctlr), 1, any_value },
        { VCPU, offsetof(struct shm_vcpu, affinity), 2, any_value },    /* affinity, index; flags */
        { VCPU, offsetof(struct shm_vcpu, cpuif), 1, cpuif_value },
        { VCPU, offsetof(struct shm_vcpu, ap0r), 4, any_value },
        { VCPU, offsetof(struct shm_vcpu, slot.op), 1, slot_value },
        { VCPU, offsetof(struct shm_vcpu, slot.old_word), 1, word_value },
        { VCPU, offsetof(struct shm_vcpu, slot.argument), 1, any_value },
        { VCPU, offsetof(struct shm_vcpu, park), 1, request_value },
        { VCPU, offsetof(struct shm_vcpu, owner_session), 2, any_value },
        { VCPU, offsetof(struct shm_vcpu, classes), 1, any_value },
        { VCPU, offsetof(struct shm_vcpu, class_words), SHM_N_CLASSES, any_value },
        { VCPU, offsetof(struct shm_vcpu, candidates), SHM_N_CANDIDATE_WORDS, any_value },
        { VCPU, offsetof(struct shm_vcpu, words), SHM_N_PRIVATE_WORDS, word_value },
        { VCPU, offsetof(struct shm_vcpu, port), 1, port_value },
        { VCPU, offsetof(struct shm_vcpu, port), 1, port_value },
        { VCPU, offsetof(struct shm_vcpu, actives_summary), 1, any_value },
        { VCPU, offsetof(struct shm_vcpu, actives), SHM_N_CANDIDATE_WORDS, any_value },
        { VCPU, offsetof(struct shm_vcpu, bank.ich_lr), SHM_N_LIST_REGISTERS, list_register_value },
        { VCPU, offsetof(struct shm_vcpu, bank.ich_vmcr), 4 + SHM_N_APR, any_value },
        { VCPU, offsetof(struct shm_vcpu, n_ack_order), 1, any_value },
        { VCPU, offsetof(struct shm_vcpu, ack_order), SHM_N_ACK_ORDER / 2, intids_value },
        { VCPU, offsetof(struct shm_vcpu, counters), 5, any_value },
        { VCPU, offsetof(struct shm_vcpu, gicr_ctlr), 1, any_value },
        { VCPU, offsetof(struct shm_vcpu, posted_apr), 2 * SHM_N_APR, any_value },
        { VCPU, offsetof(struct shm_vcpu, mirror), SHM_N_MIRROR, any_value },
        { SPI, offsetof(struct shm_spi, word), 1, word_value },
        { SPI, offsetof(struct shm_spi, word), 1, any_value },
        { SPI, offsetof(struct shm_spi, irouter), 1, irouter_value },
        { ESPI, offsetof(struct shm_spi, word), 1, word_value },
        { ESPI, offsetof(struct shm_spi, irouter), 1, irouter_value },
        { COUNTER, 0, 64, any_value },
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Where one of them is, in this process's mapping; NULL: this VM has none. */
static volatile uint64_t *place(const struct shm_gic *gic, const struct field *field, uint64_t *s)
{
        uint8_t *base = (uint8_t *)gic->header;
        size_t stride = 0;
        uint32_t n = 1;

        switch (field->base) {
        case HEADER:
                break;
        case AFFINITY:
                base = (uint8_t *)(uintptr_t)gic->affinities;
                return (volatile uint64_t *)(void *)base + below(s, gic->n_vcpus);
        case VCPU:
                base = (uint8_t *)gic->vcpus;
                stride = sizeof(struct shm_vcpu);
                n = gic->n_vcpus;
                break;
        case SPI:
                base = (uint8_t *)gic->spis;
                stride = sizeof(struct shm_spi);
                n = gic->n_spis;
                break;
        case ESPI:
                base = (uint8_t *)gic->espis;
                stride = sizeof(struct shm_spi);
                n = gic->n_espis;
                break;
        case COUNTER:
                base = gic->counters;
                stride = gic->counter_stride;
                n = gic->n_vcpus;
                break;
        }
        if (n == 0)
                return NULL;
        return (volatile uint64_t *)(void *)(base + stride * below(s, n) + field->offset) +
               below(s, field->base == COUNTER && field->n * 8 > stride ? (uint32_t)stride / 8
                                                                        : field->n);
}

static void scribble_field(const struct shm_gic *gic, uint64_t *s)
{
        const struct field *field = &fields[below(s, N_FIELDS)];
        volatile uint64_t *at = place(gic, field, s);

        if (at)
                *at = field->value(s);
}

static void flip_field(const struct shm_gic *gic, uint64_t *s)
{
        const struct field *field = &fields[below(s, N_FIELDS)];
        volatile uint64_t *at = place(gic, field, s);
        uint64_t a = field->value(s), b = field->value(s);

        for (unsigned i = 0; at && i < FLIPS; i++)
                *at = i & 1 ? a : b;
}

static void scribble_segment(const struct shm_gic *gic, uint64_t *s)
{
        volatile uint64_t *words = (volatile uint64_t *)(void *)gic->header;

        for (unsigned i = 0; i < 1000; i++)
                words[(scribble_draw(s) >> 8) % (gic->bytes / 8)] = any_value(s);
        for (unsigned i = 0; i < 4000; i++)
                scribble_field(gic, s);
        for (unsigned i = 0; i < 8; i++)
                flip_field(gic, s);
}

/* --- processes --- */

/* A child, which is to begin() once it is attached: a scribbled segment is nothing to attach to. */
static pid_t start(int *ret_ready)
{
        int ready[2];
        pid_t pid;
        char c;

        fflush(stdout);
        if (pipe(ready) < 0 || (pid = fork()) < 0)
                tap_bail("fork");
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(ready[0]);
                *ret_ready = ready[1];
                return 0;
        }
        close(ready[1]);
        if (read(ready[0], &c, 1) != 1)
                tap_bail("no scribbler");
        close(ready[0]);
        return pid;
}

static void begin(int ready)
{
        (void)!write(ready, "x", 1);
        raise(SIGSTOP); /* until scribble_go() */
}

/* Its view is of before it scribbles: its own addresses stay right. */
pid_t scribble_vm(const struct daemon_proc *proc, const char *name, uint64_t seed)
{
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        int ready = -1;
        pid_t pid = start(&ready);

        if (pid != 0)
                return pid;
        conn = daemon_connect(proc);
        if (vgic_vm_attach(conn, name, VGIC_ROLE_VMM, &vm) < 0)
                _exit(1);
        begin(ready);
        for (;;) {
                scribble_segment(&vm->gic, &seed);
                (void)!write(vm->daemon_doorbell, &(uint64_t){ 1 }, sizeof(uint64_t));
                vgic_conn_process(conn);
        }
}

static uint64_t any_entry(uint64_t *s)
{
        return SHM_RING_ENTRY(1 + below(s, 3),
                              below(s, 4) ? 32 + below(s, 64) : (uint32_t)any_value(s));
}

/* Mostly entries that can be, at indices that can be, so that it is not disconnected at once. */
static void scribble_queue(struct vgic_vm *vm, uint64_t *s)
{
        struct shm_ring_page *page = vm->ring.page;
        uint32_t way = below(s, 1u << 20);
        struct shm_ring_queue *q = way % 65536 ? &page->to_daemon : &page->to_client;
        uint32_t head = atomic_load(&q->head);

        for (unsigned i = 0; i < 16; i++)
                atomic_store(&q->entries[below(s, SHM_RING_ENTRIES)], any_entry(s));
        atomic_store(&q->tail, head + SHM_RING_ENTRIES);        /* always full */
        if (way == 3)
                atomic_store(&q->entries[below(s, SHM_RING_ENTRIES)], any_value(s));
        else if (way == 1)
                atomic_store(&q->head, (uint32_t)any_value(s));
        else if (way == 2)
                atomic_store(&q->tail, (uint32_t)any_value(s));
        atomic_store(&q->wanted, (uint32_t)below(s, 2));
        atomic_store(&q->wants_room, (uint32_t)below(s, 2));
        (void)!write(vm->ring_to_daemon, &(uint64_t){ 1 }, sizeof(uint64_t));
}

pid_t scribble_ring(const struct daemon_proc *proc, const char *name, const char *token,
                    uint64_t seed)
{
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        int ready = -1;
        pid_t pid = start(&ready);

        if (pid != 0)
                return pid;
        for (;;) {
                conn = daemon_connect(proc);
                /* the one before is not gone yet */
                if (vgic_device_attach(conn, name, token, &vm) < 0) {
                        vgic_disconnect(conn);
                        continue;
                }
                for (unsigned i = 0; i < SHM_RING_ENTRIES; i++)
                        atomic_store(&vm->ring.page->to_daemon.entries[i], any_entry(&seed));
                fcntl(vm->ring_to_daemon, F_SETFL, fcntl(vm->ring_to_daemon, F_GETFL) | O_NONBLOCK);
                if (ready >= 0)
                        begin(ready);
                ready = -1;
                while (vgic_conn_process(conn) >= 0)
                        for (unsigned i = 0; i < 100; i++)
                                scribble_queue(vm, &seed);
                vgic_vm_detach(vm);
                vgic_disconnect(conn);
        }
}

void scribble_go(pid_t pid)
{
        kill(pid, SIGCONT);
}

int scribble_is_alive(pid_t pid)
{
        int status = 0;

        if (waitpid(pid, &status, WNOHANG) == 0)
                return 1;
        tap_note("it ended with status %#x", (unsigned)status);
        return 0;
}

void scribble_stop(pid_t pid)
{
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}
