/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LITMUS_WEAKEN_H
#define LITMUS_WEAKEN_H

/*
 * Experiments: every order of the project made weaker, and what notices
 */

/*
 * litmus_test() - a test program: the scenarios that are linked, and the experiments that they
 * answer; or, named by its argument, one scenario alone, whose first failure is then told operation
 * by operation. Speaks TAP.
 */
int litmus_test(int argc, char **argv);

/*
 * litmus_orders() - the command: all of them, by every step; prints a table. Return: 1 if something
 * goes unnoticed.
 */
int litmus_orders(int argc, char **argv);

#endif
