/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ACTIVATION_H
#define ACTIVATION_H

/*
 * Activation: the listening socket that systemd hands over
 */

/**
 * activation_take() - take the socket of the service manager
 * @ret_fd: a listening AF_UNIX stream socket, now the caller's
 *
 * Return: 1 there is one; 0 the daemon was not started by socket activation; -EINVAL something else
 * was passed (logged).
 */
int activation_take(int *ret_fd);

#endif
