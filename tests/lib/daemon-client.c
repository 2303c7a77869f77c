/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A real vgicd in a test, by libvgic: see daemon-proc.h. Apart,
 * so that a test without libvgic need not link it.
 */
#include <stdlib.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic.h"

struct vgic_conn *daemon_connect(const struct daemon_proc *proc)
{
        struct vgic_conn_options options = {
                .size = sizeof(options), .socket_path = proc->socket, .timeout_ms = DAEMON_WAIT_MS};
        struct vgic_conn *conn = NULL;
        int r = vgic_connect(&options, &conn);

        if (r < 0)
                tap_bail("vgic_connect: %d %s", r, conn ? vgic_conn_error(conn) : "");
        return conn;
}

bool daemon_alive(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm_info *infos = NULL;
        size_t n;
        int r = vgic_vm_list(conn, &infos, &n);

        free(infos);
        vgic_disconnect(conn);
        return r == 0;
}

struct vgic_vm *daemon_vm(struct vgic_conn *conn, const char *name, unsigned n_vcpus,
                          unsigned n_spis, unsigned flags)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = name, .n_vcpus = n_vcpus, .n_spis = n_spis,
                .flags = flags};
        struct vgic_vm *vm = NULL;
        int r = vgic_vm_create(conn, &config, &vm);

        if (r == 0)
                r = vgic_vm_init(vm);
        if (r < 0)
                tap_bail("VM %s: %d %s", name, r, vgic_conn_error(conn));
        return vm;
}

struct vgic_vm *daemon_attach(struct vgic_conn *conn, const char *name, int role)
{
        struct vgic_vm *vm = NULL;

        if (vgic_vm_attach(conn, name, (enum vgic_role)role, &vm) < 0)
                tap_bail("attach to %s: %s", name, vgic_conn_error(conn));
        return vm;
}
