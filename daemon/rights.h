/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef RIGHTS_H
#define RIGHTS_H

/*
 * Rights: what a user may do with vgicd at all
 *
 * What    Rules from vgicd.conf(5): a user, a group or everybody, and rights. A connection has the
 *         rights of all rules that fit its user and groups. Without a rule everybody who may
 *         connect has those of an owner. Root has all, always; who the daemon runs as
 *         sees all.
 * Beside  Whose a VM is is another question: vm_may(). OBSERVE_ALL alone reaches beyond one's own.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RIGHT_CREATE       (1u << 0)
#define RIGHT_ATTACH       (1u << 1)    /* as VMM, and whatever changes a VM by message */
#define RIGHT_OBSERVE      (1u << 2)
#define RIGHT_DEVICE       (1u << 3)
#define RIGHT_OBSERVE_ALL  (1u << 4)    /* VMs of other users */
#define RIGHTS_OF_OWNER    (RIGHT_CREATE | RIGHT_ATTACH | RIGHT_OBSERVE | RIGHT_DEVICE)
#define RIGHTS_ALL         (RIGHTS_OF_OWNER | RIGHT_OBSERVE_ALL)

enum rights_who { RIGHTS_USER, RIGHTS_GROUP, RIGHTS_EVERYBODY };

struct rights_rule {
        enum rights_who who;
        uint32_t id;                    /* uid or gid; EVERYBODY: 0 */
        unsigned rights;
};

struct rights {
        struct rights_rule *rules;
        size_t n_rules;
};

/* rights_add() - Return: 0; -ENOMEM. rights_clear() - none any more; idempotent. */
int rights_add(struct rights *rights, const struct rights_rule *rule);
void rights_clear(struct rights *rights);

/* rights_of_name() - "create", and so on; "all": every right. Return: 0: there is none. */
unsigned rights_of_name(const char *name);

/* rights_name() - of one right. */
const char *rights_name(unsigned right);

/*
 * rights_is_operator() - root, and whoever the daemon itself runs as: they see all, and may end any
 * connection.
 */
bool rights_is_operator(uid_t uid);

/* rights_of_peer() - of who is connected by @fd as @uid, whose groups the kernel has noted. */
unsigned rights_of_peer(const struct rights *rights, int fd, uid_t uid);

#endif
