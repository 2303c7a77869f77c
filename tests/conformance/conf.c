/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Running the conformance suite, see conf.h and README
 *
 * Threads  One; each test is a child process of its own, which some tests fill with threads.
 */
#include "conf.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "tap.h"

#define LIMIT_S          120    /* a test that takes longer hangs */
#define MAX_FAILURES      10    /* printed per test */

static struct daemon_proc daemon_;

void conf_where(struct conf *c, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(c->where, sizeof(c->where), format, args);
        va_end(args);
}

void conf_eq(struct conf *c, uint64_t got, uint64_t want, const char *file, int line,
             const char *what)
{
        const char *base = strrchr(file, '/');

        if (got == want)
                return;
        if (++c->n_failures > MAX_FAILURES)
                return;
        tap_note("%s:%d: %s%s%s: got 0x%llx, want 0x%llx", base ? base + 1 : file, line, c->where,
                 c->where[0] ? ": " : "", what, (unsigned long long)got, (unsigned long long)want);
}

/* This one test cannot go on. */
static void __attribute__((noreturn)) give_up(const char *what, const char *why)
{
        tap_note("%s: %s", what, why);
        exit(1);
}

struct vgic_conn *conf_connect(void)
{
        struct vgic_conn_options options = {
                .size = sizeof(options), .socket_path = daemon_.socket,
                .client_name = "conformance",
        };
        struct vgic_conn *conn = NULL;

        if (vgic_connect(&options, &conn) < 0)
                give_up("connect", conn ? vgic_conn_error(conn) : "no memory");
        return conn;
}

static int create(struct vgic_conn *conn, const char *name, const struct conf_config *config,
                  struct vgic_vm **ret_vm)
{
        struct vgic_vm_config vm_config = {
                .size = sizeof(vm_config), .name = name,
                .n_vcpus = config->n_vcpus ? config->n_vcpus : 1,
                .n_spis = config->no_spis ? 0 : config->n_spis ? config->n_spis : 64,
                .n_priority_bits = config->n_priority_bits,
                .flags = config->flags | VGIC_VM_EPHEMERAL,
                .mpidrs = config->mpidrs, .n_espis = config->n_espis, .n_eppis = config->n_eppis,
                .affinity_levels = config->affinity_levels, .n_redist_regions = config->n_regions,
                .redist_regions = config->regions,
        };

        return vgic_vm_create(conn, &vm_config, ret_vm);
}

int conf_try(struct conf *c, const struct conf_config *config)
{
        struct vgic_conn *conn = conf_connect();
        struct vgic_vm *vm = NULL;
        int r = create(conn, "try", config, &vm);

        if (r == 0)
                vgic_vm_detach(vm);
        else
                EQ(c, vgic_conn_error(conn)[0] != '\0', true); /* which member, in words */
        vgic_disconnect(conn);
        return r;
}

/* What firmware and a kernel do first. */
static void boot(struct conf *c)
{
        bool quiet = c->quiet;

        c->quiet = true;
        for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                gicr_w(c, i, GICR_WAKER, 0);
                icc_w(c, i, PMR, 0xff);
                icc_w(c, i, IGRPEN0, 1);
                icc_w(c, i, IGRPEN1, 1);
        }
        gicd_w(c, GICD_CTLR, CTLR_GRP0 | CTLR_GRP1);
        c->quiet = quiet;
}

void conf_open(struct conf *c, const char *name, const struct conf_config *config)
{
        int r;

        *c = (struct conf) { .name = name, .config = *config };
        if (!c->config.n_vcpus)
                c->config.n_vcpus = 1;
        if (!c->config.n_spis && !c->config.no_spis)
                c->config.n_spis = 64;
        if (!c->config.n_priority_bits)
                c->config.n_priority_bits = 5;
        snprintf(c->vm_name, sizeof(c->vm_name), "conf-%d-%p", (int)getpid(), (void *)c);
        c->conn = conf_connect();
        r = create(c->conn, c->vm_name, &c->config, &c->vm);
        if (r == 0 && !config->no_init)
                r = vgic_vm_init(c->vm);
        if (r < 0)
                give_up("create", vgic_conn_error(c->conn));
        if (config->no_init)
                return;
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                if (port_register(c->vm, i, NULL, &c->vcpus[i]) < 0)
                        give_up("register", vgic_conn_error(c->conn));
        if (!config->cold)
                boot(c);
}

void conf_close(struct conf *c)
{
        vgic_vm_detach(c->vm);
        vgic_disconnect(c->conn);
}

