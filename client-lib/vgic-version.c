/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The library's version
 */
#include <vgic/vgic.h>

const char *vgic_version(void)
{
        return PACKAGE_VERSION;
}
