/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_OPERATE_H
#define VGIC_OPERATE_H

/**
 * libvgic: for tools of whoever operates vgicd, a part of <vgic/vgic.h>, whose head explains the
 * words used here
 *
 * Who may     Root, the user that the daemon runs as, and whoever may observe all (vgicd.conf(5))
 *             are told of all users. Anybody else is told of itself only, and what is another
 *             user's is to it as if it were not there.
 * Threads     conn, all of them. Each message blocks up to timeout_ms; lists come in several.
 * Errors      Beside those of every cold-path call: -EACCES vgicd.conf(5) forbids it; -EOPNOTSUPP
 *             the daemon is older and does not tell it.
 * Strings     Printable ASCII: any other byte that came is a '?' in them.
 * Arrays      The caller's to free(), NULL if there are none. Each element is of this library's
 *             sizeof, which stands in its size.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct vgic_conn;

#define VGIC_CLIENT_NAME_MAX  63      /* bytes of a client's name that the daemon keeps */
#define VGIC_DAEMON_TEXT_MAX  255     /* bytes of a text of the daemon */

/* What one user holds, or all do. */
struct vgic_usage {
        uint32_t n_connections;
        uint32_t n_vms;
        uint32_t n_vcpus;               /* of these VMs */
        uint32_t n_vcpus_registered;    /* of these vCPUs */
        uint32_t n_fds;                 /* descriptors of the daemon */
        uint32_t n_vms_ending;          /* destroyed, and not taken apart yet */
        uint64_t n_bytes;               /* memory of the daemon */
        uint64_t n_refused;             /* requests and connections, for want of a right or room */
};

/* What one may hold at most. 0: there is no limit. */
struct vgic_limits {
        uint32_t max_connections;
        uint32_t max_vms;
        uint32_t max_fds;
        uint64_t max_bytes;
};

struct vgic_daemon_info {
        size_t size;                    /* sizeof, set by the caller */
        char version[32];
        uint32_t protocol;              /* version of doc/protocol.md's frames */
        int32_t pid;
        uint32_t uid;                   /* as which it runs */
        uint32_t own_uid;               /* who asks: as the daemon knows it */
        uint64_t uptime_ms;
        struct vgic_usage own;
        struct vgic_limits own_limits;
        /* 0: this user is not told what follows, which is 0 then, too */
        uint32_t has_totals;
        uint32_t n_users;               /* who hold something */
        struct vgic_usage all;
        struct vgic_limits all_limits;  /* of all but root together: of descriptors and bytes */
        struct vgic_limits limits_of_one;       /* of each user but root */
        uint32_t descriptor_limit;      /* of the process */
        uint32_t n_rules;               /* of vgicd.conf(5) in force */
        uint64_t memory_limit;          /* of the machine or the control group, bytes */
        uint64_t memory_resident;       /* bytes; 0: not known */
        uint64_t log_lines;             /* written */
        uint64_t log_lines_lost;        /* what reads the log was stuck, slow or full */
        uint64_t log_lines_left_out;    /* beyond what one user may cause */
        uint64_t reload_age_ms;         /* since the last reload of the settings */
        uint32_t n_reloads;             /* 0: there was none */
        /* "": the last reload, or the start, went well; else why the settings before it stay */
        char reload_error[VGIC_DAEMON_TEXT_MAX + 1];
};

/**
 * vgic_daemon_query() - what the daemon is, and how much is used. @ret_info->size must be set.
 *
 * Return: 0; -EINVAL @ret_info->size is not set.
 */
int vgic_daemon_query(struct vgic_conn *conn, struct vgic_daemon_info *ret_info);

struct vgic_user_info {
        size_t size;
        uint32_t uid;
        uint32_t n_fds_unread;          /* descriptors that lie in its sockets */
        struct vgic_usage used;
        struct vgic_limits limits;
};

/**
 * vgic_user_list() - users who hold something, or were refused something lately, by uid
 *
 * Return: 0.
 */
int vgic_user_list(struct vgic_conn *conn, struct vgic_user_info **ret_infos, size_t *ret_n);

struct vgic_session_info {
        size_t size;
        uint64_t id;                    /* as in the daemon's log; never used twice by one daemon */
        int32_t pid;                    /* 0: in a PID namespace that the daemon does not see */
        uint32_t uid;
        uint64_t age_ms;                /* since it connected */
        char client_name[VGIC_CLIENT_NAME_MAX + 1];     /* "": it did not say HELLO yet */
        uint32_t attached;              /* 1: to a VM; it may have been destroyed since */
        uint32_t role;                  /* enum vgic_role; 0: not attached */
        char vm[64];                    /* "": none, or it was destroyed */
        uint32_t vm_owner_uid;
        uint32_t n_vcpus;               /* registered */
        uint64_t vm_id;
        char grant[64];                 /* label, of a device; "": none, or it was revoked */
        uint32_t ring;                  /* 1: it has a ring */
        uint32_t unread;                /* 1: an answer waits for it to read */
        uint64_t n_requests;
        uint64_t n_errors;              /* of these answered with an error */
        uint64_t n_refused;             /* of those for want of a right or room */
};

/**
 * vgic_session_list() - connections, the oldest first
 *
 * This one, too. Those that come and go while the pages are fetched are in it or not. Return: 0.
 */
int vgic_session_list(struct vgic_conn *conn, struct vgic_session_info **ret_infos, size_t *ret_n);

/**
 * vgic_session_end() - have the daemon disconnect one
 *
 * As if it had closed: its vCPUs and its grant are free for others. Its process may go on with the
 * segment that it has mapped, and may connect anew. Root and the daemon's own user may end any,
 * others, with the right to attach, their own.
 *
 * Return: 0; -ENOENT there is none of this number (any more), or it is another user's; -EACCES the
 *         right is missing, or it is another user's and one may only observe all; -EINVAL it is
 *         this connection. Retry: 0, also if the first ended it.
 */
int vgic_session_end(struct vgic_conn *conn, uint64_t id);

struct vgic_grant_info {
        size_t size;
        uint64_t id;                    /* never used twice by one daemon */
        char label[64];
        uint64_t session;               /* of the device that uses it; 0: none */
        int32_t pid;                    /* its process */
        uint32_t uid;
        uint32_t uids[16];              /* users beside the VM's own: VGIC_GRANT_MAX_UIDS */
        uint32_t n_uids;
        uint32_t n_intids;
        const uint32_t *intids;         /* ascending; freed with the array */
};

/**
 * vgic_grant_list() - the grants of VM @name, the oldest first. Tokens are not told.
 *
 * Return: 0; -ENOENT this user has no VM of this name; -EINVAL no name.
 */
int vgic_grant_list(struct vgic_conn *conn, const char *name, struct vgic_grant_info **ret_infos,
                    size_t *ret_n);

/**
 * vgic_msg_revoke() - as vgic_revoke(), for a tool that is not attached to VM @name
 *
 * Return: 0; -ENOENT this user has no VM of this name, or it has no grant of this label; -EINVAL no
 *         name or label; -ENODATA not initialised. Retry: as vgic_revoke().
 */
int vgic_msg_revoke(struct vgic_conn *conn, const char *name, const char *label);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
