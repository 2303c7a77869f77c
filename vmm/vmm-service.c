/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Service: the machine's side of the connection to vgicd
 *
 * What    The cold path only. Once the VM is there the guest's interrupts are shared memory, and go
 *         on without the daemon.
 */
#include "vmm-service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm-log.h"
#include "vmm-machine.h"
#include "vmm-port.h"

/*
 * For one answer of the daemon. On a busy machine the default, 5 s, can be short; nothing is won by
 * giving up early.
 */
#define VMM_PATIENCE_MS 60000u

struct socket_path {
        char text[VGIC_SOCKET_MAX];
};

/* Where the daemon was looked for. */
static struct socket_path socket_path(const struct vmm_machine *machine)
{
        const char *given = machine->options->socket_path;
        struct socket_path path = { "$VGICD_SOCKET" };

        if (given)
                snprintf(path.text, sizeof(path.text), "%.107s", given);
        else
                (void)vgic_default_socket(path.text, sizeof(path.text));
        return path;
}

static const char *reason(const struct vmm_machine *machine, int r)
{
        const char *words = machine->conn ? vgic_conn_error(machine->conn) : "";

        return words[0] != '\0' ? words : strerror(-r);
}

/* Where nothing listens the user mostly forgot to start the daemon, so that is said. */
static int connect_daemon(struct vmm_machine *machine)
{
        const struct vgic_conn_options options = {
                .size = sizeof(options),
                .socket_path = machine->options->socket_path,
                .timeout_ms = VMM_PATIENCE_MS,
                .client_name = "vgic-vmm",
        };
        int r = vgic_connect(&options, &machine->conn);

        if (r == 0)
                return 0;
        vmm_error("cannot reach vgicd at %s: %s", socket_path(machine).text, reason(machine, r));
        if (r == -ENOENT || r == -ECONNREFUSED)
                vmm_error("start it with 'vgicd --socket %s' (or 'systemctl start vgicd.socket'), "
                          "or name its socket by --socket",
                          socket_path(machine).text);
        return r;
}

/* Ephemeral: the VM goes when this process does, however it ends. */
static int create_vm(struct vmm_machine *machine)
{
        const struct vgic_vm_config config = {
                .size = sizeof(config),
                .name = machine->name,
                .n_vcpus = machine->n_cpus,
                .n_spis = VMM_N_SPIS,
                /* This is the firmware, too: what runs first finds its redistributor awake. */
                .flags = VGIC_VM_EPHEMERAL | VGIC_VM_AWAKE,
        };
        int r = vgic_vm_create(machine->conn, &config, &machine->vm);

        if (r == 0)
                r = vgic_vm_init(machine->vm);
        if (r == 0)
                r = vgic_vm_fd(machine->vm); /* for the loop: if it fails, it fails now */
        if (r < 0)
                vmm_error("vgicd cannot make VM '%s': %s", machine->name, reason(machine, r));
        return r < 0 ? r : 0;
}

static int register_vcpus(struct vmm_machine *machine)
{
        int r;

        for (unsigned i = 0; i < machine->n_cpus; i++) {
                r = vmm_port_open(&machine->cpus[i]);
                if (r < 0) {
                        vmm_error("vgicd cannot register vCPU %u: %s", i, reason(machine, r));
                        return r;
                }
        }
        return 0;
}

/* The default name has the PID, so that two guests of one user do not collide. */
int vmm_service_open(struct vmm_machine *machine)
{
        if (machine->options->name)
                snprintf(machine->name, sizeof(machine->name), "%s", machine->options->name);
        else
                snprintf(machine->name, sizeof(machine->name), "vgic-vmm-%ld", (long)getpid());
        if (connect_daemon(machine) < 0 || create_vm(machine) < 0 || register_vcpus(machine) < 0)
                return VMM_STATUS_DAEMON;
        return 0;
}

/*
 * Also after a vmm_service_open() that failed half-way: the library takes NULL for what is not
 * there.
 */
void vmm_service_close(struct vmm_machine *machine)
{
        for (unsigned i = 0; i < machine->n_cpus; i++) {
                vmm_port_leave(&machine->cpus[i]);
                vgic_vcpu_unregister(machine->cpus[i].vgic);
                machine->cpus[i].vgic = NULL;
        }
        vgic_vm_detach(machine->vm);
        vgic_disconnect(machine->conn);
        machine->vm = NULL;
        machine->conn = NULL;
}

/*
 * The daemon may go or the VM be destroyed while the guest runs. Only the second ends the guest:
 * interrupts are shared memory, which does not need the daemon.
 */
void vmm_service_process(struct vmm_machine *machine)
{
        struct vgic_event event;
        int r = vgic_conn_process(machine->conn);

        while (vgic_conn_next_event(machine->conn, &event) > 0) {
                if (event.kind == VGIC_EVENT_REVOKED && event.intid == 0) {
                        vmm_error("the VM was destroyed at the daemon");
                        vmm_machine_end(machine, VMM_STATUS_DIED);
                }
        }
        if (r < 0 && !machine->daemon_gone) {
                machine->daemon_gone = true;
                vmm_error("vgicd is gone (%s); the guest goes on without it", reason(machine, r));
        }
}
