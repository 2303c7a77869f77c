/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Something that is no daemon: it answers libvgic with what the fuzzer drew
 *
 * Its frames are well-formed or not, its descriptors the right ones or any others, its segment of
 * another shape. The library must refuse, in words, and leak nothing.
 */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base-fd.h"
#include "fuzz-client.h"
#include "proto-message.h"
#include "proto-table.h"
#include "proto-fds.h"
#include "shm-segment.h"

enum { N_VCPUS = 2, N_SPIS = 32, FRAME_MAX = 8192 };

struct answer {
        uint8_t *frame;
        size_t n;
        int fds[PROTO_FDS_MAX];
        uint32_t n_fds;         /* borrowed */
};

/* --- what a daemon would say --- */

static void pack(struct answer *answer, uint32_t request, const ProtobufCMessage *message)
{
        FUZZ_ASSERT(proto_message_frame(request, PROTO_FLAG_REPLY, message, &answer->frame,
                                        &answer->n) == 0);
}

static void say_info(struct liar *liar, struct answer *answer, uint32_t request)
{
        static uint32_t intids[] = { 32, 33, 40 };
        Vgic__VmInfoReply reply = VGIC__VM_INFO_REPLY__INIT;
        Vgic__VmInfo info = VGIC__VM_INFO__INIT;
        char name[] = "v";

        if (request == PROTO_VM_INIT)
                liar->initialised = true;
        info.name = name;
        info.id = 1;
        info.initialised = liar->initialised;
        info.n_vcpus = N_VCPUS;
        info.n_spis = N_SPIS;
        info.n_priority_bits = 5;
        info.affinity_levels = 4;
        info.n_redist_regions = 1;
        info.segment_bytes = liar->gic.bytes;
        reply.vm = &info;
        if (request == PROTO_VM_ATTACH) {
                reply.intids = intids;
                reply.n_intids = 3;
        }
        pack(answer, request, &reply.base);
}

static void say_map(struct liar *liar, struct answer *answer, uint32_t request)
{
        Vgic__VmMapReply reply = VGIC__VM_MAP_REPLY__INIT;

        reply.segment_bytes = liar->gic.bytes;
        reply.writable = liar->role == PROTO_ROLE_VMM;
        answer->fds[answer->n_fds++] = liar->fds[!reply.writable];
        if (reply.writable) {
                answer->fds[answer->n_fds++] = liar->bells[0];
                answer->fds[answer->n_fds++] = liar->fds[0]; /* to be locked, any file will do */
        }
        pack(answer, request, &reply.base);
}

static void say_doorbells(struct liar *liar, struct answer *answer, uint32_t request)
{
        Vgic__VmDoorbellsReply reply = VGIC__VM_DOORBELLS_REPLY__INIT;

        reply.count = N_VCPUS;
        while (answer->n_fds < N_VCPUS)
                answer->fds[answer->n_fds++] = liar->bells[0];
        pack(answer, request, &reply.base);
}

static void say_hello(struct liar *liar, struct answer *answer, uint32_t request)
{
        Vgic__HelloReply reply = VGIC__HELLO_REPLY__INIT;

        (void)liar;
        reply.features = PROTO_FEATURES_ALL;
        pack(answer, request, &reply.base);
}

static void say_irqs(struct liar *liar, struct answer *answer, uint32_t request)
{
        Vgic__IrqListReply reply = VGIC__IRQ_LIST_REPLY__INIT;
        Vgic__IrqState irq = VGIC__IRQ_STATE__INIT, *irqs[] = { &irq };

        (void)liar;
        irq.intid = 5;
        reply.irqs = irqs;
        reply.n_irqs = 1;
        pack(answer, request, &reply.base);
}

static void say_list(struct liar *liar, struct answer *answer, uint32_t request)
{
        Vgic__VmListReply reply = VGIC__VM_LIST_REPLY__INIT;
        Vgic__VmInfo info = VGIC__VM_INFO__INIT, *infos[] = { &info };
        char name[] = "v";

        (void)liar;
        info.name = name;
        info.id = 1;
        info.n_vcpus = info.n_redist_regions = 1;
        info.n_priority_bits = 5;
        info.affinity_levels = 4;
        reply.vms = infos;
        reply.n_vms = 1;
        pack(answer, request, &reply.base);
}

