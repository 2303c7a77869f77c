/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The configuration of a VM through libvgic: what is refused and in which words, what is told, and that the calls for
 * SPIs and PPIs take the extended ranges
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic.h"

/* GICD_TYPER, GICR_TYPER, ICC_CTLR_EL1 (IHI 0069, their descriptions) */
#define GICD_TYPER      0x4u
#define TYPER_ESPI      (1u << 8)
#define TYPER_A3V       (1u << 24)
#define TYPER_NO1N      (1u << 25)
#define TYPER_RSS       (1u << 26)
#define GICR_TYPER      0x8u
#define GICR_STRIDE     0x20000u
#define GICR_TYPER_LAST (1u << 4)
#define CTLR_A3V        (1u << 15)
#define CTLR_RSS        (1u << 18)
#define CTLR_EXTRANGE   (1u << 19)

static struct daemon_proc daemon_;

static struct vgic_conn *connect_daemon(void)
{
        struct vgic_conn_options options = { .size = sizeof(options), .socket_path = daemon_.socket };
        struct vgic_conn *conn = NULL;

        if (vgic_connect(&options, &conn) < 0)
                tap_bail("connect: %s", vgic_conn_error(conn));
        return conn;
}

static struct vgic_vm *create(struct vgic_conn *conn, const struct vgic_vm_config *config)
{
        struct vgic_vm *vm = NULL;

        if (vgic_vm_create(conn, config, &vm) < 0 || vgic_vm_init(vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        return vm;
}

static void destroy(struct vgic_conn *conn, struct vgic_vm *vm, const char *name)
{
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, name);
}

/* --- wrong configurations --- */

#define CONFIG(...) { .size = sizeof(struct vgic_vm_config), .name = "wrong", .n_vcpus = 4, .n_spis = 32, __VA_ARGS__ }

static const uint32_t three[] = { 1, 2 }, five[] = { 4, 1 }, with_zero[] = { 4, 0 }, wraps[] = { UINT32_MAX, 5 },
                      ones[] = { 1, 1, 1, 1, 1 };
static const uint64_t aff3[] = { 0, 1, 2, UINT64_C(1) << 32 }, aff0[] = { 0, 1, 2, 16 },
                      reserved[] = { 0, 1, 2, 1 << 25 }, twice[] = { 0, 1, 2, 1 };

static const struct {
        const char *what;
        struct vgic_vm_config config;
        const char *words[3];   /* the member, and what it can be */
} wrong[] = {
        { "33 extended SPIs", CONFIG(.n_espis = 33), { "n_espis", "32", "1024" } },
        { "31 extended SPIs", CONFIG(.n_espis = 31), { "n_espis", "32", "1024" } },
        { "1056 extended SPIs", CONFIG(.n_espis = 1056), { "n_espis", "32", "1024" } },
        { "as many extended SPIs as can be counted", CONFIG(.n_espis = UINT32_MAX - 31), { "n_espis", "32", "1024" } },
        { "1 extended PPI", CONFIG(.n_eppis = 1), { "n_eppis", "32", "64" } },
        { "96 extended PPIs", CONFIG(.n_eppis = 96), { "n_eppis", "32", "64" } },
        { "1 affinity level", CONFIG(.affinity_levels = 1), { "affinity_levels", "3", "4" } },
        { "2 affinity levels", CONFIG(.affinity_levels = 2), { "affinity_levels", "3", "4" } },
        { "5 affinity levels", CONFIG(.affinity_levels = 5), { "affinity_levels", "3", "4" } },
        { "regions of too few vCPUs", CONFIG(.n_redist_regions = 2, .redist_regions = three),
          { "redist_regions", "n_vcpus", "4" } },
        { "regions of too many vCPUs", CONFIG(.n_redist_regions = 2, .redist_regions = five),
          { "redist_regions", "n_vcpus", "4" } },
        { "regions whose sum wraps to the right one", CONFIG(.n_redist_regions = 2, .redist_regions = wraps),
          { "redist_regions", "n_vcpus", "4" } },
        { "an empty region", CONFIG(.n_redist_regions = 2, .redist_regions = with_zero),
          { "redist_regions", "at least one", "" } },
        { "more regions than vCPUs", CONFIG(.n_redist_regions = 5, .redist_regions = ones),
          { "n_redist_regions", "n_vcpus", "" } },
        { "regions that are nowhere", CONFIG(.n_redist_regions = 2), { "n_redist_regions", "redist_regions", "" } },
        { "Aff3 with 3 levels", CONFIG(.affinity_levels = 3, .mpidrs = aff3), { "mpidrs", "Aff3 0", "3" } },
        { "Aff0 16 without range selector", CONFIG(.flags = VGIC_VM_NO_RSS, .mpidrs = aff0),
          { "mpidrs", "Aff0 0 to 15", "" } },
        { "a reserved bit of an MPIDR", CONFIG(.mpidrs = reserved), { "mpidrs", "Aff3", "Aff0" } },
        { "an affinity twice", CONFIG(.mpidrs = twice), { "affinity", "", "" } },
        { "an unknown flag", CONFIG(.flags = 1u << 3), { "flags", "0x8", "0x7" } },
        { "the highest flag", CONFIG(.flags = 1u << 31), { "flags", "0x80000000", "0x7" } },
        { "9 priority bits", CONFIG(.n_priority_bits = 9), { "n_priority_bits", "4", "8" } },
};

static void test_wrong(struct vgic_conn *conn)
{
        struct vgic_vm_info *infos = NULL;
        size_t n = 9;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                struct vgic_vm *vm = NULL;
                const char *said;

                tap_eq(vgic_vm_create(conn, &wrong[i].config, &vm), -EINVAL, "create: %s", wrong[i].what);
                said = vgic_conn_error(conn);
                tap_ok(!vm && strstr(said, wrong[i].words[0]) && strstr(said, wrong[i].words[1]) &&
                       strstr(said, wrong[i].words[2]), "... names the member and what it can be: %s", said);
        }
        tap_ok(vgic_vm_list(conn, &infos, &n) == 0 && n == 0, "nothing came to be of any");
        free(infos);
}

