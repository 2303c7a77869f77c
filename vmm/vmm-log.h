/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_LOG_H
#define VMM_LOG_H

/*
 * Log: what the VMM has to say, on standard error (standard output is the guest's console)
 */
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 1, 2))) static inline void vmm_error(const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        fputs("vgic-vmm: ", stderr);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
        va_end(arguments);
}

#endif
