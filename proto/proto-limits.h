/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_LIMITS_H
#define PROTO_LIMITS_H

/*
 * The numbers of the protocol that are no message's: version, features, limits
 */
#include <stdint.h>

#define PROTO_VERSION        1u
#define PROTO_HEADER_BYTES   12u
#define PROTO_PAYLOAD_MAX    65536u
#define PROTO_FDS_MAX        253u    /* the kernel's limit for one sendmsg(), SCM_MAX_FD */

#define PROTO_REQUEST_FDS_MAX  1u    /* no request takes more: the message table */

#define PROTO_VMS_PER_PAGE   64u     /* VM_LIST: a page stays well below PROTO_PAYLOAD_MAX */
#define PROTO_IRQS_PER_PAGE  512u    /* IRQ_LIST */
#define PROTO_SESSIONS_PER_PAGE 64u  /* SESSION_LIST: of at most 300 bytes each */
#define PROTO_USERS_PER_PAGE 64u     /* USER_LIST */
#define PROTO_GRANTS_PER_PAGE 64u    /* GRANT_LIST, if they have no more INTIDs than: */
#define PROTO_GRANT_INTIDS_PER_PAGE 4096u
#define PROTO_NAME_MAX       63u
#define PROTO_TOKEN_CHARS    32u

/* Features, agreed by HELLO: the reply names what both sides know. */
#define PROTO_FEATURE_TDIR   (UINT64_C(1) << 0) /* TDIR_* and EVENT_TDIR */
/* ICC_CTLR_GET, INJECT, IRQ_LIST, RESET: the data path by message */
#define PROTO_FEATURE_TOOLS  (UINT64_C(1) << 1)
/* GRANT, REVOKE, the device role, EVENT_EOI, EVENT_REVOKED */
#define PROTO_FEATURE_GRANTS (UINT64_C(1) << 2)
#define PROTO_FEATURE_RINGS  (UINT64_C(1) << 3) /* RING_SETUP */
/* what GICv3.1 and the choices of 1-of-N, RSS and Aff3 added */
#define PROTO_FEATURE_EXTENDED (UINT64_C(1) << 4)
#define PROTO_FEATURE_ATTRS  (UINT64_C(1) << 5) /* ATTR_GET, ATTR_SET, ATTR_HAS */
#define PROTO_FEATURE_MIRROR (UINT64_C(1) << 6) /* VmCreate's flag 3, MIRROR_GET */
#define PROTO_FEATURE_LIST_REGISTERS (UINT64_C(1) << 7) /* Vcpu.list_registers */
#define PROTO_FEATURE_AWAKE  (UINT64_C(1) << 8) /* VmCreate's flag 4 */
#define PROTO_FEATURE_LOCKS  (UINT64_C(1) << 9) /* a third descriptor of VM_MAP */
/* a VMM rings when the SPI ends that the segment says is awaited */
#define PROTO_FEATURE_TDIR_END (UINT64_C(1) << 10)
#define PROTO_FEATURE_GRANT_USERS (UINT64_C(1) << 11) /* Grant.uids */
/* DAEMON_INFO, SESSION_*, USER_LIST, GRANT_LIST; Revoke.name */
#define PROTO_FEATURE_OPERATE (UINT64_C(1) << 12)
#define PROTO_FEATURES_ALL   UINT64_C(0x1fff)

#define PROTO_MAX_LIST_REGISTERS 16u

/* VmCreate.flags, VmInfo.flags */
#define PROTO_VM_EPHEMERAL   (1u << 0)
#define PROTO_VM_NO_1_OF_N   (1u << 1)
#define PROTO_VM_NO_RSS      (1u << 2)
#define PROTO_VM_MIRROR      (1u << 3)
#define PROTO_VM_AWAKE       (1u << 4)
#define PROTO_VM_FLAGS_ALL   (PROTO_VM_EPHEMERAL | PROTO_VM_NO_1_OF_N | PROTO_VM_NO_RSS | \
                              PROTO_VM_MIRROR | PROTO_VM_AWAKE)

#endif
