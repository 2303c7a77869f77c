/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Attributes: on the mapped controller, or by message
 *
 * READY    vgic_vm_mapped() is an acquire load of what vgic_vm_map() published last. Who does not
 *          see it yet asks the daemon, which decides by the controller itself. Either way a live
 *          controller refuses what belongs before INIT, so a look that is late costs a message and
 *          changes no answer.
 */
#include <errno.h>

#include "proto-message.h"
#include "shm-attr.h"
#include "vgic-vm.h"

_Static_assert((int)VGIC_ATTR_ADDR == (int)SHM_ATTR_ADDR &&
               (int)VGIC_ATTR_DIST_REGS == (int)SHM_ATTR_DIST_REGS &&
               (int)VGIC_ATTR_NR_IRQS == (int)SHM_ATTR_NR_IRQS &&
               (int)VGIC_ATTR_CTRL == (int)SHM_ATTR_CTRL &&
               (int)VGIC_ATTR_REDIST_REGS == (int)SHM_ATTR_REDIST_REGS &&
               (int)VGIC_ATTR_CPU_SYSREGS == (int)SHM_ATTR_CPU_SYSREGS &&
               (int)VGIC_ATTR_LEVEL_INFO == (int)SHM_ATTR_LEVEL_INFO &&
               VGIC_ATTR_ADDR_DIST == SHM_ATTR_ADDR_DIST &&
               VGIC_ATTR_ADDR_REDIST == SHM_ATTR_ADDR_REDIST &&
               VGIC_ATTR_ADDR_REDIST_REGION == SHM_ATTR_ADDR_REDIST_REGION &&
               VGIC_ATTR_CTRL_INIT == SHM_ATTR_CTRL_INIT,
               "attributes have one numbering");

/* What belongs after INIT is NOT_INITIALISED on the socket, and -EBUSY here, as KVM has it. */
static int vgic_attr_errno(int r)
{
        return r == -ENODATA ? -EBUSY : r;
}

/*
 * @value: NULL for ATTR_HAS; in and out for ATTR_GET. @any: the caller is any thread,
 *         which has no words.
 */
static int vgic_attr_ask(struct vgic_conn *conn, bool any, const char *name, uint32_t request,
                         uint32_t group, uint64_t attr, uint64_t *value)
{
        Vgic__Attr ask = VGIC__ATTR__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *reply = NULL;
        ProtobufCMessage **want = request == PROTO_ATTR_GET ? &reply : NULL;
        int r;

        ask.name = vgic_string(name);
        ask.group = group;
        ask.attr = attr;
        ask.value = value ? *value : 0;
        r = any ? vgic_call_any(conn, request, &ask.base, want)
                : vgic_call(conn, request, &ask.base, NULL, 0, want, NULL);
        if (r == 0 && reply)
                *value = ((const Vgic__AttrReply *)reply)->value;
        return vgic_attr_errno(r);
}

static int vgic_attr_begin(const struct vgic_vm *vm, bool writes)
{
        if (!vm)
                return -EINVAL;
        return vm->role == VGIC_ROLE_DEVICE || (writes && vm->role != VGIC_ROLE_VMM) ? -EACCES : 0;
}

/*
 * Is the answer in shared memory? Then @ret_attr is what was asked for, and *ret_r 0, or it is in
 * *ret_r already.
 */
static bool vgic_attr_mapped(struct vgic_vm *vm, uint32_t group, uint64_t attr,
                             struct shm_attr *ret_attr, int *ret_r)
{
        struct shm_attr_of of = { .gic = &vm->gic };

        if (!vgic_vm_mapped(vm) || shm_attr_by_daemon(group))
                return false;
        *ret_r = shm_attr_decode(&of, group, attr, ret_attr);
        return true;
}

int vgic_attr_has(struct vgic_vm *vm, uint32_t group, uint64_t attr)
{
        struct shm_attr a;
        int r = vgic_attr_begin(vm, false);

        if (r < 0 || vgic_attr_mapped(vm, group, attr, &a, &r))
                return r;
        return vgic_attr_ask(vm->conn, true, NULL, PROTO_ATTR_HAS, group, attr, NULL);
}

int vgic_attr_get(struct vgic_vm *vm, uint32_t group, uint64_t attr, uint64_t *value)
{
        struct shm_attr a;
        int r = vgic_attr_begin(vm, false);

        if (r < 0)
                return r;
        if (vgic_attr_mapped(vm, group, attr, &a, &r))
                return r < 0 ? r : shm_attr_get(&vm->gic, &a, value);
        return vgic_attr_ask(vm->conn, true, NULL, PROTO_ATTR_GET, group, attr, value);
}

int vgic_attr_set(struct vgic_vm *vm, uint32_t group, uint64_t attr, uint64_t value)
{
        struct shm_attr a;
        int r = vgic_attr_begin(vm, true);

        if (r < 0)
                return r;
        if (group == VGIC_ATTR_CTRL && attr == VGIC_ATTR_CTRL_INIT)
                return vgic_vm_init(vm);
        if (vgic_attr_mapped(vm, group, attr, &a, &r)) {
                if (r == 0)
                        r = shm_attr_check_value(&a, value);
                return r < 0 ? r : shm_attr_set(&vm->gic, &a, value);
        }
        return vgic_attr_ask(vm->conn, true, NULL, PROTO_ATTR_SET, group, attr, &value);
}

/*
 * An attribute of a VM that this connection is not attached to, by its name: for tools. Nothing of
 * it is mapped, so the daemon answers always.
 */
static int vgic_attr_msg(struct vgic_conn *conn, const char *name, uint32_t request, uint32_t group,
                         uint64_t attr, uint64_t *value)
{
        int r = vgic_conn_begin(conn);

        if (r == 0)
                r = vgic_vm_name_check(&conn->error, name);
        return r < 0 ? r : vgic_attr_ask(conn, false, name, request, group, attr, value);
}

int vgic_msg_attr_has(struct vgic_conn *conn, const char *name, uint32_t group, uint64_t attr)
{
        return vgic_attr_msg(conn, name, PROTO_ATTR_HAS, group, attr, NULL);
}

int vgic_msg_attr_get(struct vgic_conn *conn, const char *name, uint32_t group, uint64_t attr,
                      uint64_t *value)
{
        return vgic_attr_msg(conn, name, PROTO_ATTR_GET, group, attr, value);
}

int vgic_msg_attr_set(struct vgic_conn *conn, const char *name, uint32_t group, uint64_t attr,
                      uint64_t value)
{
        return vgic_attr_msg(conn, name, PROTO_ATTR_SET, group, attr, &value);
}