/* --- right ones, as they are told --- */

static bool same_configuration(const struct vgic_vm_info *a, const struct vgic_vm_info *b)
{
        return a->n_vcpus == b->n_vcpus && a->n_spis == b->n_spis && a->n_espis == b->n_espis &&
               a->n_eppis == b->n_eppis && a->affinity_levels == b->affinity_levels && a->flags == b->flags &&
               a->n_redist_regions == b->n_redist_regions && a->n_priority_bits == b->n_priority_bits;
}

/* What the guest reads is what was configured. */
static void test_advertised(struct vgic_vm *vm, const struct vgic_vm_info *expected, const char *what)
{
        struct vgic_icc_ctlr ctlr = { 0 };
        uint64_t typer = 0, redist = 0;

        vgic_vm_icc_ctlr(vm, 0, &ctlr);
        tap_eq(!!(ctlr.live & CTLR_RSS), !(expected->flags & VGIC_VM_NO_RSS), "%s: ICC_CTLR_EL1.RSS agrees", what);
        tap_eq(!!(ctlr.live & CTLR_A3V), expected->affinity_levels == 4, "%s: ICC_CTLR_EL1.A3V agrees", what);
        tap_eq(!!(ctlr.live & CTLR_EXTRANGE), expected->n_espis || expected->n_eppis,
               "%s: ICC_CTLR_EL1.ExtRange agrees", what);
        vgic_gicd_read(vm, GICD_TYPER, 4, &typer);
        tap_eq(!(typer & TYPER_NO1N), !(expected->flags & VGIC_VM_NO_1_OF_N), "%s: GICD_TYPER.No1N agrees", what);
        tap_eq(!!(typer & TYPER_RSS), !(expected->flags & VGIC_VM_NO_RSS), "%s: GICD_TYPER.RSS agrees", what);
        tap_eq(!!(typer & TYPER_A3V), expected->affinity_levels == 4, "%s: GICD_TYPER.A3V agrees", what);
        tap_eq(typer & TYPER_ESPI ? ((typer >> 27) + 1) * 32 : 0, expected->n_espis, "%s: GICD_TYPER.ESPI_range agrees",
               what);
        vgic_gicr_read(vm, GICR_TYPER, 8, &redist);
        tap_eq((redist >> 27 & 31) * 32, expected->n_eppis, "%s: GICR_TYPER.PPInum agrees", what);
}

