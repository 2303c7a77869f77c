/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

/*
 * Console: standard input and output as the far end of the guest's serial line
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#define VMM_CONSOLE_BUFFER 4096 /* what poll() promises that a pipe takes without blocking */

struct vmm_console {
        uint8_t buffer[VMM_CONSOLE_BUFFER];
        size_t n_buffered;
        bool input_ended;
        bool is_terminal;       /* standard input is one, and is in raw mode now */
        bool escaped;           /* Ctrl-A was typed */
        struct termios saved;
};

void vmm_console_init(struct vmm_console *console);
/* Write what is left, as long as somebody reads. Return: 0; -errno standard output is lost. */
int vmm_console_deinit(struct vmm_console *console);

/* Output. put() drops the byte if there is no room: the guest can see it coming. */
size_t vmm_console_room(const struct vmm_console *console);
void vmm_console_put(struct vmm_console *console, uint8_t byte);
/* Write some if that is possible within the time. Return: 0; -errno standard output is lost. */
int vmm_console_flush(struct vmm_console *console, int timeout_ms);

/*
 * Input, when poll() says so. Return: how many bytes for the guest (0: none this time, or the end
 * of input); -ECANCELED the user typed Ctrl-A x.
 */
int vmm_console_read(struct vmm_console *console, uint8_t *ret_bytes, size_t size);

#endif
