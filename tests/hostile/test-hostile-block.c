/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Tricks that would make the daemon sleep or spin; each while another VM must be served
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fuse.h>

#include "base-clock.h"
#include "daemon-raw.h"
#include "other-proc.h"
#include "tricks.h"
#include "proto-fds.h"
#include "proto-frame.h"
#include "proto-table.h"
#include "victim.h"

#define N_SPIS   96u
#define N_VCPUS  300u  /* each with a doorbell that blocks: 5 ms for each were more than a second */
#define ROUNDS   5u

/* --- a ring that is never empty, and whose client wants to be told of room all the time --- */

static void fill_for_ever(const struct daemon_proc *proc, const char *token)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct shm_ring_queue *q;
        struct vgic_vm *device;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (vgic_device_attach(conn, "hostile", token, &device) < 0)
                _exit(1);
        q = &device->ring.page->to_daemon;
        for (unsigned i = 0; i < SHM_RING_ENTRIES; i++)
                atomic_store(&q->entries[i],
                             SHM_RING_ENTRY(i & 1 ? SHM_RING_ASSERT : SHM_RING_DEASSERT,
                                            TRICK_SPI));
        for (unsigned i = 0;; i++) {
                atomic_store(&q->tail, atomic_load(&q->head) + SHM_RING_ENTRIES);
                atomic_store(&q->wants_room, 1);
                if (i % 65536 == 0)
                        (void)!write(device->ring_to_daemon, &(uint64_t){ 1 }, sizeof(uint64_t));
        }
}

static void ring_never_empty_holds_nobody_up(struct daemon_proc *proc, const struct victim *victim)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "hostile", 1, N_SPIS, VGIC_VM_EPHEMERAL);
        uint32_t intids[] = { TRICK_SPI };
        char token[VGIC_TOKEN_MAX + 1];
        struct vgic_vm_info info = { .size = sizeof(info) };
        pid_t pid;

        if (vgic_grant(vm, "disk", intids, 1, token) < 0)
                tap_bail("grant");
        fflush(stdout);
        pid = fork();
        if (pid == 0)
                fill_for_ever(proc, token);
        while (vgic_vm_query(conn, "hostile", &info) == 0 && info.injections_ring < 1000)
                ;
        tap_ok(victim_serves(victim, ROUNDS), "a ring that is never empty: the other VM is served");
        tap_ok(vgic_vm_query(conn, "hostile", &info) == 0 && info.injections_ring > 1000,
               "a ring that is never empty: the ring is served, too");
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/* --- eventfds that block --- */

static void blocking_doorbells_convict_their_vm(struct daemon_proc *proc,
                                                const struct victim *victim)
{
        struct vgic_conn *conn = daemon_connect(proc), *tool = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "hostile", N_VCPUS, N_SPIS, 0);
        struct vgic_vcpu *vcpu;

        for (uint32_t i = 0; i < N_VCPUS; i++) {
                trick_make_block(vm->doorbells[i]);
                atomic_store(&vm->gic.vcpus[i].park, SHM_PARK_PARKED);
        }
        vgic_msg_reset(tool, "hostile", 0, VGIC_RESET_SYSTEM); /* rings those that run */
        vgic_msg_attr_set(tool, "hostile", VGIC_ATTR_DIST_REGS, 0, 0x12); /* GICD_CTLR: rings all */
        tap_ok(trick_wait_disconnected(conn), "%u doorbells that block: their VMM is disconnected",
               N_VCPUS);
        tap_ok(victim_serves(victim, ROUNDS), "their VMM was disconnected: the other VM is served");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);

        conn = daemon_connect(proc);
        vm = daemon_attach(conn, "hostile", VGIC_ROLE_VMM);
        trick_boot_distributor(vm);
        vcpu = guest_boot_vcpu(vm, 0, 0);
        tap_eq(vgic_vcpu_park_begin(vcpu), 0, "the next VMM's vCPU parks");
        vgic_msg_inject(tool, "hostile", 0, TRICK_SPI, VGIC_LINE_PULSE);
        tap_ok(daemon_wait_readable(vgic_vcpu_fd(vcpu)),
               "the next VMM's vCPU is woken: it got new doorbells");
        vgic_vcpu_park_end(vcpu);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        vgic_vm_destroy(tool, "hostile");
        vgic_disconnect(tool);
}

static void blocking_tdir_eventfds_convict_their_vm(struct daemon_proc *proc,
                                                    const struct victim *victim)
{
        struct vgic_conn *conn = daemon_connect(proc), *tool = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "hostile", N_VCPUS, N_SPIS, VGIC_VM_EPHEMERAL);
        struct vgic_vcpu *vcpu;
        int fd;

        trick_boot_distributor(vm);
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                vcpu = guest_boot_vcpu(vm, i, 0);
                fd = base_fd_eventfd();
                trick_make_block(fd);
                if (vgic_tdir_subscribe(vcpu, fd) < 0)
                        tap_bail("subscribe: %s", vgic_conn_error(conn));
                close(fd);
        }
        vgic_msg_inject(tool, "hostile", 0, TRICK_SPI, VGIC_LINE_PULSE);
        tap_ok(trick_wait_disconnected(conn),
               "%u TDIR eventfds that block: their VMM is disconnected", N_VCPUS);
        tap_ok(victim_serves(victim, ROUNDS), "their VMM was disconnected: the other VM is served");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        vgic_disconnect(tool);
}

