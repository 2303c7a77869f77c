/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What clients may do to the daemon: the real server in this process, four connections, every
 * message in every state
 *
 * Laws     Whatever was said: what the daemon sends is well-formed; a connection that lives gets
 *          one answer to each request that asks for one, in order; a new connection is served; no
 *          descriptor stays open.
 */
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syslog.h>
#include <sys/un.h>
#include <unistd.h>

#include "base-fd.h"
#include "fuzz-input.h"
#include "fuzz-session.h"
#include "log.h"
#include "options.h"
#include "proto-message.h"
#include "proto-rx.h"
#include "server.h"
#include "shm-ring.h"
#include "tap.h"

enum { N_CLIENTS = 4, TURNS = 2000, EXPECTED_MAX = 512, FRAME_MAX = 70000, CLOSE_MS = 20000 };

uint64_t fuzz_session_answered[PROTO_REQUESTS_END];

struct client {
        int fd;
        struct proto_rx rx;
        /* bytes went that were no whole frame, or it does not read: no law about answers */
        bool out_of_step;
        struct {
                uint32_t request;
                bool must;
        } expected[EXPECTED_MAX]; /* answers, oldest first */
        uint32_t n_expected;
        uint8_t *segment, *ring;
        size_t segment_bytes;
        uint32_t tail;          /* of its ring to the daemon */
        int bells[3];           /* TDIR's; the ring's: the daemon's, its own */
};

struct world {
        struct server *server;
        char path[64];
        struct client clients[N_CLIENTS];
        char token[PROTO_TOKEN_CHARS + 1];
};

/* --- clients --- */

