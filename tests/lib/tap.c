/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * TAP output, see tap.h
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static unsigned n_points;
static unsigned n_failed;
static pid_t tester; /* whose stream it is */

static void __attribute__((constructor)) remember_tester(void)
{
        tester = getpid();
}

static bool tap_point(bool ok, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));
static bool tap_point(bool ok, const char *format, va_list args)
{
        n_points++;
        n_failed += !ok;
        printf("%sok %u - ", ok ? "" : "not ", n_points);
        vprintf(format, args);
        putchar('\n');
        fflush(stdout);
        return ok;
}

bool tap_ok(bool ok, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        tap_point(ok, format, args);
        va_end(args);
        return ok;
}

bool tap_eq(int64_t got, int64_t want, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        tap_point(got == want, format, args);
        va_end(args);
        if (got != want)
                tap_note("got %" PRId64 " (0x%" PRIx64 "), want %" PRId64 " (0x%" PRIx64 ")",
                         got, (uint64_t)got, want, (uint64_t)want);
        return got == want;
}

void tap_note(const char *format, ...)
{
        va_list args;

        printf("# ");
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        putchar('\n');
        fflush(stdout);
}

void tap_skip(const char *why)
{
        printf("1..0 # SKIP %s\n", why);
        exit(0);
}

/*
 * The stream is the test's: a process that it forked says on standard error why it fails, and its
 * parent judges that.
 */
void tap_bail(const char *format, ...)
{
        bool forked = getpid() != tester;
        FILE *to = forked ? stderr : stdout;
        va_list args;

        fputs(forked ? "# in a forked process: " : "Bail out! ", to);
        va_start(args, format);
        vfprintf(to, format, args);
        va_end(args);
        fputc('\n', to);
        if (forked)
                _exit(1);
        exit(1);
}

int tap_done(void)
{
        printf("1..%u\n", n_points);
        fflush(stdout);
        return n_failed > 0;
}

int tap_fd_count(void)
{
        DIR *dir = opendir("/proc/self/fd");
        int n = 0;

        if (!dir)
                return -1;
        while (readdir(dir))
                n++;
        closedir(dir);
        return n - 3; /* ".", ".." and the directory itself */
}
