/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHRINK_H
#define SHRINK_H

/*
 * Shrinking: from a program that shows a difference to a short one that still does
 *
 * First steps are taken out, in halves, quarters, ... single ones, as long as anything can go
 * (delta debugging); then values lose their bits,
 * and the configuration what the program does not need.
 */
#include "program.h"

/* Does @program still fail? It is run from the start each time. */
typedef bool (*shrink_fn)(void *arg, const struct program *program);

/*
 * shrink_program() - @program fails; on return a shorter one that does.
 * Return: how often @fails was asked.
 */
unsigned shrink_program(struct program *program, shrink_fn fails, void *arg);

#endif