static void say_ring(struct liar *liar, struct answer *answer, uint32_t request)
{
        Vgic__StatusReply reply = VGIC__STATUS_REPLY__INIT;

        answer->fds[0] = liar->ring_fd;
        answer->fds[1] = liar->bells[0];
        answer->fds[2] = liar->bells[1];
        answer->n_fds = 3;
        pack(answer, request, &reply.base);
}

static void say_ok(struct liar *liar, struct answer *answer, uint32_t request)
{
        Vgic__StatusReply reply = VGIC__STATUS_REPLY__INIT;
        Vgic__GrantReply grant = VGIC__GRANT_REPLY__INIT;
        char token[] = "0123456789abcdef0123456789abcdef";

        (void)liar;
        grant.token = token;
        pack(answer, request, request == PROTO_GRANT ? &grant.base : &reply.base);
}

static void be_honest(struct liar *liar, struct answer *answer, uint32_t request)
{
        static void (*const say[PROTO_REQUESTS_END])(struct liar *liar, struct answer *answer,
                                                     uint32_t request) = {
                [PROTO_HELLO] = say_hello, [PROTO_VM_LIST] = say_list,
                [PROTO_VM_CREATE] = say_info,
                [PROTO_VM_ATTACH] = say_info, [PROTO_VM_INIT] = say_info,
                [PROTO_VM_INFO] = say_info,
                [PROTO_VM_MAP] = say_map, [PROTO_VM_DOORBELLS] = say_doorbells,
                [PROTO_IRQ_LIST] = say_irqs,
                [PROTO_RING_SETUP] = say_ring,
        };

        if (request < PROTO_REQUESTS_END && say[request])
                say[request](liar, answer, request);
        else
                say_ok(liar, answer, request);
}

/* --- what this one says --- */

static bool send_answer(int fd, const struct answer *answer)
{
        return answer->n == 0 || proto_fds_send(fd, answer->frame, answer->n, answer->fds,
                                                answer->n_fds) == (ssize_t)answer->n;
}

static void change(struct answer *answer, struct fuzz_input *in)
{
        size_t where = (size_t)fuzz_take(in, 2) % answer->n;

        answer->frame[where] = (uint8_t)fuzz_take(in, 1);
}

static bool send_event(int fd, struct fuzz_input *in)
{
        Vgic__EventIntid event = VGIC__EVENT_INTID__INIT;
        struct answer answer = { .n_fds = 0 };
        uint32_t kind = PROTO_EVENT_TDIR + (uint32_t)fuzz_take(in, 1) % 4;
        bool sent;

        event.intid = (uint32_t)fuzz_take(in, 2);
        FUZZ_ASSERT(proto_message_frame(kind, 0, &event.base, &answer.frame, &answer.n) == 0);
        sent = send_answer(fd, &answer);
        free(answer.frame);
        return sent;
}

static size_t take_bytes(struct fuzz_input *in, uint8_t *to)
{
        size_t n = (size_t)fuzz_take(in, 1);

        n = n < in->size ? n : in->size;
        if (n)
                memcpy(to, in->data, n);
        in->data += n;
        in->size -= n;
        return n;
}

static void make_frame(struct liar *liar, struct answer *answer, uint32_t request, unsigned how)
{
        struct proto_header header = { .request = how & 1 ? request ^ 1 : request };

        header.flags = (PROTO_VERSION | PROTO_FLAG_REPLY) ^ (uint32_t)fuzz_take(&liar->in, 1);
        header.size = (uint32_t)take_bytes(&liar->in, answer->frame + PROTO_HEADER_BYTES);
        proto_frame_encode(answer->frame, &header);
        answer->n = PROTO_HEADER_BYTES + header.size;
        for (answer->n_fds = 0; answer->n_fds < how >> 1; answer->n_fds++)
                answer->fds[answer->n_fds] = answer->n_fds == 0 && how >> 1 == 3 ? liar->ring_fd
                                                                                 : liar->bells[0];
}

