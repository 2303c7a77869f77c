/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What one user may have of the daemon's memory, and that the largest VM begins and ends in turns
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "as-user.h"
#include "base-fd.h"
#include "daemon-proc.h"
#include "daemon-raw.h"
#include "memory.h"
#include "other-proc.h"
#include "proto-limits.h"
#include "proto-message.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "proto-tx.h"
#include "tap.h"
#include "vgic-private.h"

#define USER     12345u
#define OTHER    12346u
#define LARGEST   4096u

/* --- the limit --- */

static int create(struct vgic_conn *conn, const char *name, uint32_t n_vcpus, unsigned flags,
                  struct vgic_vm **ret_vm)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = name, .n_vcpus = n_vcpus, .n_spis = 32,
                .flags = flags,
        };

        return vgic_vm_create(conn, &config, ret_vm);
}

static bool says(struct vgic_conn *conn, const char *words)
{
        return strstr(vgic_conn_error(conn), words) != NULL;
}

/* A mirror of 4096 vCPUs takes 16 MiB and more. */
static void user_has_no_more_memory_than_it_may(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = as_user_connect(proc, USER), *more = as_user_connect(proc, USER);
        struct vgic_conn *other = as_user_connect(proc, OTHER), *root = daemon_connect(proc);
        struct vgic_vm *first, *second, *others, *roots;

        tap_ok(create(conn, "first", LARGEST, VGIC_VM_MIRROR, &first) == 0 &&
                       vgic_vm_init(first) == 0,
               "a user has a VM of 16 MiB, of 32 MiB that it may have");
        tap_ok(create(more, "second", LARGEST, VGIC_VM_MIRROR, &second) == 0 &&
                       vgic_vm_init(second) == -ENOSPC,
               "a second one is refused");
        tap_ok(says(more, "user 12345") && says(more, "--max-memory"),
               "a second one: who, how much, and which option: %s", vgic_conn_error(more));
        tap_ok(create(other, "others", LARGEST, VGIC_VM_MIRROR, &others) == 0 &&
                       vgic_vm_init(others) == 0,
               "another user still has its own");
        if (create(root, "r1", LARGEST, VGIC_VM_MIRROR, &roots) < 0 || vgic_vm_init(roots) < 0)
                tap_bail("root: %s", vgic_conn_error(root));
        vgic_vm_detach(roots);
        tap_ok(create(root, "r2", LARGEST, VGIC_VM_MIRROR, &roots) == 0 &&
                       vgic_vm_init(roots) == 0,
               "root has two of them");
        tap_eq(vgic_vm_destroy(conn, "first"), 0, "the user destroys its first VM");
        tap_eq(vgic_vm_init(second), 0, "then there is memory for the second, at once");
        vgic_vm_destroy(more, "second");
        vgic_vm_destroy(other, "others");
        vgic_vm_destroy(root, "r1");
        vgic_vm_destroy(root, "r2");
        vgic_disconnect(conn);
        vgic_disconnect(more);
        vgic_disconnect(other);
        vgic_disconnect(root);
}

/* What is given back is given back whole: else the last round is refused. */
static void nothing_stays_counted(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = as_user_connect(proc, USER);
        uint32_t intid = 40;
        char token[VGIC_TOKEN_MAX + 1];
        unsigned n_wrong = 0;

        for (unsigned i = 0; i < 40; i++) {
                struct vgic_vm *vm = NULL;

                n_wrong += create(conn, "again", 2048, 0, &vm) < 0 || vgic_vm_init(vm) < 0 ||
                           vgic_grant(vm, "disk", &intid, 1, token) < 0 ||
                           vgic_vm_destroy(conn, "again") < 0;
                vgic_vm_detach(vm);
        }
        tap_eq(n_wrong, 0, "8 MiB and a grant, 40 times one after the other: none is refused: %s",
               vgic_conn_error(conn));
        vgic_disconnect(conn);
}

/* --- turns --- */

static void send_request(int fd, uint32_t request, const ProtobufCMessage *message)
{
        uint8_t bytes[256];
        size_t n = protobuf_c_message_pack(message, bytes);

        daemon_raw_frame(fd, request, PROTO_VERSION | PROTO_FLAG_NEED_REPLY, (uint32_t)n, bytes, n);
}

/* Is the VM that VM_INFO tells of initialised? */
static bool read_initialised(int fd)
{
        struct proto_rx rx = { 0 };
        ProtobufCMessage *message = NULL;
        bool initialised;
        int r;

        while ((r = proto_rx_step(&rx, fd)) == PROTO_RX_AGAIN)
                daemon_wait_readable(fd);
        if (r < 0 || proto_message_unpack(&vgic__vm_info_reply__descriptor, rx.payload,
                                          rx.header.size, &message) < 0)
                tap_bail("no reply to VM_INFO");
        initialised = ((const Vgic__VmInfoReply *)message)->vm->initialised;
        proto_message_free(message);
        proto_rx_release(&rx);
        return initialised;
}

