/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Late answers: see vgic-late.h
 */
#include "vgic-late.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto-message.h"
#include "shm-attr.h"

enum keep {
        NO_RETRY = 0,   /* it is sent again: that does no harm, or an answer of now is wanted */
        WAIT,           /* a retry waits for the reply; one that comes before is dropped */
        ANSWER,
        PROOF,
};

/* What a request is about, as far as another one can undo it. */
enum about { NOTHING, A_VCPU, A_NAME };

struct rule {
        enum keep keep;
        enum about about;
        int done;               /* PROOF: the errno of "done already"; and another one, or 0 */
        int done_too;
};

static const struct rule rules[PROTO_REQUESTS_END] = {
        [PROTO_VM_CREATE]         = { ANSWER, A_NAME, 0, 0 },
        [PROTO_VM_ATTACH]         = { ANSWER, A_NAME, 0, 0 },
        [PROTO_VM_INIT]           = { WAIT, NOTHING, 0, 0 },
        [PROTO_VM_MAP]            = { WAIT, NOTHING, 0, 0 },
        [PROTO_VM_DOORBELLS]      = { WAIT, NOTHING, 0, 0 },
        [PROTO_VM_DETACH]         = { NO_RETRY, NOTHING, 0, 0 },
        [PROTO_VM_DESTROY]        = { PROOF, A_NAME, -ENOENT, 0 },
        [PROTO_VCPU_REGISTER]     = { ANSWER, A_VCPU, 0, 0 },
        [PROTO_VCPU_UNREGISTER]   = { ANSWER, A_VCPU, 0, 0 },
        [PROTO_TDIR_SUBSCRIBE]    = { ANSWER, A_VCPU, 0, 0 },
        [PROTO_TDIR_UNSUBSCRIBE]  = { ANSWER, A_VCPU, 0, 0 },
        [PROTO_TDIR_WATCH]        = { WAIT, NOTHING, 0, 0 },
        /* the device leaves when this times out: a retry attaches first */
        [PROTO_RING_SETUP]        = { NO_RETRY, NOTHING, 0, 0 },
        [PROTO_GRANT]             = { ANSWER, A_NAME, 0, 0 },
        [PROTO_REVOKE]            = { PROOF, A_NAME, -ENOENT, 0 },
        [PROTO_SESSION_END]       = { PROOF, NOTHING, -ENOENT, 0 },
        [PROTO_ATTR_SET]          = { PROOF, A_NAME, -EEXIST, -EBUSY },
};

/*
 * What was asked for before is not what the same words ask for after this. VM_DETACH undoes
 * everything of its VM.
 */
static const struct {
        uint32_t sent, undone;
} undoes[] = {
        { PROTO_VM_CREATE, PROTO_VM_DESTROY },
        { PROTO_VM_DESTROY, PROTO_ATTR_SET },
        { PROTO_VCPU_REGISTER, PROTO_VCPU_UNREGISTER },
        { PROTO_VCPU_UNREGISTER, PROTO_VCPU_REGISTER },
        { PROTO_VCPU_UNREGISTER, PROTO_TDIR_SUBSCRIBE },
        { PROTO_VCPU_UNREGISTER, PROTO_TDIR_UNSUBSCRIBE },
        { PROTO_TDIR_SUBSCRIBE, PROTO_TDIR_UNSUBSCRIBE },
        { PROTO_TDIR_UNSUBSCRIBE, PROTO_TDIR_SUBSCRIBE },
        { PROTO_GRANT, PROTO_REVOKE },
        { PROTO_REVOKE, PROTO_GRANT },
};

#define ABOUT_MAX  80   /* UID/NAME, or a label */

/* A request as it can be compared: whole, and by what it is about. */
struct shape {
        uint32_t id;
        uint64_t file;          /* of the eventfd that it came with; 0: none, or unknown */
        bool is_file_unknown;   /* it equals nothing, but see vgic_late_is_in_doubt() */
        uint8_t *payload;
        size_t size;
        uint32_t vcpu;
        char name[ABOUT_MAX];
};

struct vgic_late {
        struct vgic_late *next;
        uint64_t number;
        bool is_there;          /* its reply */
        struct shape of;
        uint8_t *reply;
        size_t reply_size;
};

/*
 * Of registers a later value can have been set by anybody; these two are set once for the life of a
 * VM.
 */
static bool is_set_once(const struct vgic_request *request)
{
        uint32_t group = ((const Vgic__Attr *)request->message)->group;

        return group == SHM_ATTR_ADDR || group == SHM_ATTR_NR_IRQS;
}

