/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics by HTTP: what is counted, who may read it, and what a bad reader can do
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "as-user.h"
#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"

#define STRANGER  12345u
#define WATCHER   12346u
#define N_SPIS    64u
#define SPI       40u
#define SPI_RING  41u
#define PAGE_MAX  (1u << 20)

static char page[PAGE_MAX];             /* the answer to the last request, with its head */
static char before[PAGE_MAX];
static char metrics_path[128], conf[128];

/* --- a reader --- */

static int connect_path(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%.107s", path);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                tap_bail("%s: %s", path, strerror(errno));
        return fd;
}

static int connect_port(unsigned port)
{
        struct sockaddr_in address = {
                .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                .sin_addr = { htonl(INADDR_LOOPBACK) },
        };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                tap_bail("port %u: %s", port, strerror(errno));
        return fd;
}

/* The whole answer into page; @fd is closed. Return: its status; 0: there was none. */
static int read_answer(int fd)
{
        size_t n = 0;
        ssize_t r = 0;
        int status = 0;

        while (n < PAGE_MAX - 1 && daemon_wait_readable(fd) &&
               (r = recv(fd, page + n, PAGE_MAX - 1 - n, 0)) > 0)
                n += (size_t)r;
        page[n] = '\0';
        close(fd);
        return sscanf(page, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static int ask(int fd, const char *request)
{
        if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
                tap_bail("send: %s", strerror(errno));
        return read_answer(fd);
}

static const char get[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

static int scrape(void)
{
        return ask(connect_path(metrics_path), get);
}

/* The sample of this name, with its labels, in @text. Return: -1: there is none. */
static long long value_in(const char *text, const char *sample)
{
        size_t n = strlen(sample);

        for (const char *line = text; line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (strncmp(line, sample, n) == 0 && line[n] == ' ')
                        return strtoll(line + n, NULL, 10);
        }
        return -1;
}

static void grew(const char *sample, long long by)
{
        tap_eq(value_in(page, sample) - value_in(before, sample), by, "%s grew by %lld", sample,
               by);
}

/* Its name as the label of who runs this test has it. */
static const char *my(const char *family, const char *more)
{
        static char sample[128];

        snprintf(sample, sizeof(sample), "%s{uid=\"%u\"%s}", family, (unsigned)geteuid(), more);
        return sample;
}

static void is(const char *sample, long long value)
{
        tap_eq(value_in(page, sample), value, "%s is %lld", sample, value);
}

static void start(struct daemon_proc *proc, const char *settings)
{
        const char *arguments[] = { "--config", conf, NULL };
        FILE *file;

        daemon_prepare(proc);
        snprintf(metrics_path, sizeof(metrics_path), "%s/metrics", proc->folder);
        snprintf(conf, sizeof(conf), "%s/vgicd.conf", proc->folder);
        file = fopen(conf, "w");
        if (!file || fprintf(file, "metrics = unix:%s\n%s", metrics_path, settings) < 0 ||
            fclose(file) < 0)
                tap_bail("%s: %s", conf, strerror(errno));
        daemon_spawn(proc, &(struct daemon_options){ .arguments = arguments });
        if (!daemon_wait_notify(proc, "READY=1"))
                tap_bail("vgicd did not become ready");
}

static void stop(struct daemon_proc *proc)
{
        unlink(conf);
        tap_eq(daemon_stop(proc), 0, "the daemon ends in order");
}

/* --- what is counted --- */

static void note_before(void)
{
        scrape();
        memcpy(before, page, sizeof(before));
}

static void a_scrape_is_openmetrics(void)
{
        size_t n;

        tap_eq(scrape(), 200, "GET /metrics");
        tap_ok(strstr(page, "Content-Type: application/openmetrics-text; version=1.0.0; "
                            "charset=utf-8\r\n"), "its type is OpenMetrics 1.0");
        n = strlen(page);
        tap_ok(n > 6 && strcmp(page + n - 6, "# EOF\n") == 0, "it ends with the end");
        tap_ok(strstr(page, "vgicd_build_info{version=\"" PACKAGE_VERSION "\"} 1\n"),
               "it says which build it is");
        tap_eq(ask(connect_path(metrics_path), "GET /other HTTP/1.1\r\n\r\n"), 404,
               "no other page");
        tap_eq(ask(connect_path(metrics_path), "HEAD /metrics HTTP/1.1\r\n\r\n"), 200, "HEAD");
        tap_ok(!strstr(page, "vgicd_"), "HEAD has no body");
        tap_eq(ask(connect_path(metrics_path), "DELETE /metrics HTTP/1.1\r\n\r\n"), 501,
               "no other method");
}

/* Prometheus counts its changes as starts: contrib/metrics/vgicd.rules.yml, VgicdRestarted. */
static void a_start_is_one_moment(void)
{
        static const char family[] = "\nvgicd_start_time_seconds ";
        const char *was, *now;
        unsigned wrong = 0;

        note_before();
        was = strstr(before, family);
        for (unsigned i = 0; was && i < 4; i++) {
                scrape();
                now = strstr(page, family);
                wrong += !now || strncmp(was, now, strcspn(was + 1, "\n") + 2) != 0;
        }
        tap_ok(was && wrong == 0, "its start does not move between scrapes");
}

/* It boots and takes what is pending. Return: how many interrupts. */
static long long run_guest(struct vgic_vm *vm, struct vgic_vcpu *vcpu)
{
        uint32_t intid;
        long long n = 0;

        guest_open_distributor(vm);
        guest_open_spis(vm, N_SPIS);
        guest_open_privates(vm, 0, UINT32_MAX);
        vgic_vcpu_power(vcpu, 1);
        guest_open_vcpu(vm, vcpu, true);
        vgic_spi_pulse(vm, SPI);
        while ((intid = vgic_vcpu_ack(vcpu, 1)) != VGIC_INTID_SPURIOUS) {
                vgic_vcpu_eoi(vcpu, 1, intid);
                n++;
        }
        return n;
}

static void messages_are_counted(struct vgic_conn *conn)
{
        note_before();
        vgic_msg_inject(conn, "one", 0, SPI, VGIC_LINE_ASSERT);
        vgic_msg_inject(conn, "one", 0, SPI, VGIC_LINE_DEASSERT);
        vgic_msg_inject(conn, "one", 0, SPI, VGIC_LINE_PULSE);
        vgic_msg_inject(conn, "one", 0, SPI, VGIC_LINE_PULSE);
        vgic_msg_inject(conn, "one", 0, 20, VGIC_LINE_PULSE);
        vgic_msg_inject(conn, "one", 0, 4000, VGIC_LINE_PULSE);
        vgic_msg_inject(conn, "none", 0, SPI, VGIC_LINE_PULSE);
        scrape();
        grew("vgicd_injections_total{source=\"message\",kind=\"spi\",operation=\"assert\"}", 1);
        grew("vgicd_injections_total{source=\"message\",kind=\"spi\",operation=\"deassert\"}", 1);
        grew("vgicd_injections_total{source=\"message\",kind=\"spi\",operation=\"pulse\"}", 2);
        grew("vgicd_injections_total{source=\"message\",kind=\"ppi\",operation=\"pulse\"}", 1);
        grew("vgicd_requests_total{request=\"INJECT\"}", 7);
        grew("vgicd_request_errors_total{code=\"INVALID\"}", 1);
        grew("vgicd_request_errors_total{code=\"NOT_FOUND\"}", 1);
        grew("vgicd_request_duration_seconds_count", 7);
        grew(my("vgicd_vm_injections_total", ",vm=\"one\""), 5);
}

static void rings_are_counted(const struct daemon_proc *proc, struct vgic_vm *vm)
{
        struct vgic_conn *conn;
        uint32_t intid = SPI_RING;
        char token[VGIC_TOKEN_MAX + 1];
        struct vgic_irq_state state = { 0 };
        struct vgic_vm *device;

        note_before();
        conn = daemon_connect(proc);
        if (vgic_grant(vm, "disk", &intid, 1, token) < 0 ||
            vgic_device_attach(conn, "one", token, &device) < 0)
                tap_bail("device: %s", vgic_conn_error(conn));
        vgic_spi_pulse(device, SPI_RING);
        vgic_spi_assert(device, SPI_RING);
        for (unsigned i = 0; !state.line && i < DAEMON_WAIT_MS; i++) {
                vgic_vm_irq_state(vm, 0, SPI_RING, &state);
                poll(NULL, 0, 1);
        }
        scrape();
        grew("vgicd_injections_total{source=\"ring\",kind=\"spi\",operation=\"pulse\"}", 1);
        grew("vgicd_injections_total{source=\"ring\",kind=\"spi\",operation=\"assert\"}", 1);
        grew("vgicd_ring_entries_ignored_total", 0);
        grew("vgicd_connections_total", 1);
        is("vgicd_grants", 1);
        is("vgicd_sessions", 2);
        is("vgicd_attached_sessions", 2);
        is("vgicd_attached_vmms", 1);
        vgic_vm_detach(device);
        vgic_disconnect(conn);
}

/* What guests counted stays, also when their VM has gone. */
static void guests_are_counted(struct vgic_conn *conn, struct vgic_vm *vm, struct vgic_vcpu *vcpu)
{
        long long n;

        note_before();
        n = run_guest(vm, vcpu);
        scrape();
        tap_ok(n > 0, "the guest took an interrupt");
        grew("vgicd_guest_acknowledges_total", n);
        note_before();
        n = run_guest(vm, vcpu);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "one");
        scrape();
        grew("vgicd_guest_acknowledges_total", n);
        grew("vgicd_vms_destroyed_total", 1);
        is("vgicd_vms{state=\"ready\"}", 0);
        tap_ok(!strstr(page, "vm=\"one\""), "a VM that is gone has no series");
}

static void what_happens_is_counted(void)
{
        struct daemon_proc proc;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;

        start(&proc, "metrics-vms = 1\n");
        a_scrape_is_openmetrics();
        a_start_is_one_moment();
        conn = daemon_connect(&proc);
        note_before();
        vm = daemon_vm(conn, "one", 2, N_SPIS, 0);
        if (vgic_vcpu_register(vm, 0, NULL, &vcpu) < 0)
                tap_bail("no vCPU");
        scrape();
        grew("vgicd_vms_created_total", 1);
        grew("vgicd_requests_total{request=\"VM_CREATE\"}", 1);
        is("vgicd_vms{state=\"ready\"}", 1);
        is("vgicd_vcpus{state=\"registered\"}", 1);
        is("vgicd_vcpus{state=\"unregistered\"}", 1);
        is(my("vgicd_vm_vcpus", ",vm=\"one\""), 2);
        is("vgicd_vms_without_series", 0);
        is(my("vgicd_user_vms", ""), 1);
        messages_are_counted(conn);
        rings_are_counted(&proc, vm);
        guests_are_counted(conn, vm, vcpu);
        vgic_disconnect(conn);
        stop(&proc);
}

/* --- who may read --- */

static int scrape_as(uid_t uid)
{
        int fd;

        as_user_be(uid);
        fd = connect_path(metrics_path);
        as_user_be(0);
        return ask(fd, get);
}

static void readers_need_a_right(void)
{
        struct daemon_proc proc;

        start(&proc, "allow user 12346 observe-all\nallow user 12345 create observe\n");
        if (chmod(proc.folder, 0755) < 0)
                tap_bail("chmod: %s", strerror(errno));
        tap_eq(scrape_as(0), 200, "root reads");
        tap_eq(scrape_as(WATCHER), 200, "who may observe all reads");
        tap_ok(strstr(page, "vgicd_user_memory_bytes"), "also whose memory it is");
        tap_eq(scrape_as(STRANGER), 403, "who may observe its own does not");
        tap_ok(strstr(page, "vgicd.conf does not allow it \"observe-all\""), "it hears why");
        scrape();
        is("vgicd_scrapes_total{code=\"403\"}", 1);
        stop(&proc);
}

/* What the daemon says before it ends with @status. */
static void refuses(const char *settings, const char *option, const char *words)
{
        const char *arguments[] = { "--config", conf, option ? "--metrics" : NULL, option, NULL };
        struct daemon_proc proc;
        char text[1024] = "";
        FILE *file, *log = tmpfile();
        size_t n;

        daemon_prepare(&proc);
        snprintf(conf, sizeof(conf), "%s/vgicd.conf", proc.folder);
        file = fopen(conf, "w");
        if (!log || !file || fputs(settings, file) < 0 || fclose(file) < 0)
                tap_bail("%s: %s", conf, strerror(errno));
        daemon_spawn(&proc, &(struct daemon_options){
                .arguments = arguments, .log_fd = fileno(log),
        });
        tap_eq(daemon_wait_exit(&proc), option ? 2 : 1, "refused: %s", option ? option : settings);
        rewind(log);
        n = fread(text, 1, sizeof(text) - 1, log);
        text[n] = '\0';
        if (!tap_ok(strstr(text, words), "it says: %s", words))
                tap_note("%s", text);
        fclose(log);
        unlink(conf);
        daemon_cleanup(&proc);
}

static void other_addresses_are_refused(void)
{
        static const char *const addresses[] = {
                "0.0.0.0:9842", "[::]:9842", "192.0.2.1:9842", "128.0.0.1:80", "[2001:db8::1]:80",
                "[::ffff:192.0.2.1]:80", "example.org:80",
        };

        for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
                refuses("", addresses[i], "a loopback address");
        refuses("metrics = 0.0.0.0:9842\n", NULL, "vgicd.conf:1: metrics are served at a path or");
        refuses("metrics = relative/path\n", NULL, "vgicd.conf:1: metrics are served at /PATH");
        refuses("metrics = 127.0.0.1:65536\n", NULL, "vgicd.conf:1: metrics are served at /PATH");
        refuses("metrics = unix:x\n", NULL, "begins with /");
        refuses("metrics-vms = 1001\n", NULL, "metrics-vms is a number from 0 to 1000");
        refuses("metrics = /nowhere/at/all\n", NULL, "the folder /nowhere/at does not exist");
}

static int listen_port(unsigned *ret_port, in_addr_t to)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(to) } };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 8) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) < 0)
                tap_bail("no port: %s", strerror(errno));
        *ret_port = ntohs(address.sin_port);
        return fd;
}

