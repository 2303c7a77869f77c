/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Frames through a real socket: bytes in pieces, descriptors of all kinds and numbers,
 * ends at any place
 *
 *   byte 0   bit 0: what is tried is sending (proto-tx) into a socket that is often full, else
 *            receiving (proto-rx)
 *   rest     steps, see receive_step() and send_step()
 *
 * Law      What comes out are the frames that a plain look at all bytes sent gives, with the
 *          descriptors that were sent along with one of their bytes, in order,
 *          and no descriptor is left open.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base-fd.h"
#include "fuzz-input.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "proto-tx.h"
#include "tap.h"

enum { STREAM_MAX = 1 << 18, CHUNKS_MAX = 128, STEPS_MAX = 400 };

/* What one sendmsg() carried. */
struct chunk {
        size_t first;           /* its first byte's place in the stream */
        uint32_t n_fds;
};

struct stream {
        int near, far;
        uint8_t *bytes;         /* all that was sent */
        size_t n_bytes, n_taken;
        struct chunk chunks[CHUNKS_MAX];
        uint32_t n_chunks;
        bool closed, over;
        /* while some of the current frame was received there were too few descriptors, perhaps */
        bool scarce;
        struct proto_rx rx;     /* on near */
};

static void open_stream(struct stream *s)
{
        int fd[2];

        FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == 0);
        *s = (struct stream){ .near = fd[0], .far = fd[1], .bytes = malloc(STREAM_MAX) };
        FUZZ_ASSERT(s->bytes);
}

static void close_stream(struct stream *s)
{
        proto_rx_release(&s->rx);
        base_fd_close(s->near);
        base_fd_close(s->far);
        free(s->bytes);
}

/* A descriptor of one kind or another; some are not what any message wants. */
static int open_kind(const struct stream *s, unsigned kind)
{
        int pipes[2];

        switch (kind % 6) {
        case 0:
                return eventfd(0, EFD_CLOEXEC);
        case 1:
                return memfd_create("fuzz", MFD_CLOEXEC);
        case 2:
                return open("/dev/null", O_RDWR | O_CLOEXEC);
        case 3:
                return open("/", O_PATH | O_CLOEXEC);
        case 4: /* the peer's own end: a circle */
                return fcntl(s->near, F_DUPFD_CLOEXEC, 0);
        default:
                if (pipe2(pipes, O_CLOEXEC) < 0)
                        return -1;
                base_fd_close(pipes[0]); /* the other end is closed early */
                return pipes[1];
        }
}

/* --- receiving --- */

static void send_chunk(struct stream *s, const uint8_t *bytes, size_t n, uint32_t n_fds,
                       unsigned kind)
{
        int fds[PROTO_FDS_MAX], fd = n_fds ? open_kind(s, kind) : -1;
        ssize_t sent;

        if (n_fds > PROTO_FDS_MAX)
                n_fds = PROTO_FDS_MAX;
        for (uint32_t i = 0; i < n_fds; i++)
                fds[i] = fd;
        if (n > STREAM_MAX - s->n_bytes)
                n = STREAM_MAX - s->n_bytes;
        if (n == 0 || s->n_chunks == CHUNKS_MAX || s->closed || (n_fds && fd < 0)) {
                base_fd_close(fd);
                return;
        }
        sent = proto_fds_send(s->far, bytes, n, fds, n_fds);
        base_fd_close(fd);
        if (sent < 0)
                return;
        memcpy(s->bytes + s->n_bytes, bytes, (size_t)sent);
        s->chunks[s->n_chunks++] = (struct chunk){ s->n_bytes, n_fds };
        s->n_bytes += (size_t)sent;
}

static uint32_t le32(const uint8_t *bytes)
{
        return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
               (uint32_t)bytes[3] << 24;
}

/* What the header at @head says is wrong, from the text of doc/protocol.md. */
static enum proto_code plain_code(const uint8_t *head)
{
        uint32_t flags = le32(head + 4), size = le32(head + 8);