static enum keep keep_of(const struct vgic_request *request)
{
        if (request->id == PROTO_ATTR_SET && !is_set_once(request))
                return NO_RETRY;
        return request->id < PROTO_REQUESTS_END ? rules[request->id].keep : NO_RETRY;
}

/* The first field of all these messages is the one that says what they are about. */
static void fill_about(const struct vgic_request *request, uint32_t *vcpu, char name[ABOUT_MAX])
{
        *vcpu = 0;
        name[0] = '\0';
        if (rules[request->id].about == A_VCPU)
                *vcpu = ((const Vgic__Vcpu *)request->message)->vcpu;
        else if (rules[request->id].about == A_NAME)
                snprintf(name, ABOUT_MAX, "%s", ((const Vgic__VmName *)request->message)->name);
}

_Static_assert(offsetof(Vgic__VmName, name) == offsetof(Vgic__VmCreate, name) &&
               offsetof(Vgic__VmName, name) == offsetof(Vgic__VmAttach, name) &&
               offsetof(Vgic__VmName, name) == offsetof(Vgic__Grant, label) &&
               offsetof(Vgic__VmName, name) == offsetof(Vgic__Revoke, label) &&
               offsetof(Vgic__VmName, name) == offsetof(Vgic__Attr, name), "names come first");

/*
 * Which eventfd it is: two descriptors can be one, and one number another file by now. The kernel
 * numbers those that are open; this one is, by the daemon's duplicate. Return: 0 it does not say.
 */
static uint64_t eventfd_file(int fd)
{
        char path[40], line[128];
        unsigned long long id;
        uint64_t file = 0;
        FILE *info;

        snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
        info = fopen(path, "re");
        if (!info)
                return 0;
        while (file == 0 && fgets(line, sizeof(line), info))
                if (sscanf(line, "eventfd-id: %llu", &id) == 1)
                        file = id + 1; /* the first is 0 */
        fclose(info);
        return file;
}

static void shape_clear(struct shape *shape)
{
        free(shape->payload);
        shape->payload = NULL;
}

/* Return: there was memory for it. */
static bool shape_of(const struct vgic_request *request, struct shape *ret_shape)
{
        struct shape shape = { .id = request->id };
        size_t size = request->message ? protobuf_c_message_get_packed_size(request->message) : 0;

        if (request->n_fds > 0) {
                shape.file = eventfd_file(request->fds[0]);
                shape.is_file_unknown = shape.file == 0;
        }
        shape.payload = malloc(size + 1);
        if (!shape.payload)
                return false;
        shape.size = size;
        if (request->message)
                protobuf_c_message_pack(request->message, shape.payload);
        fill_about(request, &shape.vcpu, shape.name);
        *ret_shape = shape;
        return true;
}

/* But for the eventfd. */
static bool has_same_words(const struct shape *a, const struct shape *b)
{
        return a->id == b->id && a->size == b->size &&
               memcmp(a->payload, b->payload, a->size) == 0;
}

static bool is_same(const struct shape *a, const struct shape *b)
{
        return has_same_words(a, b) && a->file == b->file && !a->is_file_unknown &&
               !b->is_file_unknown;
}

/* Unlink it; it is the caller's. */
static struct vgic_late *take_out(struct vgic_late_list *list, struct vgic_late **at)
{
        struct vgic_late *late = *at;

        *at = late->next;
        list->n--;
        return late;
}

/* Forget one, and free it with its reply. */
static void drop(struct vgic_late_list *list, struct vgic_late **at)
{
        struct vgic_late *late = take_out(list, at);

        shape_clear(&late->of);
        free(late->reply);
        free(late);
}

/* The same request, whose reply is there or not. Return: its place; NULL. */
static struct vgic_late **find(const struct vgic_late_list *list,
                               const struct vgic_request *request, bool is_there)
{
        struct vgic_late **at = (struct vgic_late **)(uintptr_t)&list->first;
        struct shape shape;

        if (!*at || keep_of(request) == NO_RETRY || !shape_of(request, &shape))
                return NULL;
        while (*at && !((*at)->is_there == is_there && is_same(&(*at)->of, &shape)))
                at = &(*at)->next;
        shape_clear(&shape);
        return *at ? at : NULL;
}

/* The request that was number @number on this connection, by which replies are told apart. */
static struct vgic_late **find_number(struct vgic_late_list *list, uint64_t number)
{
        struct vgic_late **at = &list->first;

        while (*at && (*at)->number != number)
                at = &(*at)->next;
        return *at ? at : NULL;
}