/* A port that is free a moment later, too. */
static unsigned free_port(void)
{
        unsigned port;

        close(listen_port(&port, INADDR_LOOPBACK));
        return port;
}

static void by_a_port_there_are_no_names(void)
{
        char address[64];
        const char *arguments[] = { "--metrics", address, "--metrics-vms", "5", NULL };
        unsigned port = free_port();
        struct daemon_proc proc;
        struct vgic_conn *conn;
        struct vgic_vm *vm;

        snprintf(address, sizeof(address), "127.0.0.1:%u", port);
        daemon_start(&proc, &(struct daemon_options){ .arguments = arguments });
        conn = daemon_connect(&proc);
        vm = daemon_vm(conn, "secret", 1, 32, 0);
        tap_eq(ask(connect_port(port), get), 200, "GET /metrics by a port");
        is("vgicd_vms{state=\"ready\"}", 1);
        tap_ok(!strstr(page, "secret") && !strstr(page, "uid="), "no user or VM is named");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&proc), 0, "the daemon ends in order");
}

/* --- bad readers --- */

#define N_IDLE  40u

static void slow_readers_are_in_nobodys_way(void)
{
        static const char *const parts[] = {
                "", "G", "GET /metrics HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\nA: b\r\n",
        };
        struct daemon_proc proc;
        int idle[N_IDLE];

        start(&proc, "");
        for (unsigned i = 0; i < N_IDLE; i++) {
                idle[i] = connect_path(metrics_path);
                (void)!write(idle[i], parts[i % 4], strlen(parts[i % 4]));
        }
        tap_eq(scrape(), 200, "%u connections send nothing more: another one is answered", N_IDLE);
        tap_ok(value_in(page, "vgicd_scrape_connections_dropped_total") > 0, "some made room");
        for (unsigned i = 0; i < N_IDLE; i++)
                close(idle[i]);
        for (unsigned i = 0; i < N_IDLE; i++) { /* and those who never take their answer */
                idle[i] = connect_path(metrics_path);
                (void)!write(idle[i], get, strlen(get));
        }
        tap_eq(scrape(), 200, "%u do not read their answers: another one is answered", N_IDLE);
        tap_ok(daemon_alive(&proc), "clients are served");
        for (unsigned i = 0; i < N_IDLE; i++)
                close(idle[i]);
        stop(&proc);
}

