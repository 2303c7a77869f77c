/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_ORACLE_H
#define PROTO_ORACLE_H

/*
 * Who may send what when, written from doc/protocol.md a second time,
 * and not made from proto-table.c
 *
 * One letter per row and column: '+' allowed, 's' WRONG_STATE, 'p' PERMISSION.
 */
#include <stdint.h>

#define N_COLUMNS 5

static const struct {
        uint32_t id;
        const char *name;
        const char *columns;    /* new, ready, vmm, observer, device */
        uint32_t fds;           /* with the request */
        const char *reply;    /* what comes back: status, data, or none; and how many descriptors */
} oracle[] = {
        {  1, "HELLO",            "+ssss", 0, "data 0" },
        {  2, "VM_LIST",          "s++++", 0, "data 0" },
        {  3, "VM_CREATE",        "s+sss", 0, "data 0" },
        {  4, "VM_ATTACH",        "s+sss", 0, "data 0" },
        {  5, "VM_INIT",          "ss+pp", 0, "data 0" },
        {  6, "VM_MAP",           "ss++p", 0, "data 1-3" },
        {  7, "VM_DOORBELLS",     "ss+pp", 0, "data 1-253" },
        {  8, "VM_DETACH",        "ss+++", 0, "status 0" },
        {  9, "VM_DESTROY",       "s++pp", 0, "status 0" },
        { 10, "VM_INFO",          "s++++", 0, "data 0" },
        { 11, "VCPU_REGISTER",    "ss+pp", 0, "status 0" },
        { 12, "VCPU_UNREGISTER",  "ss+pp", 0, "status 0" },
        { 13, "TDIR_SUBSCRIBE",   "ss+pp", 1, "status 0" },
        { 14, "TDIR_UNSUBSCRIBE", "ss+pp", 0, "status 0" },
        { 15, "TDIR_WATCH",       "ss+++", 0, "status 0" },
        { 16, "TDIR_GET",         "s++++", 0, "data 0" },
        { 17, "ICC_CTLR_GET",     "s+++p", 0, "data 0" },
        { 18, "INJECT",           "s++pp", 0, "status 0" },
        { 19, "IRQ_LIST",         "s+++p", 0, "data 0" },
        { 20, "GRANT",            "ss+pp", 0, "data 0" },
        { 21, "REVOKE",           "s++pp", 0, "status 0" },
        { 22, "RING_SETUP",       "ss+++", 0, "data 3" },
        { 23, "RESET",            "s++pp", 0, "status 0" },
        { 24, "ATTR_GET",         "s+++p", 0, "data 0" },
        { 25, "ATTR_SET",         "s++pp", 0, "status 0" },
        { 26, "ATTR_HAS",         "s+++p", 0, "status 0" },
        { 27, "MIRROR_GET",       "s+++p", 0, "data 0" },
        { 38, "DAEMON_INFO",      "s++++", 0, "data 0" },
        { 39, "SESSION_LIST",     "s++++", 0, "data 0" },
        { 40, "SESSION_END",      "s++++", 0, "status 0" },
        { 41, "USER_LIST",        "s++++", 0, "data 0" },
        { 42, "GRANT_LIST",       "s+++p", 0, "data 0" },
        { 64, "EVENT_TDIR",       NULL,    0, "none" },
        { 65, "EVENT_EOI",        NULL,    0, "none" },
        { 66, "EVENT_REVOKED",    NULL,    0, "none" },
};
#define N_ORACLE (sizeof(oracle) / sizeof(oracle[0]))

#endif
