/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Rights: see rights.h
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rights.h"

/* In case the system's headers are older than Linux 4.13. */
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS  59
#endif

static const struct {
        const char *name;
        unsigned rights;
} names[] = {
        { "create", RIGHT_CREATE }, { "attach", RIGHT_ATTACH }, { "observe", RIGHT_OBSERVE },
        { "device", RIGHT_DEVICE }, { "observe-all", RIGHT_OBSERVE_ALL }, { "all", RIGHTS_ALL },
};

int rights_add(struct rights *rights, const struct rights_rule *rule)
{
        struct rights_rule *grown = realloc(rights->rules, (rights->n_rules + 1) * sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        grown[rights->n_rules] = *rule;
        rights->rules = grown;
        rights->n_rules++;
        return 0;
}

void rights_clear(struct rights *rights)
{
        free(rights->rules);
        *rights = (struct rights){ 0 };
}

unsigned rights_of_name(const char *name)
{
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(names[i].name, name) == 0)
                        return names[i].rights;
        return 0;
}

const char *rights_name(unsigned right)
{
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (names[i].rights == right)
                        return names[i].name;
        return "";
}

/* The groups of the peer, as they were when it connected. Return: NULL: none, or no memory. */
static gid_t *read_groups(int fd, size_t *ret_n)
{
        struct ucred peer = { .gid = (gid_t)-1 };
        socklen_t size = sizeof(peer), bytes = 0;
        gid_t *groups;

        *ret_n = 0;
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &bytes) == 0 || errno != ERANGE)
                bytes = 0;
        groups = malloc(bytes + sizeof(*groups));
        if (!groups)
                return NULL;
        if (bytes && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) < 0)
                bytes = 0;
        *ret_n = bytes / sizeof(*groups);
        groups[(*ret_n)++] = peer.gid;
        return groups;
}

static bool fits(const struct rights_rule *rule, uid_t uid, const gid_t *groups, size_t n)
{
        if (rule->who == RIGHTS_EVERYBODY)
                return true;
        if (rule->who == RIGHTS_USER)
                return rule->id == uid;
        for (size_t i = 0; i < n; i++)
                if (rule->id == groups[i])
                        return true;
        return false;
}

bool rights_is_operator(uid_t uid)
{
        return uid == 0 || uid == geteuid();
}

unsigned rights_of_peer(const struct rights *rights, int fd, uid_t uid)
{
        unsigned all = rights_is_operator(uid) ? RIGHT_OBSERVE_ALL : 0;
        gid_t *groups;
        size_t n;

        if (uid == 0)
                return RIGHTS_ALL;
        if (rights->n_rules == 0)
                return all | RIGHTS_OF_OWNER;
        groups = read_groups(fd, &n);
        for (size_t i = 0; i < rights->n_rules; i++)
                if (fits(&rights->rules[i], uid, groups, groups ? n : 0))
                        all |= rights->rules[i].rights;
        free(groups);
        return all;
}
