/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vCPUs: registration, and the TDIR eventfd of each
 *
 * The cold path of a vCPU. The daemon decides who has it; a vCPU is given back here all the same
 * when the daemon is gone: first its kick, then what it had in guest, then the message.
 */
#include <errno.h>

#include "base-fd.h"
#include "shm-port.h"
#include "vgic-bereft.h"
#include "vgic-vm.h"

/* As wide as the flags: of a narrower one ~ leaves the upper half unchecked. */
#define VGIC_VCPU_KNOWN_FLAGS  ((uint64_t)VGIC_VCPU_WAKE_BY_KICK)

static int vgic_vcpu_call(struct vgic_vcpu *vcpu, uint32_t request, const int *fd)
{
        Vgic__Vcpu message = VGIC__VCPU__INIT;

        message.vcpu = vcpu->index;
        return vgic_call(vcpu->vm->conn, request, &message.base, fd, fd ? 1 : 0, NULL, NULL);
}

/* What the library can refuse by itself, with words that name the member. */
static int vgic_vcpu_check_options(struct vgic_conn *conn, const struct vgic_vcpu_options *o)
{
        if (o->list_registers > VGIC_MAX_LIST_REGISTERS)
                return base_error_set(&conn->error, -EINVAL,
                                      "list_registers: %u, but it must be 1 to %d, or 0 for a trap "
                                      "port",
                                      o->list_registers, VGIC_MAX_LIST_REGISTERS);
        if (o->list_registers && !(conn->features & PROTO_FEATURE_LIST_REGISTERS))
                return base_error_set(&conn->error, -EOPNOTSUPP,
                                      "the daemon is too old for list-register ports: register "
                                      "with list_registers 0, a trap port");
        if (o->flags & ~VGIC_VCPU_KNOWN_FLAGS)
                return base_error_set(&conn->error, -EINVAL,
                                      "flags is 0x%llx, it can have the bits of 0x%llx",
                                      (unsigned long long)o->flags,
                                      (unsigned long long)VGIC_VCPU_KNOWN_FLAGS);
        if ((o->flags & VGIC_VCPU_WAKE_BY_KICK) && !o->kick)
                return base_error_set(&conn->error, -EINVAL,
                                      "VGIC_VCPU_WAKE_BY_KICK is set, and there is no kick");
        return 0;
}

int vgic_vcpu_register(struct vgic_vm *vm, uint32_t index, const struct vgic_vcpu_options *options,
                       struct vgic_vcpu **ret_vcpu)
{
        struct vgic_vcpu_options o = { 0 };
        Vgic__Vcpu message = VGIC__VCPU__INIT;
        struct vgic_vcpu *vcpu;
        int r = vgic_vm_begin(vm, true);

        if (r == 0 && options)
                r = vgic_options_take(&vm->conn->error, &o, sizeof(o), options, options->size);
        if (r < 0)
                return r;
        if (!vgic_vm_mapped(vm))
                return base_error_set(&vm->conn->error, -ENODATA, "the VM is not initialised");
        if (vm->gic.mirror)
                return base_error_set(&vm->conn->error, -EOPNOTSUPP,
                                      "the VM is a mirror: it runs no vCPUs");
        if (index >= vm->info.n_vcpus)
                return base_error_set(&vm->conn->error, -EINVAL,
                                      "there is no vCPU %u: the VM has %u",
                                      index, vm->info.n_vcpus);
        vcpu = &vm->vcpus[index];
        if (vcpu->registered)
                return base_error_set(&vm->conn->error, -EBUSY,
                                      "vCPU %u is registered here already", index);
        r = vgic_vcpu_check_options(vm->conn, &o);
        if (r < 0)
                return r;
        message.vcpu = index;
        message.list_registers = o.list_registers;
        shm_local_raise(&vcpu->left, false); /* before: from the answer on it is run */
        r = vgic_call(vm->conn, PROTO_VCPU_REGISTER, &message.base, NULL, 0, NULL, NULL);
        if (r < 0) {
                vgic_bereft_leave(vm, index, 1); /* the answer may be all that did not come */
                return r;
        }
        vcpu->registered = true;
        vcpu->list_registers = o.list_registers;
        vcpu->in_guest = false;
        vcpu->wakes_by_kick = o.flags & VGIC_VCPU_WAKE_BY_KICK;
        vcpu->cpu = shm_cpu_of(&vm->gic, index);
        vcpu->is_straight = shm_straight_is_for(&vcpu->cpu);
        if (o.kick)
                shm_kick_open(&vcpu->kick, o.kick, o.kick_arg,
                              vcpu->wakes_by_kick ? SHM_KICK_BITS : SHM_KICK_OPEN);
        *ret_vcpu = vcpu;
        return 0;
}

