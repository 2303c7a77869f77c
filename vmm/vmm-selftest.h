/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_SELFTEST_H
#define VMM_SELFTEST_H

/*
 * Self-test: whether the library's inside is what vmm-unicorn.c assumes
 */

/* Runs a few instructions in an engine of its own. Return: 0; -ENOTSUP after a complaint. */
int vmm_selftest(void);

#endif
