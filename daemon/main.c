/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgicd: the vGIC service
 */
#include <stdio.h>

int main(void)
{
        puts("vgicd " PACKAGE_VERSION);
        return 0;
}
