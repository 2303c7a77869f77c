/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * The log: levels, and a place where lines go
 *
 * What    base_log() formats one line and hands it to the sink; by default the sink writes it to stderr for people. The
 *         daemon puts its journal sink here. The library never logs.
 * Threads Any; the level and the sink are set once, before other threads start.
 */
#include <stdarg.h>

/* As in syslog and the journal. */
enum base_log_level {
        BASE_LOG_ERROR   = 3,
        BASE_LOG_WARNING = 4,
        BASE_LOG_NOTICE  = 5,
        BASE_LOG_INFO    = 6,
        BASE_LOG_DEBUG   = 7,
};

typedef void (*base_log_sink)(enum base_log_level level, const char *file, int line, const char *text);

void base_log_set_level(enum base_log_level level);
enum base_log_level base_log_get_level(void);

/* base_log_set_sink() - NULL: stderr. */
void base_log_set_sink(base_log_sink sink);

/* base_log_write() - errno is kept. Control characters, which a peer's name could hold, are shown as "?". */
void base_log_write(enum base_log_level level, const char *file, int line, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

#define base_log(level, ...)      base_log_write((level), __FILE__, __LINE__, __VA_ARGS__)
#define base_log_error(...)       base_log(BASE_LOG_ERROR, __VA_ARGS__)
#define base_log_warning(...)     base_log(BASE_LOG_WARNING, __VA_ARGS__)
#define base_log_notice(...)      base_log(BASE_LOG_NOTICE, __VA_ARGS__)
#define base_log_info(...)        base_log(BASE_LOG_INFO, __VA_ARGS__)
#define base_log_debug(...)       base_log(BASE_LOG_DEBUG, __VA_ARGS__)

#endif
