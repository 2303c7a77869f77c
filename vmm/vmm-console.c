/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Console: standard input and output as the far end of the guest's serial line
 *
 * What    Both descriptors are shared with whoever started us, so they stay in blocking mode;
 *         poll() is asked before each read and write instead. A terminal is put into raw mode, and
 *         back at every exit.
 */
#include "vmm-console.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define CTRL_A         1
#define LAST_WORDS_MS  1000

/*
 * Raw mode, so that Ctrl-C and line editing are the guest's. If standard input is no terminal (a
 * pipe, a test), it is left as it is and Ctrl-A is an ordinary byte.
 */
void vmm_console_init(struct vmm_console *console)
{
        struct termios raw;

        *console = (struct vmm_console){ 0 };
        if (tcgetattr(STDIN_FILENO, &console->saved) < 0)
                return;
        raw = console->saved;
        cfmakeraw(&raw);
        raw.c_oflag |= OPOST; /* our own messages end in a plain newline */
        if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
                console->is_terminal = true;
}

/*
 * The guest's last lines, often a panic, may still be in the buffer. Give up when one whole wait
 * writes nothing: a reader that has stopped must not keep the VMM from ending.
 */
int vmm_console_deinit(struct vmm_console *console)
{
        size_t before;
        int r;

        do { /* as long as somebody reads */
                before = console->n_buffered;
                r = vmm_console_flush(console, LAST_WORDS_MS);
        } while (console->n_buffered < before);
        if (console->is_terminal)
                tcsetattr(STDIN_FILENO, TCSADRAIN, &console->saved);
        console->is_terminal = false;
        return r;
}

size_t vmm_console_room(const struct vmm_console *console)
{
        return sizeof(console->buffer) - console->n_buffered;
}

void vmm_console_put(struct vmm_console *console, uint8_t byte)
{
        if (vmm_console_room(console) > 0)
                console->buffer[console->n_buffered++] = byte;
}

/*
 * poll() comes first because the descriptor blocks, and one thread runs the whole machine: a reader
 * that is slow must not stop it. The buffer is no larger than what poll() promises room for.
 */
int vmm_console_flush(struct vmm_console *console, int timeout_ms)
{
        struct pollfd poll_fd = { .fd = STDOUT_FILENO, .events = POLLOUT };
        ssize_t n;

        if (console->n_buffered == 0)
                return 0;
        if (poll(&poll_fd, 1, timeout_ms) <= 0 || poll_fd.revents == 0)
                return 0;
        n = write(STDOUT_FILENO, console->buffer, console->n_buffered);
        if (n < 0) {
                if (errno == EINTR || errno == EAGAIN)
                        return 0;
                return -errno;
        }
        console->n_buffered -= (size_t)n;
        memmove(console->buffer, console->buffer + n, console->n_buffered);
        return 0;
}

/* Ctrl-A x ends, Ctrl-A Ctrl-A is one Ctrl-A, Ctrl-A and anything else is nothing. */
static int filter_escapes(struct vmm_console *console, uint8_t *bytes, size_t n)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++) {
                if (console->escaped) {
                        console->escaped = false;
                        if (bytes[i] == 'x' || bytes[i] == 'X')
                                return -ECANCELED;
                        if (bytes[i] == CTRL_A)
                                bytes[kept++] = CTRL_A;
                } else if (bytes[i] == CTRL_A) {
                        console->escaped = true;
                } else {
                        bytes[kept++] = bytes[i];
                }
        }
        return (int)kept;
}

int vmm_console_read(struct vmm_console *console, uint8_t *ret_bytes, size_t size)
{
        ssize_t n = read(STDIN_FILENO, ret_bytes, size);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return 0;
        if (n <= 0) {
                console->input_ended = true; /* and the guest goes on without */
                return 0;
        }
        return console->is_terminal ? filter_escapes(console, ret_bytes, (size_t)n) : (int)n;
}