/* One request was read. Return: go on. */
static bool reply(struct liar *liar, int fd, uint32_t request)
{
        unsigned op = (unsigned)fuzz_take(&liar->in, 1), what = op & 7, how = op >> 3;
        struct answer answer = { .n_fds = 0 };
        uint64_t where;
        bool go_on = true;

        if (what == LIAR_EVENT)
                go_on = send_event(fd, &liar->in);
        if (what == LIAR_FRAME || what == LIAR_RAW) {
                answer.frame = calloc(1, FRAME_MAX);
                FUZZ_ASSERT(answer.frame);
        }
        if (what == LIAR_SCRIBBLE) {
                where = fuzz_take(&liar->in, 3) % (liar->gic.bytes - 8);
                if (how & 1) /* the header */
                        where %= sizeof(struct shm_header) - 8;
                *(volatile uint64_t *)((uint8_t *)liar->gic.header +
                                       (where & ~UINT64_C(7))) = fuzz_take(&liar->in, 8);
        }
        if (what == LIAR_FRAME) {
                make_frame(liar, &answer, request, how);
        } else if (what == LIAR_RAW) {
                answer.n = take_bytes(&liar->in, answer.frame);
                go_on = false;
        } else if (what == LIAR_CLOSE) {
                go_on = false;
        } else {
                be_honest(liar, &answer, request);
        }
        if (what == LIAR_CHANGED)
                change(&answer, &liar->in);
        if (what == LIAR_DESCRIPTORS)
                for (answer.n_fds = 0; answer.n_fds < how; answer.n_fds++)
                        answer.fds[answer.n_fds] = how & 1 ? liar->listener : liar->fds[1];
        go_on = send_answer(fd, &answer) && go_on;
        if ((what == LIAR_FRAME || what == LIAR_CHANGED) && !(how & 16))
                shutdown(fd, SHUT_WR); /* it may have promised more: that is the end, then */
        free(answer.frame);
        return go_on;
}

/* Read one whole frame: whatever it is, it is a request. Return: its number; 0: no more come. */
static uint32_t read_request(int fd)
{
        uint8_t head[PROTO_HEADER_BYTES], payload[FRAME_MAX];
        struct proto_header header;

        if (recv(fd, head, sizeof(head), MSG_WAITALL) != sizeof(head))
                return 0;
        proto_frame_decode(head, &header);
        FUZZ_ASSERT(header.size <= sizeof(payload));
        if (header.size > 0 && recv(fd, payload, header.size, MSG_WAITALL) != (ssize_t)header.size)
                return 0;
        return header.request;
}

static void *lie(void *arg)
{
        struct liar *liar = arg;
        int fd = accept(liar->listener, NULL, NULL);
        uint32_t request = 1;
        bool go_on = fd >= 0;

        while (go_on && (request = read_request(fd)))
                go_on = reply(liar, fd, request);
        base_fd_close(fd);
        return NULL;
}

void liar_start(struct liar *liar, const char *path, struct fuzz_input in)
{
        struct shm_shape shape = { .vm_id = 1, .name = "v", .n_vcpus = N_VCPUS, .n_spis = N_SPIS,
                                   .n_priority_bits = 5,
                                   .features = SHM_FEATURE_ALL };
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        liar->in = in;
        FUZZ_ASSERT(shm_segment_create(&shape, &liar->fds[0], &liar->fds[1], &liar->gic) == 0);
        FUZZ_ASSERT(shm_ring_create(&liar->ring_fd, &liar->ring) == 0);
        liar->bells[0] = base_fd_eventfd();
        liar->bells[1] = base_fd_eventfd();
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        liar->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        FUZZ_ASSERT(bind(liar->listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                    listen(liar->listener, 1) == 0);
        FUZZ_ASSERT(pthread_create(&liar->thread, NULL, lie, liar) == 0);
}

void liar_stop(struct liar *liar)
{
        shutdown(liar->listener, SHUT_RDWR);
        pthread_join(liar->thread, NULL);
        shm_segment_unmap(&liar->gic);
        shm_ring_unmap(&liar->ring);
        base_fd_close(liar->fds[0]);
        base_fd_close(liar->fds[1]);
        base_fd_close(liar->ring_fd);
        base_fd_close(liar->bells[0]);
        base_fd_close(liar->bells[1]);
        base_fd_close(liar->listener);
}
