/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LOAD_RUNNER_H
#define LOAD_RUNNER_H

/*
 * A runner: a process with its share of the vCPUs, one thread each
 */
#include "load.h"

/* Process @number of n_processes; the first one creates the VM. Return: exit status. */
int load_runner(struct load *load, uint32_t number);

#endif
