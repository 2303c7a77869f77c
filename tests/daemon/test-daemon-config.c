/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * VM_CREATE as any client may send it: the daemon checks for itself, and a client of before the
 * feature EXTENDED gets what it always got
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "proto-limits.h"
#include "proto-message.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "proto-tx.h"
#include "tap.h"

#define OLD_FEATURES  UINT64_C(0xf)

/* The next reply of the type that its row names; free it. */
static ProtobufCMessage *read_reply(int fd)
{
        struct proto_rx rx = { 0 };
        ProtobufCMessage *message = NULL;
        int r;

        while ((r = proto_rx_step(&rx, fd)) == PROTO_RX_AGAIN)
                if (!daemon_wait_readable(fd))
                        break;
        if (r != PROTO_RX_FRAME || !proto_table_find(rx.header.request) ||
            proto_message_unpack(proto_table_find(rx.header.request)->reply, rx.payload,
                                 rx.header.size, &message) < 0)
                tap_bail("no reply, or one that does not decode");
        proto_rx_release(&rx);
        return message;
}

static ProtobufCMessage *ask(int fd, uint32_t request, const ProtobufCMessage *message)
{
        struct proto_tx tx = { 0 };
        int r = proto_tx_send(&tx, fd, request, PROTO_FLAG_NEED_REPLY, message, NULL, 0);

        proto_tx_clear(&tx);
        if (r < 0)
                tap_bail("send: %s", strerror(-r));
        return read_reply(fd);
}

/* Field 1 of every reply. */
static const Vgic__Status *status_of(const ProtobufCMessage *reply)
{
        static const Vgic__Status none = VGIC__STATUS__INIT;
        const Vgic__Status *status = ((const Vgic__VmInfoReply *)reply)->status;

        return status ? status : &none;
}

static int hello(const struct daemon_proc *proc, uint64_t features)
{
        Vgic__Hello message = VGIC__HELLO__INIT;
        int fd = daemon_socket(proc);
        ProtobufCMessage *reply;

        message.features = features;
        reply = ask(fd, PROTO_HELLO, &message.base);
        if (status_of(reply)->code != PROTO_OK || ((Vgic__HelloReply *)reply)->features != features)
                tap_bail("HELLO was refused");
        proto_message_free(reply);
        return fd;
}

static uint32_t three[] = { 1, 2 }, five[] = { 4, 1 }, with_zero[] = { 4, 0 },
        wraps[] = { UINT32_MAX, 5 },
                ones[] = { 1, 1, 1, 1, 1 }, right[] = { 3, 1 };
static uint64_t aff3[] = { 0, 1, 2, UINT64_C(1) << 32 }, aff0[] = { 0, 1, 2, 16 },
        few[] = { 0, 1, 2 };

/* What differs from a VM of 4 vCPUs and 32 SPIs. */
struct variant {
        const char *what;
        uint32_t n_espis, n_eppis, affinity_levels, flags;
        size_t n_regions, n_mpidrs;
        uint32_t *regions;
        uint64_t *mpidrs;
        const char *words[2];   /* the member, and what it can be */
};

