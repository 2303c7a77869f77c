/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What callers hand in and get: structures of any age, and names
 */
#include <errno.h>
#include <string.h>

#include "vgic-conn.h"

int vgic_options_take(struct base_error *error, void *options, size_t size, const void *caller,
                      size_t caller_size)
{
        const unsigned char *bytes = caller;

        if (caller_size < sizeof(size_t))
                return base_error_set(error, -EINVAL,
                                      "the options' size is not set to their sizeof");
        for (size_t i = size; i < caller_size; i++)
                if (bytes[i] != 0)
                        return base_error_set(error, -EINVAL,
                                              "the options set a member that this library does not "
                                              "know");
        memset(options, 0, size);
        memcpy(options, caller, caller_size < size ? caller_size : size);
        return 0;
}

int vgic_options_give(struct base_error *error, const void *ours, size_t size, void *caller)
{
        size_t caller_size;

        memcpy(&caller_size, caller, sizeof(caller_size));
        if (caller_size < sizeof(size_t))
                return base_error_set(error, -EINVAL,
                                      "the structure's size is not set to its sizeof");
        if (caller_size > size)
                memset((char *)caller + size, 0, caller_size - size);
        memcpy(caller, ours, caller_size < size ? caller_size : size);
        memcpy(caller, &caller_size, sizeof(caller_size));
        return 0;
}

int vgic_name_check(struct base_error *error, const char *what, const char *name)
{
        static const char allowed[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
        size_t n = name ? strnlen(name, VGIC_NAME_MAX + 1) : 0;

        if (n == 0 || n > VGIC_NAME_MAX)
                return base_error_set(error, -EINVAL, "%s has 1 to %u bytes", what,
                                      (unsigned)VGIC_NAME_MAX);
        if (strspn(name, allowed) != n || name[0] == '.' || name[0] == '-')
                return base_error_set(error, -EINVAL,
                                      "%s is made of A-Z, a-z, 0-9, '.', '_', '-', and starts with "
                                      "neither '.' nor '-'",
                                      what);
        return 0;
}

int vgic_vm_name_check(struct base_error *error, const char *name)
{
        size_t n = name ? strspn(name, "0123456789") : 0;

        if (n > 0 && n <= 10 && name[n] == '/')
                name += n + 1;
        return vgic_name_check(error, "name", name);
}