/* --- very many VMs, each with an eventfd that blocks --- */

#define N_VMS  300u

struct blocker {
        struct vgic_conn *conn;
        struct vgic_vm *vm;
};

static struct blocker new_blocker(const struct daemon_proc *proc, unsigned number)
{
        struct blocker blocker = { .conn = daemon_connect(proc) };
        int fd = base_fd_eventfd();
        char name[32];

        snprintf(name, sizeof(name), "hostile%u", number);
        blocker.vm = daemon_vm(blocker.conn, name, 1, N_SPIS, VGIC_VM_EPHEMERAL);
        trick_boot_distributor(blocker.vm);
        trick_make_block(fd);
        if (vgic_tdir_subscribe(guest_boot_vcpu(blocker.vm, 0, 0), fd) < 0)
                tap_bail("subscribe: %s", vgic_conn_error(blocker.conn));
        close(fd);
        return blocker;
}

/* How often its main thread went to sleep. */
static long count_sleeps(const struct daemon_proc *proc)
{
        char path[64], line[256];
        long n = -1;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/task/%d/status", proc->pid, proc->pid);
        file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file))
                if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
                        break;
        if (file)
                fclose(file);
        return n;
}

/* All at once: the daemon is stopped while they are triggered. */
static void very_many_blocking_eventfds_cost_one_sleep(void)
{
        static struct blocker blockers[N_VMS];
        struct rlimit limit;
        struct daemon_proc proc;
        unsigned n_ended = 0;
        long before;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
        daemon_start(&proc, &(struct daemon_options){ .quiet = true });
        for (unsigned i = 0; i < N_VMS; i++)
                blockers[i] = new_blocker(&proc, i);
        daemon_pause(&proc);
        before = count_sleeps(&proc);
        for (unsigned i = 0; i < N_VMS; i++)
                vgic_spi_pulse(blockers[i].vm, TRICK_SPI);
        daemon_resume(&proc);
        for (unsigned i = 0; i < N_VMS; i++)
                n_ended += trick_wait_disconnected(blockers[i].conn);
        tap_eq(n_ended, N_VMS, "%u VMs with an eventfd that blocks: all are disconnected", N_VMS);
        before = count_sleeps(&proc) - before;
        tap_ok(before < N_VMS / 3, "the daemon slept %ld times", before);
        for (unsigned i = 0; i < N_VMS; i++) {
                vgic_vm_detach(blockers[i].vm);
                vgic_disconnect(blockers[i].conn);
        }
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
}

/* --- more to place than one turn of the loop takes --- */

#define MANY_VCPUS  400u
#define MANY_SPIS   960u

/* Takes what is chosen for all vCPUs but the first, and dies with it. */
static void hold_all(void *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm;

        if (vgic_vm_attach(conn, "many", VGIC_ROLE_VMM, &vm) < 0)
                _exit(1);
        for (uint32_t i = 1; i < MANY_VCPUS; i++)
                guest_boot_vcpu(vm, i, 0);
        for (uint32_t intid = 32; intid < 32 + MANY_SPIS; intid++)
                vgic_spi_pulse(vm, intid);
}

/* How often each comes; until as many came as there are. */
static void take_all(struct vgic_vcpu *vcpu, unsigned counts[32 + MANY_SPIS])
{
        for (unsigned n = 0; n < MANY_SPIS; n++) {
                uint32_t intid;

                if (!(vgic_vcpu_park(vcpu, base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000),
                                     NULL, 0) &
                      VGIC_WAKE_IRQ))
                        return;
                intid = vgic_vcpu_ack(vcpu, 1);
                vgic_vcpu_eoi(vcpu, 1, intid);
                if (intid < 32 + MANY_SPIS)
                        counts[intid]++;
        }
}