int vgic_vcpu_unregister(struct vgic_vcpu *vcpu)
{
        int r;

        if (!vcpu)
                return 0;
        vgic_kick_close(vcpu);
        vcpu->registered = false;
        vcpu->is_straight = false;
        /*
         * Here, not by the daemon: if that is gone,
         * a port that stays in guest would hold the gate of TDIR shut.
         */
        if (vcpu->in_guest)
                shm_port_repair(&vcpu->vm->gic, vcpu->index, false, 0, 0);
        /* Its host may free the bank from here on, and another process may run this vCPU. */
        vcpu->in_guest = false;
        vcpu->bank = NULL;
        shm_local_enter(&vcpu->inside, 0);
        r = vgic_vm_begin(vcpu->vm, false);
        if (r == 0)
                r = vgic_vcpu_call(vcpu, PROTO_VCPU_UNREGISTER, NULL);
        if (r < 0)
                vgic_bereft_leave(vcpu->vm, vcpu->index, 1);
        return r;
}

/*
 * The vCPU has a subscription, which a call that timed out has made. Without /proc nothing tells
 * whether that was for the same eventfd: it may be another one by now, of the same number.
 */
static bool is_subscribed_in_doubt(struct vgic_vcpu *vcpu, int event_fd)
{
        Vgic__Vcpu message = VGIC__VCPU__INIT;

        message.vcpu = vcpu->index;
        return vgic_call_is_in_doubt(vcpu->vm->conn, PROTO_TDIR_SUBSCRIBE, &message.base, event_fd);
}

int vgic_tdir_subscribe(struct vgic_vcpu *vcpu, int event_fd)
{
        int r = vcpu ? vgic_vm_begin(vcpu->vm, true) : -EINVAL;

        if (r < 0)
                return r;
        if (!base_fd_may_be_eventfd(event_fd))
                return base_error_set(&vcpu->vm->conn->error, -EINVAL,
                                      "descriptor %d is not an eventfd", event_fd);
        r = vgic_vcpu_call(vcpu, PROTO_TDIR_SUBSCRIBE, &event_fd);
        if (r == -EEXIST && is_subscribed_in_doubt(vcpu, event_fd)) {
                base_error_clear(&vcpu->vm->conn->error);
                r = vgic_vcpu_call(vcpu, PROTO_TDIR_UNSUBSCRIBE, NULL);
                if (r == 0)
                        r = vgic_vcpu_call(vcpu, PROTO_TDIR_SUBSCRIBE, &event_fd);
        }
        return r;
}

int vgic_tdir_unsubscribe(struct vgic_vcpu *vcpu)
{
        int r = vcpu ? vgic_vm_begin(vcpu->vm, true) : -EINVAL;

        return r < 0 ? r : vgic_vcpu_call(vcpu, PROTO_TDIR_UNSUBSCRIBE, NULL);
}

int vgic_tdir_watch(struct vgic_vm *vm)
{
        int r = vgic_vm_begin(vm, false);

        return r < 0 ? r : vgic_call(vm->conn, PROTO_TDIR_WATCH, NULL, NULL, 0, NULL, NULL);
}
