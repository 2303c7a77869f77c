/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROCESS_H
#define PROCESS_H

/*
 * Process: what the daemon inherits from whoever starts it, made fit for a service
 *
 * Why     A shell, a cron job, a container or a service manager hands down closed standard
 *         descriptors, blocked signals, and limits. Each of them has a default that ends a service
 *         without a word, or makes it deaf to SIGTERM.
 * How     main() calls both functions before the first descriptor that is not a standard one.
 * Threads None but the first exists yet, and the log's, which blocks all signals.
 */

/*
 * process_occupy_standard() - see that the descriptors 0, 1 and 2 are taken, by what fails every
 * read and write where they were closed
 */
void process_occupy_standard(void);

/*
 * process_set_up() - signals and limits. What the daemon does not handle and what would end it
 * without a word (SIGHUP, SIGUSR1, SIGALRM, SIGXFSZ, ...) is ignored; SIGTERM and SIGINT, which
 * server.c handles, cannot be blocked. The log must be open: limits that are too low are told.
 */
void process_set_up(void);

#endif