/* Each way to ask gives the same answer. */
static void test_told(struct vgic_conn *conn, const struct vgic_vm_config *config, const struct vgic_vm_info *expected,
                      const char *what)
{
        struct vgic_conn *other = connect_daemon();
        struct vgic_vm_info info = { .size = sizeof(info) }, *infos = NULL;
        struct vgic_vm *vm = NULL, *seen = NULL;
        size_t n = 0;

        tap_eq(vgic_vm_create(conn, config, &vm), 0, "%s: create: %s", what, vgic_conn_error(conn));
        tap_ok(vgic_vm_get_info(vm, &info) == 0 && same_configuration(&info, expected), "%s: as created", what);
        if (vgic_vm_init(vm) < 0)
                tap_bail("init: %s", vgic_conn_error(conn));
        tap_ok(vgic_vm_get_info(vm, &info) == 0 && same_configuration(&info, expected), "%s: as initialised", what);
        tap_ok(vgic_vm_query(other, config->name, &info) == 0 && same_configuration(&info, expected),
               "%s: as asked for", what);
        tap_ok(vgic_vm_list(other, &infos, &n) == 0 && n == 1 && same_configuration(&infos[0], expected),
               "%s: as listed", what);
        tap_ok(vgic_vm_attach(other, config->name, VGIC_ROLE_OBSERVER, &seen) == 0 &&
               vgic_vm_get_info(seen, &info) == 0 && same_configuration(&info, expected), "%s: as attached", what);
        test_advertised(seen, expected, what);
        free(infos);
        vgic_vm_detach(seen);
        vgic_disconnect(other);
        destroy(conn, vm, config->name);
}

static void test_right(struct vgic_conn *conn)
{
        static const uint32_t regions[] = { 1, 3, 2 };
        static const uint64_t far[] = { UINT64_C(0xff00ffffff), 200 };
        struct vgic_vm_config config = { .size = sizeof(config), .name = "plain", .n_vcpus = 6, .n_spis = 64 };
        struct vgic_vm_info told = { .n_vcpus = 6, .n_spis = 64, .n_priority_bits = 5, .affinity_levels = 4,
                .n_redist_regions = 1 };

        test_told(conn, &config, &told, "defaults");
        config.size = offsetof(struct vgic_vm_config, n_espis);
        config.n_espis = 77; /* behind the end of what the caller says it filled in */
        test_told(conn, &config, &told, "a caller that knows no extended ranges");
        config = (struct vgic_vm_config){ .size = sizeof(config), .name = "all", .n_vcpus = 6, .n_spis = 988,
                .n_priority_bits = 8, .flags = VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS, .n_espis = 1024, .n_eppis = 64,
                .affinity_levels = 3, .n_redist_regions = 3, .redist_regions = regions };
        told = (struct vgic_vm_info){ .n_vcpus = 6, .n_spis = 988, .n_priority_bits = 8, .affinity_levels = 3,
                .flags = config.flags, .n_espis = 1024, .n_eppis = 64, .n_redist_regions = 3 };
        test_told(conn, &config, &told, "all that is not the default");
        config = (struct vgic_vm_config){ .size = sizeof(config), .name = "far", .n_vcpus = 2, .n_espis = 32,
                .affinity_levels = 4, .mpidrs = far };
        told = (struct vgic_vm_info){ .n_vcpus = 2, .n_priority_bits = 5, .affinity_levels = 4, .n_espis = 32,
                .n_redist_regions = 1 };
        test_told(conn, &config, &told, "4 levels and a range selector, with affinities that need them");
}