        if ((flags & 3) != 1)
                return PROTO_BAD_VERSION;
        if (size > 65536)
                return PROTO_TOO_LARGE;
        return flags >> 4 || (flags & 12) == 12 ? PROTO_BAD_FRAME : PROTO_OK;
}

/*
 * How many descriptors came along with the bytes from @first to before @end; *ret_fits: a frame can
 * take them all.
 */
static uint32_t plain_fds(const struct stream *s, size_t first, size_t end, bool *ret_fits)
{
        uint32_t n = 0;

        *ret_fits = true;
        for (uint32_t i = 0; i < s->n_chunks; i++) {
                if (s->chunks[i].first < first || s->chunks[i].first >= end)
                        continue;
                if (n + s->chunks[i].n_fds > PROTO_FDS_MAX)
                        *ret_fits = false;
                else
                        n += s->chunks[i].n_fds;
        }
        return n;
}

/* rx holds a frame: is it the next one? */
static void check_frame(struct stream *s)
{
        const uint8_t *head = s->bytes + s->n_taken;
        enum proto_code code;
        bool fatal, fits;
        size_t end;
        uint32_t n_fds;

        FUZZ_ASSERT(s->n_bytes - s->n_taken >= PROTO_HEADER_BYTES);
        code = plain_code(head);
        fatal = code == PROTO_BAD_VERSION || code == PROTO_TOO_LARGE;
        end = s->n_taken + PROTO_HEADER_BYTES + (fatal ? 0 : le32(head + 8));
        FUZZ_ASSERT(end <= s->n_bytes);
        n_fds = plain_fds(s, s->n_taken, end, &fits);
        if (s->scarce)
                FUZZ_ASSERT(s->rx.fds.n <= n_fds && (s->rx.fds.n == n_fds || s->rx.fds.lost));
        else
                FUZZ_ASSERT(s->rx.fds.n == n_fds && s->rx.fds.lost == !fits);
        if (code == PROTO_OK && s->rx.fds.lost) {
                bool starved = s->rx.code == PROTO_NO_DESCRIPTORS;

                FUZZ_ASSERT(starved ? s->scarce : !fits);
                code = starved ? PROTO_NO_DESCRIPTORS : PROTO_BAD_FDS;
        }
        FUZZ_ASSERT(s->rx.code == code);
        FUZZ_ASSERT(s->rx.header.request == le32(head) && s->rx.header.flags == le32(head + 4));
        FUZZ_ASSERT(s->rx.header.size == le32(head + 8));
        if (!fatal && s->rx.header.size)
                FUZZ_ASSERT(memcmp(s->rx.payload, head + PROTO_HEADER_BYTES,
                                   s->rx.header.size) == 0);
        for (uint32_t i = 0; i < s->rx.fds.n; i++)
                FUZZ_ASSERT(fcntl(s->rx.fds.fd[i], F_GETFD) == FD_CLOEXEC);
        if (s->rx.fds.n)
                base_fd_close(proto_fds_take(&s->rx.fds, s->rx.fds.n / 2));
        s->n_taken = end;
        s->over = fatal;
}

/* A step may end before all is read that is there: POLLIN says so. */
static bool is_readable(int fd)
{
        struct pollfd ready = { .fd = fd, .events = POLLIN };

        return poll(&ready, 1, 0) == 1 && (ready.revents & (POLLIN | POLLHUP));
}