static int run_here(const struct conf_test *test)
{
        struct conf c;

        conf_open(&c, test->name, &test->config);
        test->run(&c);
        conf_close(&c);
        if (c.n_failures > MAX_FAILURES)
                tap_note("... and %u more", c.n_failures - MAX_FAILURES);
        return c.n_failures > 0;
}

/*
 * What the architecture lets differ over list registers (doc/list-registers.md): such a test is
 * about that and nothing else.
 */
static const struct {
        const char *name, *why;
} lr_exceptions[] = {
        { "icc-ctlr-fields", "ICV_CTLR_EL1 has no PMHE" },
        { "icc-ctlr-writable", "ICV_CTLR_EL1 has no PMHE" },
        { "eoir-unknown", "UNPREDICTABLE: EOIR of what was not acknowledged last" },
        { "eoir-out-of-order", "UNPREDICTABLE: EOIR of what was not acknowledged last" },
        { "eoi-other-vcpu", "UNPREDICTABLE: EOIR of what was not acknowledged here" },
        { "intid-field", "RES0: of 24 bits of INTID where ICV_CTLR_EL1.IDbits says 16" },
};

/* Return: why @test is not run over this kind of port; NULL: it is. */
static const char *exception(const struct conf_test *test)
{
        for (size_t i = 0;
             port_list_registers() && i < sizeof(lr_exceptions) / sizeof(lr_exceptions[0]); i++)
                if (strcmp(lr_exceptions[i].name, test->name) == 0)
                        return lr_exceptions[i].why;
        return NULL;
}

static bool say(const struct conf_test *test, bool ok)
{
        return tap_ok(ok, "%s %s: %s", test->section, test->name, test->rule);
}

static void run_test(const struct conf_test *test)
{
        int status = 0;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                alarm(LIMIT_S);
                status = run_here(test);
                fflush(stdout);
                _exit(status);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
                tap_bail("fork: %s", strerror(errno));
        if (WIFSIGNALED(status))
                tap_note("killed by signal %d", WTERMSIG(status));
        say(test, status == 0);
        if (waitpid(daemon_.pid, &status, WNOHANG) == daemon_.pid)
                tap_bail("the daemon died");
}

static const struct conf_test *next_test(const struct conf_test *const **table,
                                         const struct conf_test *test)
{
        if (test)
                test++;
        else
                test = **table;
        while (!test->name) {
                (*table)++;
                test = **table;
                if (!test)
                        return NULL;
        }
        return test;
}

/* Names are how tests are run and counted: each is unique, and each test names its section. */
static void check_tables(void)
{
        const struct conf_test *const *ti = conf_tables;

        for (const struct conf_test *a = NULL; (a = next_test(&ti, a));) {
                const struct conf_test *const *tj = conf_tables;

                if (!a->section || !a->rule || !a->run)
                        tap_bail("%s: the row is not complete", a->name);
                for (const struct conf_test *b = NULL; (b = next_test(&tj, b)) && b != a;)
                        if (strcmp(a->name, b->name) == 0)
                                tap_bail("two tests are called %s", a->name);
        }
}

static bool wanted(const struct conf_test *test, char **patterns)
{
        if (!*patterns)
                return true;
        for (; *patterns; patterns++)
                if (fnmatch(*patterns, test->name, 0) == 0)
                        return true;
        return false;
}

static int usage(const char *program)
{
        printf("usage: %s [--list] [--here] [NAME...]\n"
               "  --list  print the tests and the sections they check\n"
               "  --here  do not fork: one test under a debugger\n"
               "  NAME    run these only; may be a pattern such as 'sgi-*'\n", program);
        return 0;
}

int main(int argc, char **argv)
{
        const struct conf_test *const *table = conf_tables;
        bool list = false, here = false;
        int failed = 0;

        check_tables();
        for (argv++; argc > 1 && *argv && strncmp(*argv, "--", 2) == 0; argv++) {
                list = list || strcmp(*argv, "--list") == 0;
                here = here || strcmp(*argv, "--here") == 0;
                if (strcmp(*argv, "--help") == 0)
                        return usage("test-conformance");
        }
        if (!list)
                daemon_start(&daemon_, NULL);
        for (const struct conf_test *test = NULL; (test = next_test(&table, test));) {
                if (!wanted(test, argv))
                        continue;
                if (list)
                        printf("%-10s %-34s %s\n", test->section, test->name, test->rule);
                else if (exception(test))
                        tap_ok(true, "%s %s # SKIP %s", test->section, test->name, exception(test));
                else if (here)
                        failed |= !say(test, run_here(test) == 0);
                else
                        run_test(test);
        }
        if (list)
                return 0;
        tap_ok(daemon_stop(&daemon_) == 0,
               "12.1.3 daemon-stops: it lived through all of this and stops in order");
        return tap_done() | failed;
}
