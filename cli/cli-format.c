/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Sizes, times and users, as people read them
 *
 * For tables only: JSON has the numbers, which scripts read.
 */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>

#include "cli.h"

char *cli_bytes(uint64_t bytes, char *text)
{
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
        double value = (double)bytes;
        unsigned unit = 0;

        while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
                value /= 1024;
                unit++;
        }
        snprintf(text, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
        return text;
}

char *cli_age(uint64_t ms, char *text)
{
        static const struct {
                uint64_t seconds;
                const char *name;
        } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
        uint64_t left = ms / 1000;
        unsigned i = 0;

        while (i < 3 && left < units[i].seconds)
                i++;
        if (i == 3)
                snprintf(text, 32, "%" PRIu64 " s", left);
        else
                snprintf(text, 32, "%" PRIu64 " %s %" PRIu64 " %s", left / units[i].seconds,
                         units[i].name, left % units[i].seconds / units[i + 1].seconds,
                         units[i + 1].name);
        return text;
}

char *cli_user(uint32_t uid, char *text)
{
        const struct passwd *entry = getpwuid(uid);

        if (entry)
                snprintf(text, 64, "%s", entry->pw_name);
        else
                snprintf(text, 64, "%" PRIu32, uid);
        return text;
}
