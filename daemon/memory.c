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

/*
 * The two versions of control groups, which a machine may have both: the controllers in the line of
 * the list that names the group, the folder of the groups, and what a limit is called.
 */
static const struct version {
        const char *controllers;        /* "": version 2 */
        const char *folder;             /* below the root */
        const char *file;
} versions[] = {
        { "", "", "memory.max" },
        { "", "/unified", "memory.max" },
        { "memory", "/memory", "memory.limit_in_bytes" },
};

/* "max", which is no number, is no limit. */
static uint64_t read_limit(const char *root, const struct version *version, const char *group)
{
        char path[PATH_MAX];
        uint64_t limit = UINT64_MAX;
        FILE *file;

        if (snprintf(path, sizeof(path), "%s%s%s/%s", root, version->folder, group,
                     version->file) >= (int)sizeof(path))
                return UINT64_MAX;
        file = fopen(path, "re");
        if (!file)
                return UINT64_MAX;
        if (fscanf(file, "%" SCNu64, &limit) != 1)
                limit = UINT64_MAX;
        fclose(file);
        return limit;
}

/* Is @name one of the names in @list, which commas separate? */
static bool is_listed(const char *list, const char *name)
{
        size_t n = strlen(name);

        for (; *list; list += strcspn(list, ","), list += *list == ',')
                if (strcspn(list, ",") == n && strncmp(list, name, n) == 0)
                        return true;
        return n == 0;
}

/* NUMBER:CONTROLLERS:PATH. Return: the path, if it is of these controllers; NULL. */
static char *path_of(char *line, const char *controllers)
{
        char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

        if (!second || second[1] != '/')
                return NULL;
        *second = '\0';
        second[1 + strcspn(second + 1, "\n")] = '\0';
        if (controllers[0] ? !is_listed(first + 1, controllers) : first[1] != '\0')
                return NULL;
        return second + 1;
}

/* Return: there is a group of this version, in @group. */
static bool read_group(const char *list, const struct version *version, char group[PATH_MAX])
{
        char line[PATH_MAX], *path = NULL;
        FILE *file = fopen(list, "re");

        if (!file)
                return false;
        while (!path && fgets(line, sizeof(line), file))
                path = path_of(line, version->controllers);
        fclose(file);
        if (path)
                memcpy(group, path, strlen(path) + 1);
        return path != NULL;
}

/* Of the group and those above it; the topmost one has a limit where it is a container's. */
static uint64_t least_limit(const char *list, const char *root, const struct version *version)
{
        uint64_t least = UINT64_MAX, limit;
        char group[PATH_MAX], *end;

        if (!read_group(list, version, group))
                return UINT64_MAX;
        do {
                limit = read_limit(root, version, group);
                if (limit < least)
                        least = limit;
                end = strrchr(group, '/');
                if (end)
                        *end = '\0';
        } while (end);
        return least;
}

uint64_t memory_limit_of(const char *list, const char *root)
{
        uint64_t least = UINT64_MAX;

        for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
                uint64_t limit = least_limit(list, root, &versions[i]);

                if (limit < least)
                        least = limit;
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