static int open_client(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        FUZZ_ASSERT(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
        return fd;
}

static void connect_client(struct world *world, struct client *client)
{
        *client = (struct client){ .fd = open_client(world->path), .bells = { -1, -1, -1 } };
}

static void close_client(struct client *client)
{
        proto_rx_release(&client->rx);
        client->fd = base_fd_close(client->fd);
        if (client->segment)
                munmap(client->segment, client->segment_bytes);
        if (client->ring)
                munmap(client->ring, SHM_RING_BYTES);
        client->segment = client->ring = NULL;
        for (unsigned i = 0; i < 3; i++)
                client->bells[i] = base_fd_close(client->bells[i]);
}

static uint8_t *map(int fd, size_t bytes)
{
        void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        return at == MAP_FAILED ? NULL : at;
}

static void take_segment(struct client *client)
{
        struct stat st;

        if (client->segment || client->rx.fds.n != 2) /* an observer can only read */
                return;
        FUZZ_ASSERT(fstat(client->rx.fds.fd[0], &st) == 0);
        client->segment_bytes = (size_t)st.st_size;
        client->segment = map(client->rx.fds.fd[0], client->segment_bytes);
        client->bells[0] = proto_fds_take(&client->rx.fds, 1);
}

static void take_ring(struct client *client)
{
        if (client->ring || client->rx.fds.n != 3)
                return;
        client->ring = map(client->rx.fds.fd[0], SHM_RING_BYTES);
        client->tail = 0;
        client->bells[1] = proto_fds_take(&client->rx.fds, 1);
        client->bells[2] = proto_fds_take(&client->rx.fds, 2);
}

/*
 * An answer came: it is that of the oldest request that may have one.
 * Who did not ask hears of one error only.
 */
static void match_answer(struct client *client, uint32_t request, const Vgic__Status *status)
{
        bool to_all = status && status->code == PROTO_UNKNOWN_REQUEST;
        uint32_t i = 0;

        if (client->out_of_step)
                return;
        while (i < client->n_expected &&
               !(client->expected[i].request == request && (client->expected[i].must || to_all))) {
                FUZZ_ASSERT(!client->expected[i].must);
                i++;
        }
        FUZZ_ASSERT(i < client->n_expected);
        client->n_expected -= i + 1;
        memmove(client->expected, client->expected + i + 1,
                client->n_expected * sizeof(client->expected[0]));
}

static void take_answer(struct world *world, struct client *client, const struct proto_row *row,
                        const Vgic__Status *status)
{
        FUZZ_ASSERT(!status || status->code < PROTO_N_CODES);
        if (!row || (status && status->code != PROTO_OK)) {
                FUZZ_ASSERT(client->rx.fds.n == 0 && status && status->code != PROTO_OK);
                return;
        }
        fuzz_session_answered[row->id]++;
        FUZZ_ASSERT(client->rx.fds.n >= row->min_reply_fds &&
                    client->rx.fds.n <= row->max_reply_fds);
        if (row->id == PROTO_VM_MAP)
                take_segment(client);
        else if (row->id == PROTO_RING_SETUP)
                take_ring(client);
        (void)world;
}

/* What the daemon sends is an answer or an event, as the message table says. */
static void take_frame(struct world *world, struct client *client)
{
        const struct proto_rx *rx = &client->rx;
        const struct proto_row *row = proto_table_find(rx->header.request);
        bool answers = rx->header.flags & PROTO_FLAG_REPLY;
        const ProtobufCMessageDescriptor *form = &vgic__status_reply__descriptor;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;

        FUZZ_ASSERT(rx->code == PROTO_OK && !(rx->header.flags & PROTO_FLAG_NEED_REPLY));
        FUZZ_ASSERT(answers || (row && row->direction == PROTO_TO_CLIENT));
        if (row && row->direction == (answers ? PROTO_TO_DAEMON : PROTO_TO_CLIENT))
                form = answers ? row->reply : row->payload;
        FUZZ_ASSERT(proto_message_unpack(form, rx->payload, rx->header.size, &message) == 0);
        FUZZ_ASSERT(message->n_unknown_fields == 0);
        if (!answers)
                return;
        match_answer(client, rx->header.request, ((const Vgic__StatusReply *)message)->status);
        take_answer(world, client, row && row->direction == PROTO_TO_DAEMON ? row : NULL,
                    ((const Vgic__StatusReply *)message)->status);
        if (rx->header.request == PROTO_GRANT)
                if (strlen(((const Vgic__GrantReply *)message)->token) == PROTO_TOKEN_CHARS)
                        memcpy(world->token, ((const Vgic__GrantReply *)message)->token,
                               PROTO_TOKEN_CHARS);
}

/* Return: something came. */
static bool read_frames(struct world *world, struct client *client)
{
        bool any = false;
        int r = 0;

        while (client->fd >= 0 && (r = proto_rx_step(&client->rx, client->fd)) == PROTO_RX_FRAME) {
                take_frame(world, client);
                proto_rx_release(&client->rx);
                any = true;
        }
        if (r < 0) {
                client->out_of_step = true; /* the daemon closed */
                proto_rx_release(&client->rx);
        }
        return any;
}

/* The daemon works, and the clients read, until nothing happens any more. */
static void turn(struct world *world, const struct client *silent)
{
        int quiet = 0;

        for (int i = 0; i < TURNS && quiet < 2; i++) {
                event_base_loop(world->server->loop.base, EVLOOP_NONBLOCK);
                quiet++;
                for (unsigned c = 0; c < N_CLIENTS; c++)
                        if (&world->clients[c] != silent && read_frames(world, &world->clients[c]))
                                quiet = 0;
        }
}

/* --- frames --- */

static int open_kind(unsigned kind)
{
        static const int flags[] = { EFD_CLOEXEC | EFD_NONBLOCK, EFD_CLOEXEC };

        switch (kind % 5) {
        case 0:
        case 1:
                return eventfd(0, flags[kind % 5]);
        case 2:
                return memfd_create("fuzz", MFD_CLOEXEC);
        case 3:
                return open("/dev/null", O_RDWR | O_CLOEXEC);
        default:
                return open("/", O_PATH | O_CLOEXEC);
        }
}

static unsigned count_fds(unsigned fds)
{
        return (fds & 15) == 15 ? PROTO_FDS_MAX : fds & 15;
}

/* All of it, with the descriptors along with the first byte; the daemon reads meanwhile. */
static void send_bytes(struct world *world, struct client *client, const uint8_t *bytes, size_t n,
                       unsigned fds)
{
        unsigned n_fds = count_fds(fds);
        int list[PROTO_FDS_MAX], fd = n_fds ? open_kind(fds >> 4) : -1;

        for (unsigned i = 0; i < n_fds; i++)
                list[i] = fd;
        while (n > 0 && client->fd >= 0) {
                ssize_t sent = proto_fds_send(client->fd, bytes, n, list, n_fds);

                if (sent <= 0) {
                        client->out_of_step = true;
                        break;
                }
                bytes += sent;
                n -= (size_t)sent;
                n_fds = 0;
                if (n > 0)
                        turn(world, NULL);
        }
        base_fd_close(fd);
}

static void expect(struct client *client, uint32_t request, uint32_t flags, unsigned n_fds)
{
        const struct proto_row *row = proto_table_find(request);

        /*
         * More descriptors than any request has: it is answered or not,
         * as they come at once or not.
         */
        if (client->n_expected == EXPECTED_MAX || n_fds > PROTO_REQUEST_FDS_MAX)
                client->out_of_step = true;
        if (client->out_of_step)
                return;
        client->expected[client->n_expected].request = request;
        client->expected[client->n_expected++].must = !row || row->answer == PROTO_ANSWER_ALWAYS ||
                                                      row->direction == PROTO_TO_CLIENT ||
                                                      flags != PROTO_VERSION;
}

static void send_frame(struct world *world, struct client *client, uint32_t request, unsigned flags,
                       unsigned fds, const uint8_t *payload, size_t n)
{
        static uint8_t frame[PROTO_HEADER_BYTES + FRAME_MAX];
        const struct proto_header header = { .request = request, .flags = flags ^ PROTO_VERSION,
                                             .size = (uint32_t)n };
        uint8_t *token;

        proto_frame_encode(frame, &header);
        if (n)
                memcpy(frame + PROTO_HEADER_BYTES, payload, n);
        token = memmem(frame + PROTO_HEADER_BYTES, n, SESSION_TOKEN, PROTO_TOKEN_CHARS);
        if (token)
                memcpy(token, world->token, PROTO_TOKEN_CHARS);
        expect(client, request, header.flags, count_fds(fds));
        send_bytes(world, client, frame, PROTO_HEADER_BYTES + n, fds);
}

/* A request that asks for a reply; the prologue's. */
static void ask(struct world *world, unsigned client, uint32_t request, unsigned fds,
                const char *payload, size_t n)
{
        send_frame(world, &world->clients[client], request, PROTO_FLAG_NEED_REPLY, fds,
                   (const uint8_t *)payload, n);
        turn(world, NULL);
}

#define ASK(world, client, request, fds, payload) \
        ask(world, client, request, fds, payload, sizeof(payload) - 1)

/* --- what was done before --- */

static void attach_all(struct world *world, bool grants)
{
        ASK(world, 0, PROTO_VM_INIT, 0, "");
        ASK(world, 0, PROTO_VM_MAP, 0, "");
        ASK(world, 1, PROTO_VM_ATTACH, 0, "\x0a\x01v\x10\x02");
        ASK(world, 0, PROTO_VCPU_REGISTER, 0, "");
        if (!grants)
                return;
        ASK(world, 0, PROTO_TDIR_SUBSCRIBE, 1, "");
        ASK(world, 0, PROTO_TDIR_WATCH, 0, "");
        /* SPIs 32 to 34, extended SPI 4096 */
        ASK(world, 0, PROTO_GRANT, 0, "\x0a\x01g\x12\x05\x20\x21\x22\x80\x20");
        ASK(world, 2, PROTO_VM_ATTACH, 0, "\x0a\x01v\x10\x03\x1a\x20" SESSION_TOKEN);
        ASK(world, 2, PROTO_RING_SETUP, 0, "");
}

static void reach(struct world *world, enum session_state state)
{
        bool mirror = state == SESSION_MIRROR || state == SESSION_MIRRORING;

        if (state == SESSION_NEW)
                return;
        for (unsigned i = 0; i < N_CLIENTS; i++)
                ASK(world, i, PROTO_HELLO, 0, "\x08\xff\x3f");
        if (state == SESSION_READY)
                return;
        if (mirror)
                ASK(world, 0, PROTO_VM_CREATE, 0, "\x0a\x01v\x10\x02\x18\x20\x28\x08");
        else
                ASK(world, 0, PROTO_VM_CREATE, 0, "\x0a\x01v\x10\x02\x18\x20\x38\x20\x40\x20");
        if (state == SESSION_MIRRORING) {
                ASK(world, 0, PROTO_VM_INIT, 0, "");
                ASK(world, 0, PROTO_VM_MAP, 0, "");
                ASK(world, 1, PROTO_VM_ATTACH, 0, "\x0a\x01v\x10\x02");
        } else if (!mirror && state >= SESSION_RUNNING) {
                attach_all(world, state != SESSION_RUNNING);
        }
        if (state == SESSION_DESTROYED)
                ASK(world, 3, PROTO_VM_DESTROY, 0, "\x0a\x01v");
}

/* --- steps --- */

struct step {
        struct client *client;
        unsigned how;
        struct fuzz_input in;
};

static void step_frame(struct world *world, struct step *step)
{
        static uint8_t payload[FRAME_MAX];
        uint32_t request = (uint32_t)fuzz_take(&step->in, 1);
        unsigned flags = (unsigned)fuzz_take(&step->in, 1), fds = (unsigned)fuzz_take(&step->in, 1);
        size_t repeats = (size_t)fuzz_take(&step->in, 1) * 16, n = step->in.size;

        if (n)
                memcpy(payload, step->in.data, n);
        for (size_t i = 0; n >= 2 && i < repeats; i++, n += 2)
                memcpy(payload + n, payload + n - 2, 2);
        send_frame(world, step->client, request, flags, fds, payload, n);
}

static void step_raw(struct world *world, struct step *step)
{
        step->client->out_of_step = true;
        send_bytes(world, step->client, step->in.data, step->in.size, step->how);
}

static void ring_bell(int bell)
{
        const uint64_t one = 1;

        if (bell >= 0)
                (void)!write(bell, &one, sizeof(one));
}

static void step_ring_put(struct world *world, struct step *step)
{
        struct client *client = step->client;
        uint64_t entry = fuzz_take(&step->in, 8);
        size_t at = offsetof(struct shm_ring_page, to_daemon);

        (void)world;
        if (!client->ring)
                return;
        memcpy(client->ring + at + offsetof(struct shm_ring_queue, entries) +
               client->tail % SHM_RING_ENTRIES * 8,
               &entry, 8);
        client->tail++;
        memcpy(client->ring + at + offsetof(struct shm_ring_queue, tail), &client->tail,
               sizeof(client->tail));
        if (step->how & 1)
                ring_bell(client->bells[1]);
}

static void scribble(uint8_t *at, size_t bytes, uint64_t where, const struct fuzz_input *what)
{
        size_t n = what->size;

        if (at && n && n < bytes)
                memcpy(at + where % (bytes - n), what->data, n);
}

static void step_ring_scribble(struct world *world, struct step *step)
{
        uint64_t where = fuzz_take(&step->in, 2);

        (void)world;
        scribble(step->client->ring, SHM_RING_BYTES, where, &step->in);
        ring_bell(step->client->bells[1]);
}

static void step_scribble(struct world *world, struct step *step)
{
        uint64_t where = fuzz_take(&step->in, 3);

        (void)world;
        scribble(step->client->segment, step->client->segment_bytes, where, &step->in);
        if (step->how & 1)
                ring_bell(step->client->bells[0]);
}

/*
 * The counter of an eventfd as full as it can be: a write by the daemon would block,
 * if O_NONBLOCK were not set.
 */
static void fill_bells(struct client *client)
{
        const uint64_t most = UINT64_MAX - 1;

        for (unsigned i = 0; i < 3; i++)
                if (client->bells[i] >= 0)
                        (void)!write(client->bells[i], &most, sizeof(most));
}

static void step_close(struct world *world, struct step *step)
{
        struct client *client = step->client;

        if ((step->how & 3) == 3) {
                fill_bells(client);
        } else if ((step->how & 3) == 0) {
                close_client(client);
                if (step->how & 4)
                        turn(world, NULL);
                connect_client(world, client);
        } else {
                client->out_of_step = true;
                shutdown(client->fd, (step->how & 3) == 1 ? SHUT_WR : SHUT_RD);
        }
}

static void step_turn(struct world *world, struct step *step)
{
        turn(world, step->how & 1 ? step->client : NULL);
}

static void (*const steps[SESSION_N_STEPS])(struct world *world, struct step *step) = {
        [SESSION_FRAME] = step_frame, [SESSION_RAW] = step_raw, [SESSION_RING_PUT] = step_ring_put,
        [SESSION_RING_SCRIBBLE] = step_ring_scribble, [SESSION_SCRIBBLE] = step_scribble,
        [SESSION_CLOSE] = step_close,
        [SESSION_TURN] = step_turn,
};

static void make_steps(struct world *world, struct fuzz_input *in)
{
        while (in->size) {
                unsigned op = (unsigned)fuzz_take(in, 1) % SESSION_N_STEPS,
                         who = (unsigned)fuzz_take(in, 1);
                size_t n = (size_t)fuzz_take(in, 1);
                struct step step = { .client = &world->clients[who % N_CLIENTS],
                                     .how = who / N_CLIENTS };

                n = n < in->size ? n : in->size;
                step.in = (struct fuzz_input){ in->data, n };
                in->data += n;
                in->size -= n;
                steps[op](world, &step);
        }
}

/* --- all of it --- */

static void check_all_answered(const struct client *client)
{
        for (uint32_t i = 0; !client->out_of_step && i < client->n_expected; i++)
                FUZZ_ASSERT(!client->expected[i].must);
}

/* Whatever went before: somebody who comes now is served. */
static void check_served(struct world *world)
{
        struct client *client = &world->clients[0];

        close_client(client);
        connect_client(world, client);
        ASK(world, 0, PROTO_HELLO, 0, "\x08\x7f");
        ASK(world, 0, PROTO_VM_LIST, 0, "");
        FUZZ_ASSERT(!client->out_of_step && client->n_expected == 0);
}

/*
 * Some descriptors are closed by threads of the daemon (closer.h): they may take their time,
 * but not forever.
 */
static void check_closed(int n_open)
{
        for (unsigned i = 0; i < CLOSE_MS && tap_fd_count() != n_open; i++)
                poll(NULL, 0, 1);
        FUZZ_ASSERT(tap_fd_count() == n_open);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct world world;
        char dir[] = "/tmp/vgicd-fuzz-XXXXXX";
        struct options options = { .socket_path = world.path, .socket_given = true,
                                   .tdir_lag_ms = 0 };
        struct fuzz_input in = { data, size };
        int n_open = tap_fd_count();

        world = (struct world){ 0 };
        FUZZ_ASSERT(mkdtemp(dir));
        snprintf(world.path, sizeof(world.path), "%s/s", dir);
        log_open(LOG_CRIT);
        FUZZ_ASSERT(server_new(&options, &world.server) == 0);
        for (unsigned i = 0; i < N_CLIENTS; i++)
                connect_client(&world, &world.clients[i]);
        reach(&world, (enum session_state)(fuzz_take(&in, 1) % SESSION_N_STATES));
        make_steps(&world, &in);
        turn(&world, NULL);
        for (unsigned i = 0; i < N_CLIENTS; i++)
                check_all_answered(&world.clients[i]);
        check_served(&world);
        for (unsigned i = 0; i < N_CLIENTS; i++)
                close_client(&world.clients[i]);
        event_base_loop(world.server->loop.base, EVLOOP_NONBLOCK);
        server_free(world.server);
        unlink(world.path);
        rmdir(dir);
        check_closed(n_open);
        return 0;
}
