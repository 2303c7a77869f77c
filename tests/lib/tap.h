/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef TAP_H
#define TAP_H

/*
 * TAP: how a test of this tree says what it found
 *
 *   tap_ok(x == 3, "three");          one line "ok 1 - three" or "not ok 1 - three"
 *   tap_eq(got, want, "words");       the same for two integers, and prints both when they differ
 *   return tap_done();                prints the plan; the exit status is 1 if a point failed
 *
 * Threads: all calls from one thread.
 */
#include <stdbool.h>
#include <stdint.h>

bool tap_ok(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool tap_eq(int64_t got, int64_t want, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/** tap_note() - a comment line. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** tap_skip() - say that the whole test cannot run here, and exit. */
void tap_skip(const char *why) __attribute__((noreturn));

/**
 * tap_bail() - stop everything: the test itself is broken here. A process that the test forked ends
 * alone: its parent judges that.
 */
void tap_bail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

int tap_done(void);

/**
 * tap_fd_count() - how many descriptors this process has open:
 * a leak check takes it before and after.
 */
int tap_fd_count(void);

#endif
