/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/*
 * Errors in words
 *
 * The convention of the tree: a negative errno is passed on unchanged; where a person will want to
 * know more, the function also fills a struct base_error, which holds the words. The innermost
 * words win.
 */
#include <stdbool.h>

#define BASE_ERROR_BYTES 256

struct base_error {
        char text[BASE_ERROR_BYTES];
};

/*
 * base_error_set() - Return: @code, so that "return base_error_set(e, -EINVAL, ...)" works.
 * @error may be NULL.
 */
int base_error_set(struct base_error *error, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* base_error_default() - the same, unless there are words already. */
int base_error_default(struct base_error *error, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static inline void base_error_clear(struct base_error *error)
{
        error->text[0] = '\0';
}

static inline bool base_error_is_set(const struct base_error *error)
{
        return error->text[0] != '\0';
}

#endif