static const struct variant wrong[] = {
        { .what = "33 extended SPIs", .n_espis = 33, .words = { "n_espis", "32" } },
        { .what = "1056 extended SPIs", .n_espis = 1056, .words = { "n_espis", "1024" } },
        { .what = "2^32 - 32 extended SPIs", .n_espis = UINT32_MAX - 31,
          .words = { "n_espis", "1024" } },
        { .what = "1 extended PPI", .n_eppis = 1, .words = { "n_eppis", "64" } },
        { .what = "96 extended PPIs", .n_eppis = 96, .words = { "n_eppis", "64" } },
        { .what = "2 affinity levels", .affinity_levels = 2,
          .words = { "affinity_levels", "3 or 4" } },
        { .what = "5 affinity levels", .affinity_levels = 5,
          .words = { "affinity_levels", "3 or 4" } },
        { .what = "regions of too few vCPUs", .n_regions = 2, .regions = three,
          .words = { "redist_regions", "n_vcpus" } },
        { .what = "regions of too many vCPUs", .n_regions = 2, .regions = five,
          .words = { "redist_regions", "n_vcpus" } },
        { .what = "regions whose sum wraps", .n_regions = 2, .regions = wraps,
          .words = { "redist_regions", "n_vcpus" } },
        { .what = "an empty region", .n_regions = 2, .regions = with_zero,
          .words = { "redist_regions", "empty" } },
        { .what = "more regions than vCPUs", .n_regions = 5, .regions = ones,
          .words = { "redist_regions", "at least 1" } },
        { .what = "Aff3 with 3 levels", .affinity_levels = 3, .n_mpidrs = 4, .mpidrs = aff3,
          .words = { "mpidrs", "Aff3 0" } },
        { .what = "Aff0 16 without range selector", .flags = PROTO_VM_NO_RSS, .n_mpidrs = 4,
          .mpidrs = aff0,
          .words = { "mpidrs", "Aff0 0 to 15" } },
        { .what = "3 affinities for 4 vCPUs", .n_mpidrs = 3, .mpidrs = few,
          .words = { "mpidrs", "4 vCPUs" } },
        { .what = "an unknown flag", .flags = 32, .words = { "flags", "0x1f" } },
};

static const struct variant extended[] = {
        { .what = "extended SPIs", .n_espis = 32, .words = { "n_espis", "EXTENDED" } },
        { .what = "extended PPIs", .n_eppis = 32, .words = { "n_eppis", "EXTENDED" } },
        { .what = "3 affinity levels", .affinity_levels = 3,
          .words = { "affinity_levels", "EXTENDED" } },
        { .what = "regions", .n_regions = 2, .regions = right,
          .words = { "redist_regions", "EXTENDED" } },
        { .what = "no 1-of-N", .flags = PROTO_VM_NO_1_OF_N, .words = { "flags", "EXTENDED" } },
        { .what = "no range selector", .flags = PROTO_VM_NO_RSS, .words = { "flags", "EXTENDED" } },
};

/* Field by field, and not by the library: that would refuse first. */
static ProtobufCMessage *create(int fd, const char *name, const struct variant *variant)
{
        Vgic__VmCreate message = VGIC__VM_CREATE__INIT;

        message.name = (char *)(uintptr_t)name;
        message.n_vcpus = 4;
        message.n_spis = 32;
        message.flags = variant->flags | PROTO_VM_EPHEMERAL;
        message.n_espis = variant->n_espis;
        message.n_eppis = variant->n_eppis;
        message.affinity_levels = variant->affinity_levels;
        message.n_redist_regions = variant->n_regions;
        message.redist_regions = variant->regions;
        message.n_mpidrs = variant->n_mpidrs;
        message.mpidrs = variant->mpidrs;
        return ask(fd, PROTO_VM_CREATE, &message.base);
}

static void wrong_member_is_named_with_what_it_can_be(int fd, const struct variant *variants,
                                                      size_t n)
{
        for (size_t i = 0; i < n; i++) {
                ProtobufCMessage *reply = create(fd, "wrong", &variants[i]);
                const Vgic__Status *status = status_of(reply);

                tap_eq(status->code, PROTO_INVALID, "%s: INVALID", variants[i].what);
                tap_ok(strstr(status->text, variants[i].words[0]) &&
                       strstr(status->text, variants[i].words[1]),
                       "%s: the words name the member and what it can be: %s", variants[i].what,
                       status->text);
                proto_message_free(reply);
        }
}

/*
 * An old client gets the defaults, and is told of no field that it does not know; a new one is told
 * of the same VM.
 */
