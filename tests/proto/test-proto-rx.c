/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Frames and descriptors through a real socket, in whole and in pieces; and that none leaks
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base-fd.h"
#include "proto-message.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "proto-tx.h"
#include "tap.h"

struct pair {
        int near, far;
        struct proto_rx rx;     /* on near */
};

static void pair_open(struct pair *p)
{
        int fd[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
                tap_bail("socketpair: %s", strerror(errno));
        *p = (struct pair){ .near = fd[0], .far = fd[1] };
}

static void pair_close(struct pair *p)
{
        proto_rx_release(&p->rx);
        base_fd_close(p->near);
        base_fd_close(p->far);
}

static void frames_are_found_in_any_pieces(void)
{
        static const uint8_t bytes[] = "\x0b\0\0\0\x09\0\0\0\x03\0\0\0\x08\xac\x02"
                                       "\x02\0\0\0\x09\0\0\0\0\0\0\0";
        struct pair p;
        bool early = false;

        pair_open(&p);
        for (size_t i = 0; i < 15; i++) {
                early = early || proto_rx_step(&p.rx, p.near) != PROTO_RX_AGAIN;
                if (send(p.far, bytes + i, 1, 0) != 1)
                        tap_bail("send");
        }
        tap_ok(!early, "byte by byte: no frame before its last byte");
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_FRAME, "byte by byte: a frame");
        tap_ok(p.rx.header.request == PROTO_VCPU_REGISTER && p.rx.header.size == 3 &&
               memcmp(p.rx.payload, "\x08\xac\x02", 3) == 0,
               "byte by byte: the frame has its payload");
        proto_rx_release(&p.rx);

        send(p.far, bytes, sizeof(bytes) - 1, 0);
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_FRAME, "two frames at once: the first");
        tap_eq(p.rx.header.request, PROTO_VCPU_REGISTER,
               "two frames at once, the first: its request");
        proto_rx_release(&p.rx);
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_FRAME, "two frames at once: the second");
        tap_eq(p.rx.header.request, PROTO_VM_LIST,
               "two frames at once, the second: its request, with an empty payload");
        proto_rx_release(&p.rx);
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_AGAIN, "two frames at once: no third");

        send(p.far, bytes, 5, 0);
        shutdown(p.far, SHUT_WR);
        tap_eq(proto_rx_step(&p.rx, p.near), -ECONNRESET,
               "the peer dies in the middle of a header");
        pair_close(&p);

        pair_open(&p);
        send(p.far, bytes, 13, 0);
        shutdown(p.far, SHUT_WR);
        tap_eq(proto_rx_step(&p.rx, p.near), -ECONNRESET,
               "the peer dies in the middle of a payload");
        pair_close(&p);

        pair_open(&p);
        shutdown(p.far, SHUT_WR);
        tap_eq(proto_rx_step(&p.rx, p.near), -ENOTCONN, "the peer closes between frames");
        pair_close(&p);
}

static void bad_frames_are_handed_out_with_their_code(void)
{
        struct pair p;

        pair_open(&p);
        send(p.far, "\x01\0\0\0\x09\0\0\0\x01\0\x01\0", 12, 0);
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_FRAME,
               "an oversized frame is handed out at its header");
        tap_ok(p.rx.code == PROTO_TOO_LARGE && !p.rx.payload,
               "an oversized frame is TOO_LARGE, and nothing is allocated for it");
        pair_close(&p);

        pair_open(&p);
        send(p.far, "\x01\0\0\0\x19\0\0\0\x02\0\0\0ab" "\x02\0\0\0\x09\0\0\0\0\0\0\0", 26, 0);
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_FRAME,
               "a frame with a reserved flag is read to its end");
        tap_eq(p.rx.code, PROTO_BAD_FRAME, "a frame with a reserved flag is BAD_FRAME");
        proto_rx_release(&p.rx);
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_FRAME,
               "behind a frame with a reserved flag the next one is found");
        tap_ok(p.rx.code == PROTO_OK && p.rx.header.request == PROTO_VM_LIST,
               "behind a frame with a reserved flag the next one is whole");
        pair_close(&p);
}

static void descriptors_come_with_their_frame(void)
{
        int before = tap_fd_count();
        int fds[PROTO_FDS_MAX];
        int event = base_fd_eventfd();
        struct proto_tx tx = { 0 };
        struct pair p;
        int taken;

        pair_open(&p);
        for (unsigned i = 0; i < PROTO_FDS_MAX; i++)
                fds[i] = event;
        tap_eq(proto_tx_send(&tx, p.far, PROTO_VM_LIST, 0, NULL, NULL, 0), 0,
               "sent: a frame without descriptors");
        tap_eq(proto_tx_send(&tx, p.far, PROTO_VM_DOORBELLS, PROTO_FLAG_REPLY, NULL, fds,
                             PROTO_FDS_MAX),
               0, "sent: a frame with 253 descriptors");
        tap_eq(proto_tx_send(&tx, p.far, PROTO_TDIR_SUBSCRIBE, 0, NULL, fds, 1), 0,
               "sent: a frame with 1 descriptor");
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_FRAME,
               "received: the frame without descriptors");
        tap_eq(p.rx.fds.n, 0,
               "received: the first frame has no descriptor, although others wait behind it");
        proto_rx_release(&p.rx);
        proto_rx_step(&p.rx, p.near);
        tap_eq(p.rx.fds.n, PROTO_FDS_MAX, "received: the second frame has 253 descriptors");
        taken = proto_fds_take(&p.rx.fds, 17);
        tap_ok(taken >= 0 && (fcntl(taken, F_GETFD) & FD_CLOEXEC) && base_fd_is_eventfd(taken) == 1,
               "a descriptor that came is close-on-exec, and the right thing");
        tap_eq(proto_fds_take(&p.rx.fds, 17), -1, "a descriptor that came can be taken once");
        tap_eq(proto_fds_take(&p.rx.fds, PROTO_FDS_MAX), -1,
               "there is no descriptor behind the last");
        proto_rx_release(&p.rx);
        tap_eq(fcntl(taken, F_GETFD), FD_CLOEXEC,
               "a descriptor that was taken stays open when the frame is released");
        base_fd_close(taken);
        proto_rx_step(&p.rx, p.near);
        tap_eq(p.rx.fds.n, 1, "received: the third frame has 1 descriptor");

        pair_close(&p);
        base_fd_close(event);
        tap_eq(tap_fd_count(), before, "no descriptor leaked");
}

