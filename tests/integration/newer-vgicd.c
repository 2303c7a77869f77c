/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A version of vgicd that stores descriptors with the service manager, as far as a test needs one:
 * it looks for what it stored before, stores that if there is nothing, and becomes the real vgicd
 *
 * usage: newer-vgicd PROGRAM; which is started with the same process id and the first descriptor,
 * the listening socket. What was found goes to standard error: "newer: found NAME: TEXT".
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST  3        /* SD_LISTEN_FDS_START */

static const char *const names[] = { "record", "bag", "bell" };

#define N_NAMES  (sizeof(names) / sizeof(names[0]))

static void die(const char *what)
{
        fprintf(stderr, "newer: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void store(const char *name, int fd)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct sockaddr_un manager = { .sun_family = AF_UNIX };
        char text[64];
        struct iovec vec = { text, 0 };
        struct msghdr msg = {
                .msg_name = &manager, .msg_namelen = sizeof(manager), .msg_iov = &vec,
                .msg_iovlen = 1, .msg_control = control.bytes,
                .msg_controllen = sizeof(control.bytes),
        };
        const char *path = getenv("NOTIFY_SOCKET");
        int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        vec.iov_len = (size_t)snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
        snprintf(manager.sun_path, sizeof(manager.sun_path), "%s", path ? path : "");
        *CMSG_FIRSTHDR(&msg) = (struct cmsghdr){
                .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
                .cmsg_type = SCM_RIGHTS,
        };
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
        if (sock < 0 || sendmsg(sock, &msg, 0) < 0)
                die("the service manager cannot be told");
        close(sock);
}

/* A memfd that holds its own name: the same one is known again by that. */
static void store_all(void)
{
        for (size_t i = 0; i < N_NAMES; i++) {
                int fd = memfd_create(names[i], MFD_CLOEXEC);

                if (fd < 0 || write(fd, names[i], strlen(names[i])) < 0)
                        die("memfd_create");
                store(names[i], fd);
                close(fd);
        }
}

static void tell_found(int fd, const char *name)
{
        char text[32] = "";

        if (pread(fd, text, sizeof(text) - 1, 0) < 0)
                snprintf(text, sizeof(text), "%s", strerror(errno));
        fprintf(stderr, "newer: found %s: %s\n", name, text);
}

int main(int argc, char **argv)
{
        int n = atoi(getenv("LISTEN_FDS") ? getenv("LISTEN_FDS") : "0");
        char *names_given = getenv("LISTEN_FDNAMES"), *name = strtok(names_given, ":");

        if (argc != 2)
                die("usage: newer-vgicd PROGRAM");
        for (int i = 0; i < n; i++, name = strtok(NULL, ":")) {
                if (i == 0)
                        continue; /* the listening socket comes first */
                tell_found(FIRST + i, name ? name : "none");
                close(FIRST + i);
        }
        if (n <= 1)
                store_all();
        setenv("LISTEN_FDS", "1", 1);
        execl(argv[1], argv[1], (char *)NULL);
        die(argv[1]);
}