static void old_client_is_told_no_new_field(int fd, int new)
{
        Vgic__VmName ask_info = VGIC__VM_NAME__INIT;
        ProtobufCMessage *reply = create(fd, "old", &(struct variant){ 0 });
        const Vgic__VmInfo *vm = ((Vgic__VmInfoReply *)reply)->vm;

        tap_ok(status_of(reply)->code == PROTO_OK && vm,
               "a client of before the feature creates a VM");
        tap_ok(vm && vm->affinity_levels == 0 && vm->n_redist_regions == 0 && vm->flags == 0,
               "a client of before the feature: told no field that it does not know");
        proto_message_free(reply);
        ask_info.name = (char *)(uintptr_t)"old";
        reply = ask(new, PROTO_VM_INFO, &ask_info.base);
        vm = ((Vgic__VmInfoReply *)reply)->vm;
        tap_ok(vm && vm->n_espis == 0 && vm->n_eppis == 0 && vm->affinity_levels == 4 &&
                       vm->n_redist_regions == 1 && vm->flags == PROTO_VM_EPHEMERAL,
               "a client of before the feature: its VM is of the defaults");
        proto_message_free(reply);
}

/* @fd asks by name, as often as it takes. Return: the last INTID that it is told of. */
static uint32_t last_intid(int fd, const char *name, uint32_t *ret_n)
{
        Vgic__IrqList message = VGIC__IRQ_LIST__INIT;
        uint32_t last = 0;
        size_t n;

        *ret_n = 0;
        message.name = (char *)(uintptr_t)name;
        message.count = 1000;
        do {
                ProtobufCMessage *reply = ask(fd, PROTO_IRQ_LIST, &message.base);
                const Vgic__IrqListReply *list = (const Vgic__IrqListReply *)reply;

                if (status_of(reply)->code != PROTO_OK)
                        tap_bail("IRQ_LIST: %s", status_of(reply)->text);
                n = list->n_irqs;
                if (n > 0)
                        last = list->irqs[n - 1]->intid;
                *ret_n += (uint32_t)n;
                message.first_intid = last + 1;
                proto_message_free(reply);
        } while (n > 0);
        return last;
}

/* IRQ_LIST of a VM with extended ranges, for both sorts of clients. */
static void old_client_lists_no_extended_interrupts(const struct daemon_proc *proc)
{
        int owner = hello(proc, PROTO_FEATURES_ALL), old = hello(proc, OLD_FEATURES);
        int new = hello(proc, PROTO_FEATURES_ALL);
        ProtobufCMessage *reply = create(owner, "both",
                                         &(struct variant){ .n_espis = 1024, .n_eppis = 64 });
        Vgic__Empty empty = VGIC__EMPTY__INIT;
        uint32_t n = 0;

        tap_eq(status_of(reply)->code, PROTO_OK, "a VM with extended ranges");
        proto_message_free(reply);
        proto_message_free(ask(owner, PROTO_VM_INIT, &empty.base));
        tap_eq(last_intid(new, "both", &n), 5119, "its list ends with the last extended SPI");
        tap_eq(n, 32 + 32 + 64 + 1024,
               "a new client lists a VM with extended ranges: every interrupt");
        tap_eq(last_intid(old, "both", &n), 63, "for an old client it ends with the SPIs");
        tap_eq(n, 64, "an old client lists a VM with extended ranges: 64 interrupts");
        close(owner);
        close(old);
        close(new);
}

int main(void)
{
        struct daemon_proc proc;
        int fd, old;

        daemon_start(&proc, NULL);
        fd = hello(&proc, PROTO_FEATURES_ALL);
        old = hello(&proc, OLD_FEATURES);
        wrong_member_is_named_with_what_it_can_be(fd, wrong, sizeof(wrong) / sizeof(wrong[0]));
        wrong_member_is_named_with_what_it_can_be(old, extended,
                                                  sizeof(extended) / sizeof(extended[0]));
        old_client_is_told_no_new_field(old, fd);
        old_client_lists_no_extended_interrupts(&proc);
        close(fd);
        close(old);
        tap_ok(daemon_alive(&proc), "the daemon serves on");
        tap_eq(daemon_stop(&proc), 0, "after refused configurations the daemon stops in order");
        return tap_done();
}