/* More than 253 descriptors in one frame: in two sendmsg(), each as many as the kernel takes. */
static void too_many_descriptors_are_refused(void)
{
        int before = tap_fd_count();
        int fds[PROTO_FDS_MAX];
        struct pair p;

        pair_open(&p);
        for (unsigned i = 0; i < PROTO_FDS_MAX; i++)
                fds[i] = p.far;
        proto_fds_send(p.far, "\x0d\0\0\0\x09\0\0\0", 8, fds, PROTO_FDS_MAX);
        proto_fds_send(p.far, "\x02\0\0\0\x08", 5, fds, 1);
        proto_fds_send(p.far, "\x01", 1, fds, 7);
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_AGAIN,
               "261 descriptors in one frame: the caller has a pause after the first 253");
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_FRAME,
               "261 descriptors in one frame: it is handed out");
        tap_ok(p.rx.code == PROTO_BAD_FDS && p.rx.fds.lost && p.rx.fds.n <= PROTO_FDS_MAX,
               "261 descriptors in one frame: BAD_FDS");
        pair_close(&p);
        tap_eq(tap_fd_count(), before, "no descriptor leaked");
}

/* A receiver without free descriptors: the kernel drops some and says MSG_CTRUNC. */
static void descriptors_without_room_are_told(void)
{
        int before = tap_fd_count();
        struct rlimit old, low;
        int fds[8];
        struct pair p;

        pair_open(&p);
        for (unsigned i = 0; i < 8; i++)
                fds[i] = p.far;
        proto_fds_send(p.far, "\x0d\0\0\0\x09\0\0\0\0\0\0\0", 12, fds, 8);
        getrlimit(RLIMIT_NOFILE, &old);
        low = old;
        low.rlim_cur = (rlim_t)p.far + 4;
        setrlimit(RLIMIT_NOFILE, &low);
        tap_eq(proto_rx_step(&p.rx, p.near), PROTO_RX_FRAME,
               "8 descriptors where 3 have room: the frame is handed out");
        setrlimit(RLIMIT_NOFILE, &old);
        tap_ok(p.rx.code == PROTO_NO_DESCRIPTORS && p.rx.fds.lost && p.rx.fds.n == 0,
               "8 descriptors where 3 have room: NO_DESCRIPTORS, and none is kept");
        pair_close(&p);
        tap_eq(tap_fd_count(), before, "no descriptor leaked");
}

/* A peer that does not read. */
static void peer_that_does_not_read_costs_a_bound(void)
{
        int before = tap_fd_count();
        static uint64_t many[1000];
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        struct proto_tx tx = { 0 };
        unsigned sent = 0, received = 0, with_fd = 0;
        struct pair p;
        int r, event = base_fd_eventfd();

        pair_open(&p);
        memset(many, 0xff, sizeof(many));
        create.mpidrs = many;
        create.n_mpidrs = 1000;
        while ((r = proto_tx_send(&tx, p.far, PROTO_VM_CREATE, 0, &create.base, &event, 1)) >= 0)
                sent++;
        tap_eq(r, -ENOBUFS, "a peer that does not read: -ENOBUFS");
        tap_ok(proto_tx_waits(&tx) && tx.n_bytes <= PROTO_TX_MAX,
               "a peer that does not read costs a bound: %zu bytes", tx.n_bytes);
        while (received < sent) {
                while ((r = proto_rx_step(&p.rx, p.near)) == PROTO_RX_FRAME) {
                        received++;
                        with_fd += p.rx.fds.n == 1;
                        proto_rx_release(&p.rx);
                }
                if (r < 0 || (proto_tx_flush(&tx, p.far) < 0))
                        break;
        }
        tap_eq(received, sent, "a peer that reads again: every frame arrives");
        tap_eq(with_fd, sent, "a peer that reads again: each frame has its descriptor");
        tap_ok(!proto_tx_waits(&tx) && tx.n_bytes == 0, "a peer that has read all: nothing waits");
        pair_close(&p);

        pair_open(&p);
        while (proto_tx_send(&tx, p.far, PROTO_VM_CREATE, 0, &create.base, &event, 1) == 0)
                ;
        proto_tx_clear(&tx);
        base_fd_close(p.near);
        p.near = -1;
        tap_eq(proto_tx_send(&tx, p.far, PROTO_VM_LIST, 0, NULL, NULL, 0), -EPIPE,
               "a closed peer: EPIPE, and no signal");
        pair_close(&p);
        base_fd_close(event);
        tap_eq(tap_fd_count(), before, "no descriptor leaked");
}

int main(void)
{
        frames_are_found_in_any_pieces();
        bad_frames_are_handed_out_with_their_code();
        descriptors_come_with_their_frame();
        too_many_descriptors_are_refused();
        descriptors_without_room_are_told();
        peer_that_does_not_read_costs_a_bound();
        return tap_done();
}
