/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ACTIVATION_H
#define ACTIVATION_H

/*
 * Activation: the listening sockets that systemd hands over, for clients and perhaps for metrics
 */

/* What the unit calls a socket for metrics (FileDescriptorName=). */
#define ACTIVATION_METRICS  "metrics"

/**
 * activation_take() - take what the service manager passed
 * @ret_fd:         a listening AF_UNIX stream socket, now the caller's
 * @ret_metrics_fd: the same of the one called ACTIVATION_METRICS, whatever it is; -1: none
 *
 * Return: 1 there is one for clients; 0 the daemon was not started by socket activation; -EINVAL
 * something else was passed (logged).
 */
int activation_take(int *ret_fd, int *ret_metrics_fd);

#endif
