/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Events that wait for a host: the last of TDIR is what TDIR is, and none is missing
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "gic-shared.h"
#include "liar.h"
#include "proto-message.h"
#include "proto-table.h"
#include "tap.h"
#include "vgic/vgic.h"

#define WAIT_MS  20000

static void send_event(int fd, uint32_t id, const ProtobufCMessage *message)
{
        uint8_t frame[PROTO_HEADER_BYTES + 64];
        struct proto_header header = {
                .request = id, .flags = PROTO_VERSION,
                .size = (uint32_t)protobuf_c_message_get_packed_size(message),
        };

        proto_frame_encode(frame, &header);
        protobuf_c_message_pack(message, frame + PROTO_HEADER_BYTES);
        if (send(fd, frame, PROTO_HEADER_BYTES + header.size, MSG_NOSIGNAL) < 0)
                _exit(1);
}

static void send_tdir(int fd, uint32_t cause, uint64_t generation)
{
        Vgic__EventTdir event = VGIC__EVENT_TDIR__INIT;

        event.set = cause != 0;
        event.cause = cause;
        event.generation = generation;
        send_event(fd, PROTO_EVENT_TDIR, &event.base);
}

static void send_intid(int fd, uint32_t id, uint32_t intid)
{
        Vgic__EventIntid event = VGIC__EVENT_INTID__INIT;

        event.intid = intid;
        send_event(fd, id, &event.base);
}

/* Set, clear, set by the same SPI, as a short interrupt after another makes it. */
static void say_set_clear_set(int fd)
{
        send_tdir(fd, 40, 1);
        send_tdir(fd, 0, 2);
        send_tdir(fd, 40, 3);
}

static void say_everything(int fd)
{
        for (uint32_t i = 0; i < GIC_N_SHARED; i++) {
                send_intid(fd, PROTO_EVENT_EOI, gic_shared_intid(i));
                send_intid(fd, PROTO_EVENT_REVOKED, gic_shared_intid(i));
                send_tdir(fd, gic_shared_intid(i), 2 * i + 1);
                send_tdir(fd, 0, 2 * i + 2);
        }
        send_intid(fd, PROTO_EVENT_REVOKED, 0);
}

/* What a VMM that is not to be trusted writes into its segment. */
static void say_causes_that_are_none(int fd)
{
        for (uint32_t i = 0; i < 2 * GIC_N_SHARED; i++)
                send_tdir(fd, 70000 + i, i + 1);
}

/* A daemon that says @say, and closes. Return: a connection that has taken all of it. */
static struct vgic_conn *hear(const struct liar *liar, void (*say)(int fd))
{
        struct vgic_conn_options options = {
                .size = sizeof(options), .socket_path = liar->address.sun_path,
                .timeout_ms = WAIT_MS,
        };
        struct vgic_conn *conn;
        pid_t pid = fork();

        if (pid == 0) {
                int fd = accept(liar->listener, NULL, NULL);

                skip_request(fd);
                send(fd, HELLO_OK, sizeof(HELLO_OK) - 1, 0);
                say(fd);
                _exit(0);
        }
        if (vgic_connect(&options, &conn) < 0)
                tap_bail("connect: %s", vgic_conn_error(conn));
        do {
                struct pollfd wait = { .fd = vgic_conn_fd(conn), .events = POLLIN };

                poll(&wait, 1, WAIT_MS);
        } while (vgic_conn_process(conn) >= 0);
        waitpid(pid, NULL, 0);
        return conn;
}

static void last_tdir_event_is_what_tdir_is(const struct liar *liar)
{
        struct vgic_conn *conn = hear(liar, say_set_clear_set);
        struct vgic_event event = { 0 };
        uint64_t before = 0;
        bool in_order = true;

        while (vgic_conn_next_event(conn, &event) == 1) {
                in_order = in_order && event.generation > before;
                before = event.generation;
        }
        tap_ok(event.tdir == 1 && event.generation == 3,
               "TDIR set, clear, set again before the host asks: the last event says set "
               "(%u, generation %u)", event.tdir, (unsigned)event.generation);
        tap_ok(in_order, "TDIR set, clear, set again before the host asks: told in that order");
        vgic_disconnect(conn);
}

static void nothing_is_left_out(const struct liar *liar)
{
        struct vgic_conn *conn = hear(liar, say_everything);
        struct vgic_event event = { 0 };
        unsigned n[VGIC_EVENT_REVOKED + 1] = { 0 };
        bool vm_gone = false;

        while (vgic_conn_next_event(conn, &event) == 1) {
                n[event.kind]++;
                vm_gone = vm_gone || (event.kind == VGIC_EVENT_REVOKED && event.intid == 0);
        }
        tap_eq(n[VGIC_EVENT_EOI], GIC_N_SHARED, "every interrupt ended: all are told");
        tap_eq(n[VGIC_EVENT_REVOKED], GIC_N_SHARED + 1, "every grant was revoked: all are told");
        tap_eq(n[VGIC_EVENT_TDIR], GIC_N_SHARED + 1, "every SPI set TDIR: all are told");
        tap_ok(vm_gone, "everything happened, then the VM was destroyed: that is told");
        vgic_disconnect(conn);
}

static void cause_that_is_none_is_not_told(const struct liar *liar)
{
        struct vgic_conn *conn = hear(liar, say_causes_that_are_none);
        struct vgic_event event = { 0 };
        unsigned n = 0;

        while (vgic_conn_next_event(conn, &event) == 1)
                n++;
        tap_ok(n == 1 && event.intid == 0 && event.generation == 2 * GIC_N_SHARED,
               "TDIR is set by INTIDs that are none: the last change is told, without a cause "
               "(%u events)", n);
        vgic_disconnect(conn);
}

static void no_connection_is_an_error(void)
{
        struct vgic_event event;

        tap_eq(vgic_conn_next_event(NULL, &event), -EINVAL, "no connection: no event of it");
        tap_eq(vgic_conn_process(NULL), -EINVAL, "no connection: nothing to process");
        tap_eq(vgic_conn_fd(NULL), -EINVAL, "no connection: no descriptor to poll");
}

int main(void)
{
        struct liar liar;

        signal(SIGPIPE, SIG_IGN);
        no_connection_is_an_error();
        liar_listen(&liar);
        last_tdir_event_is_what_tdir_is(&liar);
        nothing_is_left_out(&liar);
        cause_that_is_none_is_not_told(&liar);
        liar_close(&liar);
        return tap_done();
}