static void many_to_place_hold_nobody_up(struct daemon_proc *proc, const struct victim *victim)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "many", MANY_VCPUS, MANY_SPIS, VGIC_VM_EPHEMERAL);
        static unsigned counts[32 + MANY_SPIS];
        struct vgic_vcpu *vcpu;
        unsigned n_once = 0;
        pid_t pid;

        trick_boot_distributor(vm);
        for (uint32_t intid = 32; intid < 32 + MANY_SPIS; intid++) {
                vgic_gicd_write(vm, 0x6000 + 8 * intid, 8, UINT64_C(1) << 31); /* IROUTER: 1 of N */
                vgic_gicd_write(vm, 0xc00 + intid / 16 * 4, 4, 0xaaaaaaaa);        /* ICFGR: edge */
        }
        pid = other_spawn(hold_all, proc);
        vcpu = guest_boot_vcpu(vm, 0, 0);
        tap_eq(vgic_vcpu_ack(vcpu, 1), VGIC_INTID_SPURIOUS,
               "%u interrupts wait for the %u vCPUs of another process", MANY_SPIS, MANY_VCPUS - 1);
        other_kill(pid);
        take_all(vcpu, counts);
        for (uint32_t intid = 32; intid < 32 + MANY_SPIS; intid++)
                n_once += counts[intid] == 1;
        tap_eq(n_once, MANY_SPIS, "it dies: they all come to the one vCPU that is left, once");
        tap_eq(vgic_vcpu_ack(vcpu, 1), VGIC_INTID_SPURIOUS,
               "an SPI came to the one vCPU that is left, and no other");
        tap_ok(victim_serves(victim, ROUNDS), "the other VM is served");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/* --- descriptors whose close() waits --- */

/* A connection over which more was sent than is read, and whose close() waits a minute for it. */
static int lingering_socket(int *ret_other)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct linger linger = { .l_onoff = 1, .l_linger = 60 };
        socklen_t size = sizeof(address);
        static const char bytes[65536];
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
            fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
            getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
            connect(fd, (struct sockaddr *)&address, size) < 0) {
                close(listener);
                close(fd);
                return -1;
        }
        *ret_other = accept(listener, NULL, NULL);
        close(listener);
        while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
                ;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        return fd;
}

/*
 * The daemon is to be the last who holds it: it is sent with the first bytes of a message, whose
 * rest follows or does not.
 */
static void give(const struct daemon_proc *proc, int fd, bool whole)
{
        int socket = daemon_raw_hello(proc);
        uint8_t frame[PROTO_HEADER_BYTES];

        proto_frame_encode(frame, &(struct proto_header){ .request = PROTO_VM_LIST,
                                                          .flags = PROTO_VERSION });
        if (proto_fds_send(socket, frame, 3, &fd, 1) != 3)
                tap_note("send: %s", strerror(errno));
        close(fd);
        if (whole) {
                if (send(socket, frame + 3, sizeof(frame) - 3, 0) < 0)
                        tap_note("send: %s", strerror(errno));
                tap_eq(daemon_raw_code(socket), PROTO_BAD_FDS, "the descriptor was not expected");
        }
        close(socket);
}

/*
 * The same with bytes that the daemon never reads:
 * it ends the connection for what came before them.
 */
static void give_unread(const struct daemon_proc *proc, int fd)
{
        int socket = daemon_raw_hello(proc);

        daemon_pause(proc);
        daemon_raw_frame(socket, PROTO_VM_LIST, 0, 0, NULL, 0); /* another version */
        if (proto_fds_send(socket, "x", 1, &fd, 1) != 1)
                tap_note("send: %s", strerror(errno));
        close(fd);
        daemon_resume(proc);
        tap_eq(daemon_raw_code(socket), PROTO_BAD_VERSION, "the connection is ended");
        close(socket);
}

/* The daemon of its own is idle: no timer runs that would end its sleep. */
static void descriptor_whose_close_waits_holds_nobody_up(void)
{
        int other[3] = { -1, -1, -1 }, fd;
        struct daemon_proc proc;

        daemon_start(&proc, &(struct daemon_options){ .quiet = true });
        for (unsigned i = 0; i < 3; i++) {
                static const char *const ways[] = { "sent along", "sent with half a message",
                                                    "sent behind the end" };

                fd = lingering_socket(&other[i]);
                if (fd < 0)
                        tap_bail("no TCP over the loopback interface: %s", strerror(errno));
                if (i < 2)
                        give(&proc, fd, i == 0);
                else
                        give_unread(&proc, fd);
                tap_ok(daemon_alive(&proc),
                       "a socket whose close() would wait a minute, %s: the daemon serves on",
                       ways[i]);
        }
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        for (unsigned i = 0; i < 3; i++)
                close(other[i]);
}

int main(void)
{
        static const char *const arguments[] = { "--tdir-lag", "1", NULL };
        struct daemon_proc proc;
        struct victim victim;
        int before;

        daemon_start(&proc,
                     &(struct daemon_options){ .arguments = arguments, .quiet = !getenv("LOUD") });
        victim_start(&victim, &proc, 0);
        before = daemon_fd_count(&proc);
        ring_never_empty_holds_nobody_up(&proc, &victim);
        blocking_doorbells_convict_their_vm(&proc, &victim);
        blocking_tdir_eventfds_convict_their_vm(&proc, &victim);
        many_to_place_hold_nobody_up(&proc, &victim);
        tap_ok(daemon_wait_fds(&proc, before), "no descriptor is left of all that");
        victim_stop(&victim);
        tap_ok(daemon_alive(&proc), "the daemon serves on");
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        descriptor_whose_close_waits_holds_nobody_up();
        very_many_blocking_eventfds_cost_one_sleep();
        return tap_done();
}
