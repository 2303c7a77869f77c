/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Random clients: well-formed and broken messages with random values, in random states,
 * with random descriptors
 *
 * The sequence depends on the seed alone, which VGIC_TEST_SEED sets;
 * VGIC_TEST_MESSAGES sets how many.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base-clock.h"
#include "base-fd.h"
#include "daemon-proc.h"
#include "proto-fds.h"
#include "proto-message.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "tap.h"
#include "vgic/vgic.h"

#define N_CLIENTS   8u
#define N_MESSAGES  20000u

struct client {
        enum proto_state state; /* as the replies tell */
        uint32_t n_ok;          /* requests that succeeded */
        int fd;
        bool torn;    /* half a message was sent: what follows means something else to the daemon */
        char token[64];         /* of the last grant that any reply told */
};

static uint64_t state;

static uint32_t draw(uint32_t below)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (uint32_t)(state >> 32) % below;
}

static uint64_t draw_value(void)
{
        static const uint64_t edges[] = { 0, 1, 2, 3, 15, 16, 31, 32, 33, 40, 127, 253, 254, 1019,
                                          1020, 1056, 1119, 1120, 4096, 5119, 5120, UINT32_MAX,
                                          UINT64_MAX };

        return draw(3) ? edges[draw(sizeof(edges) / sizeof(edges[0]))] : draw(64);
}

static char *draw_string(const struct client *client)
{
        static const char *const strings[] = { "", "", "a", "b", "a", "b", "..", "a b", "\xff\xfe",
                                               "-a" };

        if (draw(4) == 0)
                return strdup(client->token);
        return strdup(strings[draw(sizeof(strings) / sizeof(strings[0]))]);
}

/* One field of a message; the messages of this protocol's requests have no others. */
static void fill_field(const struct client *client, ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field)
{
        char *at = (char *)message + field->offset;
        size_t n = draw(4);

        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
                size_t width = field->type == PROTOBUF_C_TYPE_UINT64 ? 8 : 4;
                uint8_t *values = calloc(n + 1, width);

                for (size_t i = 0; i < n; i++) {
                        uint64_t value = draw_value();

                        memcpy(values + i * width, &value, width);
                }
                *(void **)at = values;
                *(size_t *)(void *)((char *)message + field->quantifier_offset) = n;
        } else if (field->type == PROTOBUF_C_TYPE_STRING) {
                *(char **)at = draw_string(client);
        } else if (field->type == PROTOBUF_C_TYPE_UINT64) {
                *(uint64_t *)(void *)at = draw_value();
        } else {
                *(uint32_t *)(void *)at = (uint32_t)draw_value();
        }
}

static ProtobufCMessage *draw_message(const struct client *client,
                                      const ProtobufCMessageDescriptor *descriptor)
{
        ProtobufCMessage *message = calloc(1, descriptor->sizeof_message);

        protobuf_c_message_init(descriptor, message);
        for (unsigned i = 0; i < descriptor->n_fields; i++)
                if (draw(8))
                        fill_field(client, message, &descriptor->fields[i]);
        return message;
}

/*
 * Nothing must never be sent; but most VMs should come to be, and some thousand vCPUs each time
 * would only be slow.
 */
static void tame(const struct proto_row *row, ProtobufCMessage *message)
{
        Vgic__VmCreate *create = (Vgic__VmCreate *)message;

        if (row->id == PROTO_VM_CREATE && create->n_vcpus > 64 && create->n_vcpus <= 4096)
                create->n_vcpus = 64;
        if (row->id == PROTO_VM_CREATE && draw(4)) {
                create->n_priority_bits = 0;
                create->n_spis = draw(100);
                create->n_mpidrs = 0;
                create->flags &= PROTO_VM_FLAGS_ALL;
                create->n_espis = 32 * draw(4);
                create->n_eppis = 32 * draw(3);
                create->affinity_levels = draw(2) ? 3 + draw(2) : 0;
                create->n_redist_regions = create->redist_regions && create->n_vcpus > 0 ? draw(2)
                                                                                         : 0;
                if (create->n_redist_regions > 0)
                        create->redist_regions[0] = create->n_vcpus;
        }
        if (row->id == PROTO_HELLO)
                ((Vgic__Hello *)message)->features = draw(4) ? PROTO_FEATURES_ALL : draw(32);
}

static void break_frame(uint8_t *frame, size_t size)
{
        for (unsigned n = draw(4) + 1; n > 0; n--) {
                size_t at = draw((uint32_t)size);

                if (at >= 8 && at < PROTO_HEADER_BYTES)
                        continue; /* the size stays true, or the daemon would wait for the rest */
                frame[at] ^= (uint8_t)(1u << draw(8));
        }
}

static void connect_client(const struct daemon_proc *proc, struct client *client)
{
        if (client->fd >= 0)
                close(client->fd);
        client->fd = daemon_socket(proc);
        client->torn = false;
        client->state = PROTO_STATE_NEW;
}

