/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Grants: which SPIs a device process may drive
 *
 * The VMM's side: a grant has a label, by which it is revoked, and a token, which the device
 * attaches with. Cold path: messages.
 */
#include <errno.h>
#include <string.h>

#include "proto-message.h"
#include "vgic-vm.h"

int vgic_grant(struct vgic_vm *vm, const char *label, const uint32_t *intids, size_t n,
               char *ret_token)
{
        return vgic_grant_to(vm, label, intids, n, NULL, 0, ret_token);
}

int vgic_grant_to(struct vgic_vm *vm, const char *label, const uint32_t *intids, size_t n,
                  const uint32_t *uids, size_t n_uids, char *ret_token)
{
        Vgic__Grant grant = VGIC__GRANT__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *reply = NULL;
        const char *token;
        int r = vgic_vm_begin(vm, true);

        if (r == 0)
                r = vgic_name_check(&vm->conn->error, "label", label);
        if (r < 0)
                return r;
        if (n < 1 || n > VGIC_MAX_SPIS + VGIC_MAX_ESPIS)
                return base_error_set(&vm->conn->error, -EINVAL, "a grant names 1 to %u SPIs",
                                      VGIC_MAX_SPIS + VGIC_MAX_ESPIS);
        grant.label = vgic_string(label);
        grant.n_intids = n;
        grant.intids = (uint32_t *)(uintptr_t)intids;
        if (n_uids > VGIC_GRANT_MAX_UIDS)
                return base_error_set(&vm->conn->error, -EINVAL, "a grant names at most %u users",
                                      VGIC_GRANT_MAX_UIDS);
        if (n_uids && !(vm->conn->features & PROTO_FEATURE_GRANT_USERS))
                return base_error_set(&vm->conn->error, -EOPNOTSUPP,
                                      "this vgicd knows no grants for other users");
        grant.n_uids = n_uids;
        grant.uids = (uint32_t *)(uintptr_t)uids;
        r = vgic_call(vm->conn, PROTO_GRANT, &grant.base, NULL, 0, &reply, NULL);
        if (r < 0)
                return r;
        token = ((const Vgic__GrantReply *)reply)->token;
        if (strlen(token) != VGIC_TOKEN_MAX || strspn(token, "0123456789abcdef") != VGIC_TOKEN_MAX)
                return base_error_set(&vm->conn->error, -EPROTO,
                                      "GRANT: the token is not %u hexadecimal digits",
                                      VGIC_TOKEN_MAX);
        memcpy(ret_token, token, VGIC_TOKEN_MAX + 1);
        return 0;
}

int vgic_revoke(struct vgic_vm *vm, const char *label)
{
        Vgic__Revoke revoke = VGIC__REVOKE__INIT;
        int r = vgic_vm_begin(vm, true);

        if (r == 0)
                r = vgic_name_check(&vm->conn->error, "label", label);
        if (r < 0)
                return r;
        revoke.label = vgic_string(label);
        return vgic_call(vm->conn, PROTO_REVOKE, &revoke.base, NULL, 0, NULL, NULL);
}