/* @spare: how many descriptors there are to be; 0: enough. */
static void receive(struct stream *s, unsigned spare)
{
        struct rlimit limit, less;
        int r;

        FUZZ_ASSERT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
        s->scarce |= spare != 0;
        less = limit;
        less.rlim_cur = (rlim_t)tap_fd_count() + spare;
        while (!s->over) {
                if (spare)
                        setrlimit(RLIMIT_NOFILE, &less);
                r = proto_rx_step(&s->rx, s->near);
                setrlimit(RLIMIT_NOFILE, &limit);
                if (r == PROTO_RX_AGAIN && is_readable(s->near))
                        continue;
                if (r != PROTO_RX_FRAME)
                        break;
                check_frame(s);
                s->scarce = spare;
                proto_rx_release(&s->rx);
        }
        if (s->over)
                return;
        FUZZ_ASSERT(r == PROTO_RX_AGAIN || r == -ENOTCONN || r == -ECONNRESET);
        FUZZ_ASSERT(s->closed == (r != PROTO_RX_AGAIN));
        FUZZ_ASSERT(r != -ENOTCONN || s->n_taken == s->n_bytes);
        FUZZ_ASSERT(r != -ECONNRESET || s->n_taken < s->n_bytes);
        s->over = s->closed;
        /* Where a frame was whole it came: what is left is a part of one. */
        if (s->n_bytes - s->n_taken >= PROTO_HEADER_BYTES)
                FUZZ_ASSERT(s->n_bytes - s->n_taken - PROTO_HEADER_BYTES <
                            le32(s->bytes + s->n_taken + 8));
}

/* A whole frame, mostly right, in one piece or two. */
static void send_frame(struct stream *s, struct fuzz_input *in)
{
        static uint8_t frame[PROTO_HEADER_BYTES + PROTO_PAYLOAD_MAX];
        struct proto_header header = { .request = (uint32_t)fuzz_take(in, 1),
                                       .flags = (uint32_t)fuzz_take(in, 1) };
        uint64_t how = fuzz_take(in, 1);
        size_t cut;

        header.flags ^= PROTO_VERSION;
        header.size = (uint32_t)fuzz_take(in, how & 1 ? 2 : 1);
        memset(frame + PROTO_HEADER_BYTES, (int)how, header.size);
        proto_frame_encode(frame, &header);
        cut = how & 2 ? (size_t)fuzz_take(in, 1) % (PROTO_HEADER_BYTES + header.size) : 0;
        send_chunk(s, frame, cut, how & 4 ? (uint32_t)fuzz_take(in, 1) : 0, (unsigned)how >> 4);
        send_chunk(s, frame + cut, PROTO_HEADER_BYTES + header.size - cut,
                   how & 8 ? (uint32_t)fuzz_take(in, 1) : 0, (unsigned)how >> 4);
}

static void receive_step(struct stream *s, struct fuzz_input *in)
{
        uint64_t op = fuzz_take(in, 1);
        size_t n;

        switch (op & 7) {
        case 0:
        case 1: /* bytes, with descriptors if bit 3 is set */
                n = (size_t)fuzz_take(in, 1);
                n = n < in->size ? n : in->size;
                send_chunk(s, in->data, n, op & 8 ? (uint32_t)(op >> 4) * 17 + 1 : 0,
                           (unsigned)(op >> 4));
                in->data += n;
                in->size -= n;
                break;
        case 2:
        case 3:
        case 4:
                send_frame(s, in);
                break;
        case 5:
                if (!s->closed && op >> 4 == 15)
                        shutdown(s->far, SHUT_WR);
                s->closed |= op >> 4 == 15;
                break;
        case 6:
                receive(s, (unsigned)(op >> 3) + 1);
                break;
        default:
                receive(s, 0);
        }
}

static void try_receiving(struct fuzz_input *in)
{
        struct stream s;

        open_stream(&s);
        for (unsigned i = 0; i < STEPS_MAX && in->size; i++)
                receive_step(&s, in);
        receive(&s, 0);
        close_stream(&s);
}

/* --- sending --- */

struct sender {
        struct stream s;        /* of what far takes from near */
        struct proto_tx tx;     /* on near */
        uint32_t n_sent, n_received;
        struct {
                uint32_t text, n_fds;
        } sent[STEPS_MAX];
};

