/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Errors in words, see base-error.h
 */
#include <stdarg.h>
#include <stdio.h>

#include "base-error.h"

int base_error_set(struct base_error *error, int code, const char *format, ...)
{
        va_list args;

        if (!error)
                return code;
        va_start(args, format);
        vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
        return code;
}

int base_error_default(struct base_error *error, int code, const char *format, ...)
{
        va_list args;

        if (!error || base_error_is_set(error))
                return code;
        va_start(args, format);
        vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
        return code;
}