/* GICR_TYPER.Last ends each region, and nothing else. */
static void test_regions(struct vgic_conn *conn)
{
        static const uint32_t regions[] = { 1, 3, 2 }, all[] = { 6 };
        static const struct {
                uint32_t n;
                const uint32_t *regions;
                unsigned last;          /* a bit per vCPU */
        } cases[] = {
                { 0, NULL, 0x20 }, { 1, all, 0x20 }, { 3, regions, 0x29 },
        };

        for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
                struct vgic_vm_config config = { .size = sizeof(config), .name = "regions", .n_vcpus = 6,
                        .n_redist_regions = cases[c].n, .redist_regions = cases[c].regions };
                struct vgic_vm *vm = create(conn, &config);
                unsigned last = 0;

                for (uint32_t i = 0; i < 6; i++) {
                        uint64_t typer = 0;

                        vgic_gicr_read(vm, i * GICR_STRIDE + GICR_TYPER, 4, &typer);
                        last |= (typer & GICR_TYPER_LAST ? 1u : 0) << i;
                }
                tap_eq(last, cases[c].last, "%u regions: GICR_TYPER.Last ends each", cases[c].n ? cases[c].n : 1);
                destroy(conn, vm, "regions");
        }
}

/* --- the extended ranges in every call that takes an INTID --- */

static unsigned state_of(struct vgic_vm *vm, uint32_t index, uint32_t intid)
{
        struct vgic_irq_state state = { 0 };

        if (vgic_vm_irq_state(vm, index, intid, &state) < 0 || state.intid != intid)
                return 99;
        return state.line | state.latch << 1;
}

static void test_spi_calls(struct vgic_vm *vm)
{
        static const uint32_t none[] = { 0, 31, 96, 1019, 1020, 1024, 1056, 1087, 4095, 4160, 5119, 5120, UINT32_MAX };
        static const uint32_t some[] = { 32, 95, 4096, 4159 };

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                tap_ok(vgic_spi_assert(vm, none[i]) == -EINVAL && vgic_spi_deassert(vm, none[i]) == -EINVAL &&
                       vgic_spi_pulse(vm, none[i]) == -EINVAL, "%u is no SPI", none[i]);
        for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
                tap_ok(vgic_spi_assert(vm, some[i]) == 0 && state_of(vm, 0, some[i]) == 1, "SPI %u is asserted",
                       some[i]);
                tap_ok(vgic_spi_deassert(vm, some[i]) == 0 && state_of(vm, 0, some[i]) == 0, "... deasserted");
                tap_ok(vgic_spi_pulse(vm, some[i]) == 0 && state_of(vm, 0, some[i]) == 2, "... pulsed");
        }
}

static void test_ppi_calls(struct vgic_vm *vm)
{
        static const uint32_t none[] = { 0, 15, 32, 1055, 1088, 1119, 1120, 4096, UINT32_MAX };
        static const uint32_t some[] = { 16, 31, 1056, 1087 };

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                tap_ok(vgic_ppi_assert(vm, 1, none[i]) == -EINVAL && vgic_ppi_deassert(vm, 1, none[i]) == -EINVAL &&
                       vgic_ppi_pulse(vm, 1, none[i]) == -EINVAL, "%u is no PPI", none[i]);
        tap_eq(vgic_ppi_assert(vm, 2, 1056), -EINVAL, "1056 of a vCPU that is none");
        for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
                tap_ok(vgic_ppi_assert(vm, 1, some[i]) == 0 && state_of(vm, 1, some[i]) == 1 &&
                       state_of(vm, 0, some[i]) == 0, "PPI %u of vCPU 1 is asserted, and of no other", some[i]);
                tap_ok(vgic_ppi_deassert(vm, 1, some[i]) == 0 && state_of(vm, 1, some[i]) == 0, "... deasserted");
                tap_ok(vgic_ppi_pulse(vm, 1, some[i]) == 0 && state_of(vm, 1, some[i]) == 2, "... pulsed");
        }
}

