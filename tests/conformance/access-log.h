/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

/*
 * Which named test touched which register: what doc/gic-coverage.md says in its last column
 *
 * What    When the environment variable VGIC_ACCESS_LOG names a file, each register access of a
 *         conformance test appends one line of five words to it:
 *
 *           TEST FRAME WHERE LEN DIRECTION        irouter-halves GICD 0x6104 4 w
 *                                                 iar1-spurious ICC 0xc660 8 r
 *
 *         TEST       the named test, without blanks; "-": set-up, which covers nothing
 *         FRAME      GICD, GICR (WHERE as the guest's offset from the first redistributor, any
 *                    vCPU) or ICC
 *         WHERE      offset, or op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2
 *         LEN        bytes: 1, 2, 4, 8; ICC: 8
 *         DIRECTION  r or w
 *
 *         Lines may repeat and come in any order. Several programs may append to one file, one
 *         after another or at once.
 * Threads Any: one line is one write to a file opened for appending.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* access_log() - note one access, if anybody wants to know */
static inline void access_log(const char *test, const char *frame, uint64_t where, unsigned len,
                              bool is_write)
{
        const char *path = getenv("VGIC_ACCESS_LOG");
        char line[200];
        ssize_t n;
        int fd;

        if (!path || !*path)
                return;
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        n = snprintf(line, sizeof line, "%s %s 0x%llx %u %c\n", test, frame,
                     (unsigned long long)where, len, is_write ? 'w' : 'r');
        if (fd < 0 || n >= (ssize_t)sizeof line || write(fd, line, (size_t)n) != n) {
                fprintf(stderr, "access log %s: cannot append\n", path);
                abort();
        }
        close(fd);
}

#endif