static void send_message(struct sender *sender, struct fuzz_input *in)
{
        static char text[PROTO_PAYLOAD_MAX + 300];
        Vgic__StatusReply reply = VGIC__STATUS_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        uint32_t n = (uint32_t)fuzz_take(in, 2), n_fds = (uint32_t)fuzz_take(in, 1);
        int fds[PROTO_FDS_MAX + 3], fd = open_kind(&sender->s, n_fds);
        int r;

        memset(text, 'x', n + 260);
        text[n + (n_fds & 1 ? 0 : 260)] = '\0';
        status.text = text;
        reply.status = &status;
        n_fds = n_fds < 128 ? 0 : n_fds - 127;
        for (uint32_t i = 0; i < n_fds; i++)
                fds[i] = fd;
        r = proto_tx_send(&sender->tx, sender->s.near, PROTO_HELLO, PROTO_FLAG_REPLY, &reply.base,
                          fds, n_fds);
        base_fd_close(fd);
        FUZZ_ASSERT(r == 0 || r == 1 || r == -EMSGSIZE || r == -ENOBUFS || r == -ETOOMANYREFS);
        FUZZ_ASSERT(r < 0 || (r == 1) == proto_tx_waits(&sender->tx));
        FUZZ_ASSERT(sender->tx.n_bytes <= PROTO_TX_MAX + PROTO_HEADER_BYTES + PROTO_PAYLOAD_MAX);
        if (r < 0)
                return;
        sender->sent[sender->n_sent].text = (uint32_t)strlen(text);
        sender->sent[sender->n_sent++].n_fds = n_fds;
}

/* The far side reads @n frames, as far as they are there. */
static void read_frames(struct sender *sender, uint64_t n)
{
        struct proto_rx *rx = &sender->s.rx;

        for (uint64_t i = 0; i < n && proto_rx_step(rx, sender->s.far) == PROTO_RX_FRAME; i++) {
                uint32_t text = sender->sent[sender->n_received].text;

                FUZZ_ASSERT(sender->n_received < sender->n_sent);
                FUZZ_ASSERT(rx->code == PROTO_OK &&
                            rx->fds.n == sender->sent[sender->n_received].n_fds);
                FUZZ_ASSERT(rx->header.size >= text && rx->header.size <= text + 12);
                sender->n_received++;
                proto_rx_release(rx);
        }
}

static void send_step(struct sender *sender, struct fuzz_input *in)
{
        uint64_t op = fuzz_take(in, 1);
        int r;

        switch (op & 3) {
        case 0:
        case 1:
                if (sender->n_sent < STEPS_MAX)
                        send_message(sender, in);
                break;
        case 2:
                read_frames(sender, op >> 2);
                break;
        default:
                r = proto_tx_flush(&sender->tx, sender->s.near);
                FUZZ_ASSERT(r == proto_tx_waits(&sender->tx));
        }
}

static void try_sending(struct fuzz_input *in)
{
        static struct sender sender;
        int little = 4096;

        sender = (struct sender){ 0 };
        open_stream(&sender.s);
        setsockopt(sender.s.near, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
        for (unsigned i = 0; i < STEPS_MAX && in->size; i++)
                send_step(&sender, in);
        /* else it ends with some unsent */
        while (proto_tx_waits(&sender.tx) && sender.n_received % 2 == 0) {
                uint32_t before = sender.n_received;

                FUZZ_ASSERT(proto_tx_flush(&sender.tx, sender.s.near) >= 0);
                read_frames(&sender, 1000);
                FUZZ_ASSERT(sender.n_received != before || proto_tx_waits(&sender.tx));
        }
        proto_tx_clear(&sender.tx);
        close_stream(&sender.s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fuzz_input in = { data, size };
        int n_open = tap_fd_count();

        if (fuzz_take(&in, 1) & 1)
                try_sending(&in);
        else
                try_receiving(&in);
        FUZZ_ASSERT(tap_fd_count() == n_open);
        return 0;
}