static void test_messages(struct vgic_conn *tool, struct vgic_vm *vm)
{
        static const uint32_t none[] = { 0, 15, 96, 1019, 1020, 1023, 1024, 1055, 1088, 4095, 4160, 5120, UINT32_MAX };
        static const uint32_t some[] = { 31, 33, 1057, 4097 };
        struct vgic_irq_state state;
        uint64_t count = 7;

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                tap_eq(vgic_msg_inject(tool, "extended", 1, none[i], VGIC_LINE_ASSERT), -EINVAL,
                       "a message cannot inject %u", none[i]);
        for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
                tap_ok(vgic_msg_inject(tool, "extended", 1, some[i], VGIC_LINE_ASSERT) == 0 &&
                       (state_of(vm, 1, some[i]) & 1), "a message asserts %u", some[i]);
                tap_ok(vgic_msg_irqs(tool, "extended", 1, some[i], &state, 1) == 1 && state.intid == some[i] &&
                       state.line, "... which is told");
                tap_ok(vgic_msg_inject(tool, "extended", 1, some[i], VGIC_LINE_DEASSERT) == 0 &&
                       !(state_of(vm, 1, some[i]) & 1), "... and deasserts it");
                tap_ok(vgic_vm_ack_count(vm, 1, some[i], &count) == 0 && count == 0, "... it was never acknowledged");
        }
        tap_eq(vgic_vm_ack_count(vm, 1, 4160, &count), -EINVAL, "no count of what does not exist");
        tap_eq(vgic_vm_ack_count(vm, 1, 1088, &count), -EINVAL, "nor of an extended PPI that does not exist");
}

/* The INTIDs of the VM "extended", in order. */
static uint32_t nth_intid(uint32_t i)
{
        return i < 96 ? i : i < 96 + 32 ? 1056 + i - 96 : 4096 + i - 128;
}

static void test_list(struct vgic_conn *tool)
{
        struct vgic_irq_state states[300];
        bool right = true;
        int n = vgic_msg_irqs(tool, "extended", 0, 0, states, 300);

        tap_eq(n, 96 + 32 + 64, "the list has all ranges");
        for (int i = 0; i < n; i++)
                right = right && states[i].intid == nth_intid((uint32_t)i);
        tap_ok(right, "... in ascending order");
        tap_eq(vgic_msg_irqs(tool, "extended", 0, 0, states, 100), 100, "100 were asked for");
        tap_eq(states[99].intid, 1059, "... which end within the extended PPIs");
        n = vgic_msg_irqs(tool, "extended", 0, 97, states, 300);
        tap_ok(n == 96 && states[0].intid == 1056, "from within a gap it goes on at the next range");
        n = vgic_msg_irqs(tool, "extended", 0, 1088, states, 300);
        tap_ok(n == 64 && states[0].intid == 4096 && states[63].intid == 4159,
               "from 1088 on there are the extended SPIs");
        tap_eq(vgic_msg_irqs(tool, "extended", 0, 4160, states, 300), 0, "from 4160 on there is nothing");
        tap_eq(vgic_msg_irqs(tool, "extended", 0, UINT32_MAX, states, 300), 0, "nor at the end of all numbers");
}

/* 988 + 1024 SPIs and 64 + 32 private ones are five pages. */
static void test_pages(struct vgic_conn *conn)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "pages", .n_vcpus = 1, .n_spis = 988,
                .n_espis = 1024, .n_eppis = 64 };
        struct vgic_vm *vm = create(conn, &config);
        struct vgic_irq_state *states = calloc(3000, sizeof(*states));
        int n = vgic_msg_irqs(conn, "pages", 0, 0, states, 3000);
        bool ordered = n > 0;

        tap_eq(n, 32 + 988 + 64 + 1024, "a list over several pages has every interrupt");
        for (int i = 1; i < n; i++)
                ordered = ordered && states[i].intid > states[i - 1].intid;
        tap_ok(ordered && states[n - 1].intid == 5119, "... each once");
        free(states);
        destroy(conn, vm, "pages");
}

/* --- devices --- */

static bool wait_event(struct vgic_conn *conn, struct vgic_event *event)
{
        while (vgic_conn_next_event(conn, event) == 0) {
                struct pollfd pollfd = { .fd = vgic_conn_fd(conn), .events = POLLIN };

                if (poll(&pollfd, 1, 30000) != 1 || vgic_conn_process(conn) < 0)
                        return false;
        }
        return true;
}