void vgic_late_add(struct vgic_late_list *list, const struct vgic_request *request, uint64_t number)
{
        struct vgic_late *late;

        if (keep_of(request) == NO_RETRY || list->n == VGIC_LATE_MAX)
                return;
        late = calloc(1, sizeof(*late));
        if (!late || !shape_of(request, &late->of)) {
                free(late);
                return;
        }
        late->number = number;
        late->next = list->first;
        list->first = late;
        list->n++;
}

/*
 * Any reply decodes as a StatusReply (doc/protocol.md section 3), so the request need not be known.
 */
static bool is_success(const struct proto_rx *rx, bool *ret_decodes)
{
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__Status *status;

        *ret_decodes = proto_message_unpack(&vgic__status_reply__descriptor, rx->payload,
                                            rx->header.size, &message) == 0;
        if (!*ret_decodes)
                return false;
        status = ((const Vgic__StatusReply *)message)->status;
        return !status || status->code == PROTO_OK;
}

int vgic_late_take(struct vgic_late_list *list, uint64_t number, struct proto_rx *rx)
{
        struct vgic_late **at = find_number(list, number), *late;
        bool decodes, keeps;

        if (!at)
                return 0;
        late = *at;
        keeps = is_success(rx, &decodes) && rules[late->of.id].keep != WAIT;
        if (rx->header.request != late->of.id || !decodes)
                return -EPROTO;
        if (!keeps) {
                drop(list, at);
                return 0;
        }
        late->is_there = true;
        late->reply = rx->payload;
        late->reply_size = rx->header.size;
        rx->payload = NULL;
        return 0;
}

uint64_t vgic_late_number(const struct vgic_late_list *list, const struct vgic_request *request)
{
        struct vgic_late **at = find(list, request, false);

        return at ? (*at)->number : 0;
}

int vgic_late_answer(struct vgic_late_list *list, const struct vgic_request *request,
                     uint8_t **ret_payload, size_t *ret_size)
{
        bool is_kept = rules[request->id].keep == ANSWER;
        struct vgic_late **at = is_kept ? find(list, request, true) : NULL;

        if (!at)
                return 0;
        *ret_payload = (*at)->reply;
        *ret_size = (*at)->reply_size;
        (*at)->reply = NULL;
        drop(list, at);
        return 1;
}

bool vgic_late_proves(struct vgic_late_list *list, const struct vgic_request *request, int error)
{
        const struct rule *rule = &rules[request->id];
        struct vgic_late **at = rule->keep == PROOF ? find(list, request, true) : NULL;

        if (!at)
                return false;
        drop(list, at);
        return error == rule->done || (rule->done_too && error == rule->done_too);
}

bool vgic_late_is_in_doubt(const struct vgic_late_list *list, const struct vgic_request *request)
{
        const struct vgic_late *late = list->first;
        struct shape shape;

        if (!late || !shape_of(request, &shape))
                return false;
        while (late && !(late->is_there && has_same_words(&late->of, &shape) &&
                         (late->of.is_file_unknown || shape.is_file_unknown)))
                late = late->next;
        shape_clear(&shape);
        return late;
}

void vgic_late_forget(struct vgic_late_list *list, uint64_t number)
{
        struct vgic_late **at = find_number(list, number);

        if (at)
                drop(list, at);
}

/*
 * Has what @of was asked for gone, now that @sent was sent? VM_DETACH ends all that this connection
 * has in its VM; VM_DESTROY was asked of a VM by name, which detaching does not bring back.
 */
static bool is_undone(const struct shape *of, uint32_t sent, uint32_t vcpu, const char *name)
{
        if (sent == PROTO_VM_DETACH)
                return of->id != PROTO_VM_DESTROY;
        for (size_t i = 0; i < sizeof(undoes) / sizeof(undoes[0]); i++)
                if (undoes[i].sent == sent && undoes[i].undone == of->id)
                        return of->vcpu == vcpu && strcmp(of->name, name) == 0;
        return false;
}

void vgic_late_undo(struct vgic_late_list *list, const struct vgic_request *request)
{
        struct vgic_late **at = &list->first;
        uint32_t vcpu;
        char name[ABOUT_MAX];

        if (!*at)
                return;
        fill_about(request, &vcpu, name);
        while (*at) {
                if (is_undone(&(*at)->of, request->id, vcpu, name))
                        drop(list, at);
                else
                        at = &(*at)->next;
        }
}

void vgic_late_clear(struct vgic_late_list *list)
{
        while (list->first)
                drop(list, &list->first);
}
