/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The library's version
 *
 * Of the loaded library, which may be newer than the header that its caller was built with.
 */
#include <vgic/vgic.h>

const char *vgic_version(void)
{
        return PACKAGE_VERSION;
}
