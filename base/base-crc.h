/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BASE_CRC_H
#define BASE_CRC_H

/*
 * CRC-32C (Castagnoli, as in iSCSI, RFC 3720 appendix B.4): finds damage, not malice
 */
#include <stddef.h>
#include <stdint.h>

/* base_crc32c() - go on with @crc, 0 at the start. The check value of "123456789" is 0xe3069283. */
uint32_t base_crc32c(uint32_t crc, const void *bytes, size_t n);

#endif
