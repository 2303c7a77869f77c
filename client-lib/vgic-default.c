/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Where the daemon is, if nobody says: see vgic_default_socket() in <vgic/vgic.h>
 *
 * The environment says where, so a program that was given rights which its caller lacks does not
 * ask it (secure_getenv()); and a socket in somebody else's folder is not taken for one's own.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vgic/vgic.h"

/* Of a daemon that this user runs. Return: @path names its socket. */
static bool find_own(char path[PATH_MAX])
{
        const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
        struct stat st;
        int n;

        if (!runtime || runtime[0] != '/')
                return false;
        n = snprintf(path, PATH_MAX, "%s/vgicd/vgicd.sock", runtime);
        return n < PATH_MAX && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
               st.st_uid == geteuid();
}

int vgic_default_socket(char *path, size_t size)
{
        const char *chosen = secure_getenv("VGICD_SOCKET");
        char own[PATH_MAX];

        if (!chosen || !chosen[0])
                chosen = find_own(own) ? own : VGIC_DEFAULT_SOCKET;
        if (strlen(chosen) >= size)
                return -ENAMETOOLONG;
        memcpy(path, chosen, strlen(chosen) + 1);
        return 0;
}
