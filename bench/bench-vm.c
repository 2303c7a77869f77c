/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A daemon of the benchmark's own, and VMs on it
 *
 * Nothing of the machine's own vgicd is touched: a daemon is started on a socket in a new folder
 * and ended with the run; each row makes its VM and releases it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "load-guest.h"

void bench_die(const char *what, int error)
{
        fprintf(stderr, "vgic-bench: %s: %s\n", what, strerror(error < 0 ? -error : error));
        exit(1);
}

void bench_must(int ret, const char *what)
{
        if (ret < 0)
                bench_die(what, ret);
}

/* 512 vCPUs are 512 doorbells, in each process that maps them. */
static void raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
                limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
}

/* The socket's file exists before the daemon listens: only a connection that is made tells. */
static bool daemon_answers(const struct bench *bench)
{
        struct vgic_conn_options options = { .size = sizeof(options),
                                             .socket_path = bench->socket };
        struct vgic_conn *conn = NULL;
        int ret = vgic_connect(&options, &conn);

        vgic_disconnect(conn);
        return ret == 0;
}

/*
 * Messages of the daemon go to a file, so that they do not mix with the table; it is named if the
 * daemon does not serve.
 */
void bench_daemon_start(struct bench *bench)
{
        uint64_t end = bench_now_ns() + UINT64_C(10000000000);
        char log[128];

        snprintf(bench->directory, sizeof(bench->directory), "/tmp/vgic-bench.XXXXXX");
        if (!mkdtemp(bench->directory))
                bench_die("mkdtemp", errno);
        snprintf(bench->socket, sizeof(bench->socket), "%s/socket", bench->directory);
        snprintf(log, sizeof(log), "%s/log", bench->directory);
        raise_descriptor_limit();
        bench->daemon = fork();
        if (bench->daemon < 0)
                bench_die("fork", errno);
        if (bench->daemon == 0) {
                prctl(PR_SET_PDEATHSIG, SIGTERM);
                if (!freopen(log, "w", stderr))
                        _exit(127);
                execl(bench->daemon_path, bench->daemon_path, "--socket", bench->socket,
                      (char *)NULL);
                _exit(127);
        }
        while (!daemon_answers(bench)) {
                if (waitpid(bench->daemon, NULL, WNOHANG) == bench->daemon ||
                    bench_now_ns() > end) {
                        fprintf(stderr, "vgic-bench: %s does not serve; see %s\n",
                                bench->daemon_path, log);
                        exit(1);
                }
                nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
        }
}

void bench_daemon_stop(struct bench *bench)
{
        char path[128];

        kill(bench->daemon, SIGTERM);
        waitpid(bench->daemon, NULL, 0);
        snprintf(path, sizeof(path), "%s/log", bench->directory);
        unlink(path);
        unlink(bench->socket);
        rmdir(bench->directory);
}

struct vgic_conn *bench_connect(const struct bench *bench)
{
        struct vgic_conn_options options = { .size = sizeof(options), .socket_path = bench->socket,
                                             .client_name = "vgic-bench", .timeout_ms = 60000 };
        struct vgic_conn *conn;

        bench_must(vgic_connect(&options, &conn), "connect");
        return conn;
}

/* vCPUs are set up as a guest's kernel would, so that rows need no registers of their own. */
void bench_vm_open_with(struct bench *bench, struct bench_vm *vm, const char *name,
                        uint32_t n_vcpus, uint32_t n_spis, const struct vgic_vcpu_options *options,
                        bool eoimode)
{
        struct vgic_vm_config config = { .size = sizeof(config), .n_vcpus = n_vcpus,
                                         .n_spis = n_spis,
                                         .flags = VGIC_VM_EPHEMERAL };

        *vm = (struct bench_vm){ .bench = bench, .n_vcpus = n_vcpus, .n_spis = n_spis };
        snprintf(vm->name, sizeof(vm->name), "%s-%d", name, (int)getpid());
        config.name = vm->name;
        vm->conn = bench_connect(bench);
        bench_must(vgic_vm_create(vm->conn, &config, &vm->vm), "create");
        if (vgic_vm_init(vm->vm) < 0) {
                fprintf(stderr, "vgic-bench: init: %s\n", vgic_conn_error(vm->conn));
                exit(1);
        }
        bench_must(load_guest_distributor(vm->vm), "GICD_CTLR");
        for (uint32_t i = 0; i < n_vcpus; i++) {
                bench_must(vgic_vcpu_register(vm->vm, i, options, &vm->vcpus[i]), "register");
                bench_must(load_guest_cpu(vm->vm, vm->vcpus[i], eoimode), "CPU interface");
        }
}

void bench_vm_open(struct bench *bench, struct bench_vm *vm, const char *name, uint32_t n_vcpus,
                   uint32_t n_spis)
{
        struct vgic_vcpu_options options = { .size = sizeof(options) };

        bench_vm_open_with(bench, vm, name, n_vcpus, n_spis, &options, false);
}

void bench_vm_close(struct bench_vm *vm)
{
        for (uint32_t i = 0; i < vm->n_vcpus; i++)
                vgic_vcpu_unregister(vm->vcpus[i]);
        vgic_vm_detach(vm->vm);
        vgic_disconnect(vm->conn);
}

void bench_spi(struct bench_vm *vm, uint32_t intid, uint32_t vcpu, uint8_t priority)
{
        struct vgic_vcpu_state state;

        bench_must(vgic_vm_vcpu_state(vm->vm, vcpu, &state), "vCPU state");
        bench_must(load_guest_spi(vm->vm, intid, state.mpidr, priority), "SPI");
}

/*
 * Callgrind counts inside of it by name, so its loop has nothing but the delivery and the check
 * that it was one.
 */
void bench_deliver(struct bench_vm *vm, uint32_t intid, uint32_t vcpu, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++) {
                uint32_t taken;

                vgic_spi_pulse(vm->vm, intid);
                taken = vgic_vcpu_ack(vm->vcpus[vcpu], 1);
                if (taken != intid) {
                        fprintf(stderr, "vgic-bench: INTID %u came for %u\n", taken, intid);
                        exit(1);
                }
                vgic_vcpu_eoi(vm->vcpus[vcpu], 1, taken);
        }
}