static void long_heads_are_refused(void)
{
        static char head[20000];
        struct daemon_proc proc;

        start(&proc, "");
        memset(head, 'a', sizeof(head) - 1);
        memcpy(head, get, 23);
        tap_eq(ask(connect_path(metrics_path), head), 400, "a head of 20000 bytes");
        tap_eq(ask(connect_path(metrics_path), "POST /metrics HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
                                               "123456789"), 413, "a body");
        tap_eq(scrape(), 200, "the next reader is served");
        stop(&proc);
}

static void a_reload_moves_it(void)
{
        struct daemon_proc proc;
        char there[128];
        FILE *file;

        start(&proc, "");
        snprintf(there, sizeof(there), "%s/there", proc.folder);
        file = fopen(conf, "w");
        if (!file || fprintf(file, "metrics = %s\n", there) < 0 || fclose(file) < 0)
                tap_bail("%s: %s", conf, strerror(errno));
        kill(proc.pid, SIGHUP);
        if (!daemon_wait_notify(&proc, "READY=1"))
                tap_bail("no reload");
        tap_ok(access(metrics_path, F_OK) < 0, "a reload with another path: the old one is gone");
        snprintf(metrics_path, sizeof(metrics_path), "%s", there);
        tap_eq(scrape(), 200, "the new one serves");
        is("vgicd_reloads_total", 1);
        is("vgicd_reload_successful", 1);
        file = fopen(conf, "w");
        if (!file || fputs("metrics = /nowhere/at/all\n", file) < 0 || fclose(file) < 0)
                tap_bail("%s: %s", conf, strerror(errno));
        kill(proc.pid, SIGHUP);
        if (!daemon_wait_notify(&proc, "READY=1"))
                tap_bail("no reload");
        tap_eq(scrape(), 200, "a path that cannot be used: it is served as before");
        is("vgicd_reload_successful", 0);
        is("vgicd_reloads_failed_total", 1);
        stop(&proc);
}

int main(void)
{
        what_happens_is_counted();
        other_addresses_are_refused();
        by_a_port_there_are_no_names();
        slow_readers_are_in_nobodys_way();
        long_heads_are_refused();
        a_reload_moves_it();
        if (geteuid() == 0)
                readers_need_a_right();
        else
                tap_note("not root: other users cannot be played");
        return tap_done();
}
