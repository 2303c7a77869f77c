/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The log, see base-log.h
 */
#include <errno.h>
#include <stdio.h>

#include "base-log.h"

static enum base_log_level max_level = BASE_LOG_INFO;

static void base_log_stderr(enum base_log_level level, const char *file, int line, const char *text)
{
        static const char *const names[] = {
                [BASE_LOG_ERROR] = "error: ", [BASE_LOG_WARNING] = "warning: ", [BASE_LOG_NOTICE] = "",
                [BASE_LOG_INFO] = "", [BASE_LOG_DEBUG] = "debug: ",
        };

        if (level == BASE_LOG_DEBUG)
                fprintf(stderr, "vgicd: %s%s [%s:%d]\n", names[level], text, file, line);
        else
                fprintf(stderr, "vgicd: %s%s\n", names[level], text);
}

static base_log_sink sink = base_log_stderr;

void base_log_set_level(enum base_log_level level)
{
        max_level = level < BASE_LOG_ERROR ? BASE_LOG_ERROR : level > BASE_LOG_DEBUG ? BASE_LOG_DEBUG : level;
}

enum base_log_level base_log_get_level(void)
{
        return max_level;
}

void base_log_set_sink(base_log_sink new_sink)
{
        sink = new_sink ? new_sink : base_log_stderr;
}

void base_log_write(enum base_log_level level, const char *file, int line, const char *format, ...)
{
        int saved = errno;
        char text[512];
        va_list args;

        if (level < BASE_LOG_ERROR || level > max_level)
                return;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        for (char *c = text; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 127)
                        *c = '?';
        sink(level, file, line, text);
        errno = saved;
}
