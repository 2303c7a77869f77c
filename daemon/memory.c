/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Memory: see memory.h
 */
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

/* "max", which is no number, is no limit. */
static uint64_t read_limit(const char *root, const char *group)
{
        char path[PATH_MAX];
        uint64_t limit = UINT64_MAX;
        FILE *file;

        if (snprintf(path, sizeof(path), "%s%s/memory.max", root, group) >= (int)sizeof(path))
                return UINT64_MAX;
        file = fopen(path, "re");
        if (!file)
                return UINT64_MAX;
        if (fscanf(file, "%" SCNu64, &limit) != 1)
                limit = UINT64_MAX;
        fclose(file);
        return limit;
}

/* The group of cgroup v2: the line "0::PATH". */
static bool read_group(const char *list, char group[PATH_MAX])
{
        FILE *file = fopen(list, "re");
        bool found = false;

        if (!file)
                return false;
        while (!found && fgets(group, PATH_MAX, file))
                found = strncmp(group, "0::/", 4) == 0;
        fclose(file);
        if (!found)
                return false;
        memmove(group, group + 3, strlen(group + 3) + 1);
        group[strcspn(group, "\n")] = '\0';
        return true;
}

uint64_t memory_limit_of(const char *list, const char *root)
{
        uint64_t least = UINT64_MAX;
        char group[PATH_MAX], *end;

        if (!read_group(list, group))
                return UINT64_MAX;
        while ((end = strrchr(group, '/'))) {
                uint64_t limit = read_limit(root, group);

                if (limit < least)
                        least = limit;
                *end = '\0';
        }
        return least;
}

uint64_t memory_resident(void)
{
        FILE *file = fopen("/proc/self/statm", "re");
        uint64_t size, pages = 0;

        if (!file)
                return 0;
        if (fscanf(file, "%" SCNu64 " %" SCNu64, &size, &pages) != 2)
                pages = 0;
        fclose(file);
        return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t memory_limit(void)
{
        uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
        uint64_t group = memory_limit_of("/proc/self/cgroup", "/sys/fs/cgroup");

        return group < machine ? group : machine;
}