/* Read what is there; remember a token. Return: false if the daemon closed. */
static bool read_replies(struct client *client)
{
        struct proto_rx rx = { 0 };
        int r;

        while ((r = proto_rx_step(&rx, client->fd)) == PROTO_RX_FRAME) {
                ProtobufCMessage *message;

                if (rx.code == PROTO_OK &&
                    proto_message_unpack(&vgic__status_reply__descriptor, rx.payload,
                                         rx.header.size, &message) == 0) {
                        const Vgic__StatusReply *reply = (const Vgic__StatusReply *)message;

                        if (reply->status && reply->status->code == PROTO_OK &&
                            proto_table_find(rx.header.request)) {
                                client->n_ok++;
                                client->state = proto_state_next(
                                        client->state, proto_table_find(rx.header.request));
                        }
                        proto_message_free(message);
                }
                if (rx.header.request == PROTO_GRANT && rx.code == PROTO_OK &&
                    proto_message_unpack(&vgic__grant_reply__descriptor, rx.payload, rx.header.size,
                                         &message) == 0) {
                        const char *token = ((Vgic__GrantReply *)message)->token;

                        if (token[0])
                                snprintf(client->token, sizeof(client->token), "%s", token);
                        proto_message_free(message);
                }
                proto_rx_release(&rx);
        }
        proto_rx_release(&rx);
        return r == PROTO_RX_AGAIN;
}

/* Mostly a message that is allowed now, and often one of those without which nothing else works. */
static const struct proto_row *draw_row(const struct client *client)
{
        static const uint32_t likely[] = { PROTO_HELLO, PROTO_VM_CREATE, PROTO_VM_ATTACH,
                                           PROTO_VM_INIT, PROTO_GRANT };
        size_t n_rows;
        const struct proto_row *rows = proto_table_rows(&n_rows), *row;

        do
                row = draw(4) ? &rows[draw((uint32_t)n_rows)] :
                                proto_table_find(likely[draw(sizeof(likely) / sizeof(likely[0]))]);
        while (!(row->states & client->state) && draw(16));
        return row;
}

/* Return: an answer must come. */
static bool send_random(struct client *client, int event, int file)
{
        const struct proto_row *row = draw_row(client);
        size_t size;
        uint32_t flags = draw(8) ? PROTO_FLAG_NEED_REPLY : draw(16) & ~3u;
        int fds[2] = { event, file };
        ProtobufCMessage *message;
        bool whole = false;
        uint8_t *frame;
        uint32_t n_fds;

        n_fds = row->min_fds ? draw(3) : draw(20) == 0;
        message = draw_message(client, row->payload);
        tame(row, message);
        if (proto_message_frame(row->id, flags, message, &frame, &size) == 0) {
                uint32_t n_bytes = draw(1000) ? (uint32_t)size : draw((uint32_t)size) + 1;

                whole = n_bytes == size && (flags & PROTO_FLAG_NEED_REPLY);
                if (draw(10) == 0) {
                        break_frame(frame, size);
                        whole = false;
                }
                if (proto_fds_send(client->fd, frame, n_bytes, fds, n_fds) != (ssize_t)size)
                        client->torn = true;
                free(frame);
        }
        proto_message_free(message);
        return whole && !client->torn;
}

static uint32_t from_environment(const char *name, uint32_t otherwise)
{
        const char *text = getenv(name);

        return text ? (uint32_t)strtoul(text, NULL, 0) : otherwise;
}

static void destroy_all(struct vgic_conn *conn)
{
        struct vgic_vm_info *infos = NULL;
        size_t n_infos = 0;

        if (vgic_vm_list(conn, &infos, &n_infos) < 0)
                tap_note("list: %s", vgic_conn_error(conn));
        for (size_t i = 0; i < n_infos; i++)
                vgic_vm_destroy(conn, infos[i].name);
        free(infos);
}

int main(void)
{
        uint32_t seed = from_environment("VGIC_TEST_SEED", 1),
                 n = from_environment("VGIC_TEST_MESSAGES", N_MESSAGES);
        int event = base_fd_eventfd(), file = dup(event), before;
        struct client clients[N_CLIENTS];
        struct daemon_proc proc;
        uint32_t n_closed = 0, n_ok = 0;
        uint64_t deadline;
        struct vgic_conn *conn;

        state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
        tap_note("seed %" PRIu32 ", %" PRIu32 " messages", seed, n);
        daemon_start(&proc, &(struct daemon_options){ .quiet = !getenv("VGIC_TEST_LOUD") });
        daemon_alive(&proc);
        before = daemon_fd_count(&proc);
        for (uint32_t i = 0; i < N_CLIENTS; i++) {
                clients[i] = (struct client){ .fd = -1 };
                connect_client(&proc, &clients[i]);
        }
        for (uint32_t i = 0; i < n; i++) {
                struct client *client = &clients[draw(N_CLIENTS)];

                if (send_random(client, event, file) && draw(8) &&
                    !daemon_wait_readable(client->fd)) {
                        tap_ok(false, "message %" PRIu32 " is answered", i);
                        break;
                }
                if (draw(100) == 0 || (draw(8) && !read_replies(client))) {
                        n_closed++;
                        connect_client(&proc, client);
                }
        }
        for (uint32_t i = 0; i < N_CLIENTS; i++)
                n_ok += clients[i].n_ok;
        tap_ok(n_ok > n / 20,
               "%" PRIu32 " of %" PRIu32 " requests succeeded: the daemon was really used", n_ok,
               n);
        tap_ok(daemon_alive(&proc), "the daemon lives (%" PRIu32 " connections were used up)",
               n_closed);
        for (uint32_t i = 0; i < N_CLIENTS; i++)
                close(clients[i].fd);
        conn = daemon_connect(&proc);
        destroy_all(conn);
        vgic_disconnect(conn);
        deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
        while (daemon_fd_count(&proc) > before && base_clock_ns() < deadline)
                poll(NULL, 0, 1);
        tap_ok(daemon_fd_count(&proc) <= before, "no descriptor is left: %d before, %d after",
               before, daemon_fd_count(&proc));
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        return tap_done();
}
