/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

/*
 * The command line of vgic-load
 */
#include "load.h"

/* Return: 0; -1 end with *ret_status (help and version were printed, or an error). */
int load_options_parse(struct load_options *options, int argc, char **argv, int *ret_status);

#endif