/* Both requests are there when the daemon goes on. */
static void others_are_served_while_a_vm_is_built(const struct daemon_proc *proc)
{
        int maker = daemon_raw_hello(proc), asker = daemon_raw_hello(proc);
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        Vgic__VmName name = VGIC__VM_NAME__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;

        create.name = name.name = (char *)"large";
        create.n_vcpus = LARGEST;
        create.n_spis = 988;
        tap_eq(daemon_raw_call(maker, PROTO_VM_CREATE, &create.base, NULL, 0), PROTO_OK,
               "a VM of 4096 vCPUs");
        kill(proc->pid, SIGSTOP);
        send_request(maker, PROTO_VM_INIT, &empty.base);
        send_request(asker, PROTO_VM_INFO, &name.base);
        kill(proc->pid, SIGCONT);
        tap_ok(!read_initialised(asker), "another is answered while it is being built");
        tap_eq(daemon_raw_code(maker), PROTO_OK, "then its maker is told that it is there");
        send_request(asker, PROTO_VM_INFO, &name.base);
        tap_ok(read_initialised(asker), "it is");
        daemon_raw_call(asker, PROTO_VM_DESTROY, &name.base, NULL, 0);
        close(maker);
        close(asker);
}

/* Whoever asks for it meanwhile gets it; whoever made it may be gone. */
static void half_a_vm_is_finished_by_the_next(const struct daemon_proc *proc)
{
        int maker = daemon_raw_hello(proc), next = daemon_raw_hello(proc);
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        Vgic__VmName name = VGIC__VM_NAME__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;
        int before = daemon_fd_count(proc);

        create.name = name.name = attach.name = (char *)"half";
        create.n_vcpus = LARGEST;
        attach.role = PROTO_ROLE_VMM;
        daemon_raw_call(maker, PROTO_VM_CREATE, &create.base, NULL, 0);
        daemon_raw_call(next, PROTO_VM_ATTACH, &attach.base, NULL, 0);
        kill(proc->pid, SIGSTOP);
        send_request(maker, PROTO_VM_INIT, &empty.base);
        send_request(next, PROTO_VM_INIT, &empty.base);
        kill(proc->pid, SIGCONT);
        close(maker);
        tap_eq(daemon_raw_code(next), PROTO_OK, "two VMMs build one VM, one dies: it is built");
        tap_eq(daemon_raw_call(next, PROTO_VM_INIT, &empty.base, NULL, 0), PROTO_OK,
               "it is there for whoever asks again");
        tap_eq(daemon_raw_call(next, PROTO_VM_DESTROY, &name.base, NULL, 0), PROTO_OK,
               "it is destroyed");
        tap_ok(daemon_wait_fds(proc, before), "nothing of it is left");
        close(next);
}

/* --- what there is --- */

static void put(const char *folder, const char *name, const char *text)
{
        char path[160];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        file = fopen(path, "w");
        if (!file || fputs(text, file) < 0 || fclose(file) < 0)
                tap_bail("%s: %s", path, strerror(errno));
}

static void memory_is_the_least_of_all_groups(const struct daemon_proc *proc)
{
        char inner[128], list[128], path[256];

        snprintf(inner, sizeof(inner), "%s/outer", proc->folder);
        mkdir(inner, 0755);
        put(inner, "memory.max", "1048576\n");
        snprintf(inner, sizeof(inner), "%s/outer/inner", proc->folder);
        mkdir(inner, 0755);
        put(inner, "memory.max", "max\n");
        put(proc->folder, "list", "1:cpu:/elsewhere\n0::/outer/inner\n");
        snprintf(list, sizeof(list), "%s/list", proc->folder);
        tap_eq((int64_t)memory_limit_of(list, proc->folder), 1048576,
               "memory.max: the one above holds where a group has none");
        put(inner, "memory.max", "4096\n");
        tap_eq((int64_t)memory_limit_of(list, proc->folder), 4096, "the least of them holds");
        put(proc->folder, "list", "4:memory:/outer\n");
        tap_ok(memory_limit_of(list, proc->folder) == UINT64_MAX,
               "a group without files: there is no limit");
        snprintf(inner, sizeof(inner), "%s/memory", proc->folder);
        mkdir(inner, 0755);
        put(inner, "memory.limit_in_bytes", "2097152\n");
        put(proc->folder, "list", "9:name=x:/\n4:cpu,memory:/outer\n0::/\n");
        tap_eq((int64_t)memory_limit_of(list, proc->folder), 2097152,
               "version 1 beside version 2: the topmost group's limit holds");
        snprintf(path, sizeof(path), "cd %s && rm -rf outer memory list", proc->folder);
        if (system(path) != 0)
                tap_bail("%s", path);
}

int main(void)
{
        struct daemon_proc proc;

        as_user_need_root();
        daemon_start(&proc, &(struct daemon_options){
                                    .arguments = (const char *const[]){ "--max-memory=32", NULL },
                                    .quiet = true });
        as_user_open_socket(&proc);
        user_has_no_more_memory_than_it_may(&proc);
        nothing_stays_counted(&proc);
        others_are_served_while_a_vm_is_built(&proc);
        half_a_vm_is_finished_by_the_next(&proc);
        memory_is_the_least_of_all_groups(&proc);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        return tap_done();
}