/* What a device puts into its ring takes the daemon a moment. */
static bool wait_state(struct vgic_vm *vm, uint32_t intid, unsigned wanted)
{
        for (unsigned i = 0; i < 30000; i++) {
                if (state_of(vm, 0, intid) == wanted)
                        return true;
                poll(NULL, 0, 1);
        }
        return false;
}

static void test_grant(struct vgic_conn *conn, struct vgic_vm *vm)
{
        static const uint32_t granted[] = { 95, 4096, 4159 }, not_spi[] = { 1056 }, absent[] = { 4160 },
                              again[] = { 4100, 4100 };
        struct vgic_conn *device = connect_daemon();
        struct vgic_vm *dev = NULL;
        struct vgic_event event;
        char token[VGIC_TOKEN_MAX + 1];
        uint64_t seen = 0;

        tap_eq(vgic_grant(vm, "ppi", not_spi, 1, token), -EINVAL, "an extended PPI cannot be granted");
        tap_eq(vgic_grant(vm, "absent", absent, 1, token), -EINVAL, "nor an extended SPI that the VM does not have");
        tap_eq(vgic_grant(vm, "again", again, 2, token), -EINVAL, "nor one twice: %s", vgic_conn_error(conn));
        if (vgic_grant(vm, "device", granted, 3, token) < 0 || vgic_device_attach(device, "extended", token, &dev) < 0)
                tap_bail("grant: %s, %s", vgic_conn_error(conn), vgic_conn_error(device));
        tap_ok(vgic_spi_assert(dev, 4159) == 0 && wait_state(vm, 4159, 1),
               "a device asserts the last extended SPI by ring");
        tap_ok(vgic_spi_deassert(dev, 4159) == 0 && wait_state(vm, 4159, 0), "... and deasserts it");
        tap_ok(vgic_spi_assert(dev, 4096) == 0 && wait_state(vm, 4096, 1), "and the first");
        tap_eq(vgic_spi_assert(dev, 4097), -EACCES, "one that was not granted");
        tap_eq(vgic_spi_assert(dev, 33), -EACCES, "nor the SPI as far behind its first");
        tap_eq(vgic_spi_assert(dev, 4160), -EINVAL, "one that does not exist");
        tap_eq(vgic_spi_assert(dev, 1056), -EINVAL, "nor is an extended PPI an SPI");
        tap_eq(vgic_revoke(vm, "device"), 0, "revoke");
        tap_ok(state_of(vm, 0, 4096) == 0, "its wire is low again");
        for (int i = 0; i < 3 && wait_event(device, &event); i++)
                seen |= event.kind == VGIC_EVENT_REVOKED ? event.intid == 95 ? 1u : event.intid == 4096 ? 2u :
                                event.intid == 4159 ? 4u : 8u : 16u;
        tap_eq(seen, 7, "the device is told of each");
        tap_eq(vgic_spi_assert(dev, 4159), -EACCES, "and has it no more");
        vgic_vm_detach(dev);
        vgic_disconnect(device);
}

/* vCPU 0 with group 1 on, and all extended interrupts of the VM in group 1 and enabled. */
static struct vgic_vcpu *boot(struct vgic_conn *conn, struct vgic_vm *vm)
{
        struct vgic_vcpu *vcpu = NULL;

        if (vgic_vcpu_register(vm, 0, NULL, &vcpu) < 0)
                tap_bail("register: %s", vgic_conn_error(conn));
        vgic_vcpu_power(vcpu, 1);
        vgic_gicr_write(vm, 0x14, 4, 0);                        /* GICR_WAKER: awake */
        vgic_gicr_write(vm, 0x10084, 4, UINT32_MAX);            /* GICR_IGROUPR1E */
        vgic_gicr_write(vm, 0x10104, 4, UINT32_MAX);            /* GICR_ISENABLER1E */
        vgic_gicd_write(vm, 0, 4, 0x12);                        /* GICD_CTLR: ARE, group 1 */
        vgic_gicd_write(vm, 0x1004, 4, UINT32_MAX);             /* GICD_IGROUPR1E */
        vgic_gicd_write(vm, 0x1204, 4, UINT32_MAX);             /* GICD_ISENABLER1E */
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        return vcpu;
}

