/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Handlers: attributes by message
 *
 * For tools and for VMs that have no controller yet. What attr.h returns as errno becomes a code
 * with the words that KVM's numbers alone do not say.
 */
#include <errno.h>

#include "attr.h"
#include "handlers.h"
#include "vm.h"

/* -ENODATA is PROTO_NOT_INITIALISED, whose text says it. */
static enum proto_code fail_with_words(struct request *request, int r)
{
        static const struct {
                int error;
                const char *words;
        } words[] = {
                { EBUSY, "it can be changed before VM_INIT only, and a number of interrupts once" },
                { EEXIST, "this address is set already" },
                { E2BIG, "the address is beyond 52 bits" },
                { ENOENT, "there is no such redistributor region" },
                { EINVAL, "no vCPU of this affinity, or not a value that it can take" },
                { EIO, "the VM changes this register without end" },
        };

        for (size_t i = 0;
             !base_error_is_set(&request->why) && i < sizeof(words) / sizeof(words[0]); i++)
                if (words[i].error == -r)
                        base_error_set(&request->why, r, "%s", words[i].words);
        return proto_code_from_errno(r);
}

enum proto_code handle_attr_get(struct request *request)
{
        const Vgic__Attr *ask = (const Vgic__Attr *)request->message;
        Vgic__AttrReply reply = VGIC__ATTR_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        uint64_t value = ask->value;
        struct vm *vm = NULL;
        enum proto_code code = request_vm(request, ask->name, &vm);
        int r;

        if (code != PROTO_OK)
                return code;
        r = attr_get(vm, ask->group, ask->attr, &value);
        if (r < 0)
                return fail_with_words(request, r);
        reply.status = &status;
        reply.value = value;
        return request_reply(request, &reply.base, NULL, 0);
}

/*
 * INIT by attribute is VM_INIT, and succeeds on a VM that has its controller (doc/protocol.md
 * section 6, 24 ATTR_GET).
 */
enum proto_code handle_attr_set(struct request *request)
{
        const Vgic__Attr *ask = (const Vgic__Attr *)request->message;
        struct vm *vm = NULL;
        enum proto_code code = request_vm(request, ask->name, &vm);
        int r;

        if (code != PROTO_OK)
                return code;
        r = attr_set(vm, ask->group, ask->attr, ask->value);
        if (r == ATTR_IS_INIT)
                return handle_init(request, vm);
        return r < 0 ? fail_with_words(request, r) : PROTO_OK;
}

enum proto_code handle_attr_has(struct request *request)
{
        const Vgic__Attr *ask = (const Vgic__Attr *)request->message;
        struct vm *vm = NULL;
        enum proto_code code = request_vm(request, ask->name, &vm);
        int r;

        if (code != PROTO_OK)
                return code;
        r = attr_has(vm, ask->group, ask->attr);
        return r < 0 ? fail_with_words(request, r) : PROTO_OK;
}