/* From a device's wire to the guest and back: the end of interrupt. */
static void test_delivery(struct vgic_conn *conn, struct vgic_vm *vm)
{
        static const uint32_t granted[] = { 4159 };
        struct vgic_conn *device = connect_daemon();
        struct vgic_vm *dev = NULL;
        struct vgic_vcpu *vcpu = boot(conn, vm);
        struct vgic_event event = { 0 };
        char token[VGIC_TOKEN_MAX + 1];
        uint64_t count = 0;

        if (vgic_grant(vm, "wire", granted, 1, token) < 0 || vgic_device_attach(device, "extended", token, &dev) < 0)
                tap_bail("grant: %s, %s", vgic_conn_error(conn), vgic_conn_error(device));
        tap_eq(vgic_spi_assert(dev, 4159), 0, "a device asserts an extended SPI");
        tap_ok(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0) & VGIC_WAKE_IRQ, "the vCPU wakes");
        tap_eq(vgic_vcpu_ack(vcpu, 1), 4159, "and acknowledges it");
        vgic_spi_deassert(dev, 4159);
        vgic_vcpu_eoi(vcpu, 1, 4159);
        tap_ok(wait_event(device, &event) && event.kind == VGIC_EVENT_EOI && event.intid == 4159,
               "the device hears of its end");
        tap_ok(vgic_vm_ack_count(vm, 0, 4159, &count) == 0 && count == 1, "it is counted");
        tap_eq(vgic_ppi_pulse(vm, 0, 1087), 0, "an extended PPI");
        tap_eq(vgic_vcpu_ack(vcpu, 1), 1087, "is delivered, too");
        vgic_vcpu_eoi(vcpu, 1, 1087);
        tap_ok(vgic_vm_ack_count(vm, 0, 1087, &count) == 0 && count == 1, "and counted");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(dev);
        vgic_disconnect(device);
}

/* All that can be granted at once. */
static void test_grant_all(struct vgic_conn *conn)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "most", .n_vcpus = 1, .n_spis = 988,
                .n_espis = 1024 };
        struct vgic_vm *vm = create(conn, &config), *dev = NULL;
        struct vgic_conn *device = connect_daemon();
        uint32_t intids[988 + 1024 + 1], n = 0;
        char token[VGIC_TOKEN_MAX + 1];

        for (uint32_t i = 0; i < 988; i++)
                intids[n++] = 32 + i;
        for (uint32_t i = 0; i < 1024; i++)
                intids[n++] = 4096 + i;
        intids[n] = 32;
        tap_eq(vgic_grant(vm, "more", intids, n + 1, token), -EINVAL, "more SPIs than there can be: %s",
               vgic_conn_error(conn));
        tap_eq(vgic_grant(vm, "all", intids, n, token), 0, "all of them");
        tap_eq(vgic_device_attach(device, "most", token, &dev), 0, "one device has them");
        tap_ok(vgic_spi_assert(dev, 5119) == 0 && wait_state(vm, 5119, 1), "even the last");
        vgic_vm_detach(dev);
        tap_ok(wait_state(vm, 5119, 0), "whose wire goes low with the device");
        vgic_disconnect(device);
        destroy(conn, vm, "most");
}

int main(void)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "extended", .n_vcpus = 2, .n_spis = 64,
                .n_espis = 64, .n_eppis = 32 };
        struct vgic_conn *conn, *tool;
        struct vgic_vm *vm;

        daemon_start(&daemon_, NULL);
        conn = connect_daemon();
        tool = connect_daemon();
        test_wrong(conn);
        test_right(conn);
        test_regions(conn);
        vm = create(conn, &config);
        test_spi_calls(vm);
        test_ppi_calls(vm);
        test_messages(tool, vm);
        test_list(tool);
        destroy(conn, vm, "extended");
        vm = create(conn, &config);
        test_grant(conn, vm);
        test_delivery(conn, vm);
        destroy(conn, vm, "extended");
        test_pages(conn);
        test_grant_all(conn);
        vgic_disconnect(tool);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        return tap_done();
}
