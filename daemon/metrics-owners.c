/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics of owners: see metrics-owners.h
 */
#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>

#include "metrics-owners.h"
#include "metrics-text.h"
#include "user.h"
#include "vm.h"

/* --- users --- */

/* The most that one user other than root, who has no limit, holds of each. */
static struct user most_of_one(const struct users *users)
{
        struct user most = { 0 };
        const struct user *user;

        TAILQ_FOREACH(user, &users->all, link) {
                if (user->uid == 0)
                        continue;
                if (user->n_bytes > most.n_bytes)
                        most.n_bytes = user->n_bytes;
                if (user->n_fds > most.n_fds)
                        most.n_fds = user->n_fds;
                if (user->n_vms > most.n_vms)
                        most.n_vms = user->n_vms;
                if (user->n_connections > most.n_connections)
                        most.n_connections = user->n_connections;
        }
        return most;
}

static uint32_t count_users(const struct users *users)
{
        const struct user *user;
        uint32_t n = 0;

        TAILQ_FOREACH(user, &users->all, link)
                n += user->n_refs > 0;
        return n;
}

static void put_sums(struct metrics_text *text, const struct users *users)
{
        const struct user most = most_of_one(users);
        const struct {
                const char *family, *help;
                uint64_t value;
        } gauges[] = {
                { "vgicd_users", "Users who have something of the daemon.", count_users(users) },
                { "vgicd_memory_bytes", "Memory that is counted for users.", users->n_bytes },
                { "vgicd_memory_limit_bytes", "What all users but root may have together.",
                  users->max_bytes_of_all },
                { "vgicd_user_memory_most_bytes", "The most of one user other than root.",
                  most.n_bytes },
                { "vgicd_user_memory_limit_bytes", "What one user may have.", users->max_bytes },
                { "vgicd_descriptors", "Descriptors that are counted for users.", users->n_fds },
                { "vgicd_descriptors_limit", "What all users but root may have together.",
                  users->max_fds_of_all },
                { "vgicd_user_descriptors_most", "The most of one user other than root.",
                  most.n_fds },
                { "vgicd_user_descriptors_limit", "What one user may have.", users->max_fds },
                { "vgicd_user_vms_most", "The most VMs of one user other than root.", most.n_vms },
                { "vgicd_user_vms_limit", "What one user may have.", users->max_vms },
                { "vgicd_user_connections_most", "The most of one user other than root.",
                  most.n_connections },
                { "vgicd_user_connections_limit", "What one user may have.",
                  users->max_connections },
        };

        for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
                metrics_text_family(text, gauges[i].family, METRICS_GAUGE, gauges[i].help);
                metrics_text_value(text, gauges[i].value);
        }
}

static void put_refusals(struct metrics_text *text, const struct users *users)
{
        static const char *const limits[USER_N_LIMITS] = {
                [USER_LIMIT_CONNECTIONS] = "connections", [USER_LIMIT_VMS] = "vms",
                [USER_LIMIT_FDS] = "descriptors", [USER_LIMIT_BYTES] = "memory",
                [USER_LIMIT_ALL_FDS] = "descriptors_of_all",
                [USER_LIMIT_ALL_BYTES] = "memory_of_all",
        };

        metrics_text_family(text, "vgicd_limit_refusals", METRICS_COUNTER,
                            "Times that somebody was refused since a limit was met.");
        for (unsigned i = 0; i < USER_N_LIMITS; i++)
                metrics_text_labelled(text, users->n_met[i], "limit", limits[i], NULL);
}

/* Into @ret_users the users who hold most memory, the one with most first. Return: how many. */
static unsigned choose_users(const struct users *users, const struct user **ret_users)
{
        const struct user *user;
        unsigned n = 0;

        TAILQ_FOREACH(user, &users->all, link) {
                unsigned i = n < METRICS_OWNERS_USERS ? n : METRICS_OWNERS_USERS - 1;

                if (user->n_refs == 0 ||
                    (n == METRICS_OWNERS_USERS && user->n_bytes <= ret_users[i]->n_bytes))
                        continue;
                n += n < METRICS_OWNERS_USERS;
                for (; i > 0 && ret_users[i - 1]->n_bytes < user->n_bytes; i--)
                        ret_users[i] = ret_users[i - 1];
                ret_users[i] = user;
        }
        return n;
}

static void put_users(struct metrics_text *text, const struct users *users)
{
        static const char *const families[] = {
                "vgicd_user_memory_bytes", "vgicd_user_descriptors", "vgicd_user_vms",
                "vgicd_user_connections",
        };
        const struct user *chosen[METRICS_OWNERS_USERS];
        unsigned n = choose_users(users, chosen);

        for (unsigned f = 0; f < 4; f++) {
                metrics_text_family(text, families[f], METRICS_GAUGE,
                                    "Of each of the users who hold most memory.");
                for (unsigned i = 0; i < n; i++) {
                        const uint64_t values[] = {
                                chosen[i]->n_bytes, chosen[i]->n_fds, chosen[i]->n_vms,
                                chosen[i]->n_connections,
                        };
                        char uid[16];

                        snprintf(uid, sizeof(uid), "%u", (unsigned)chosen[i]->uid);
                        metrics_text_labelled(text, values[f], "uid", uid, NULL);
                }
        }
}

void metrics_users_put(struct metrics_text *text, const struct users *users, bool by_name)
{
        put_sums(text, users);
        put_refusals(text, users);
        if (by_name)
                put_users(text, users);
}

/* --- VMs --- */

static const struct {
        const char *name, *help;
        enum metrics_type type;
} families[METRICS_VM_FAMILIES] = {
        { "vgicd_vm_vcpus", "vCPUs of this VM.", METRICS_GAUGE },
        { "vgicd_vm_vmms", "VMMs attached to this VM.", METRICS_GAUGE },
        { "vgicd_vm_memory_bytes", "Memory that is counted for this VM.", METRICS_GAUGE },
        { "vgicd_vm_injections", "Changes of its interrupt lines through the daemon.",
          METRICS_COUNTER },
        { "vgicd_vm_tdir_broadcasts", "Changes of its TDIR that were told.", METRICS_COUNTER },
        { "vgicd_vm_acknowledges", "Interrupts that its vCPUs acknowledged, as its VMM counts.",
          METRICS_COUNTER },
        { "vgicd_vm_errors", "Accesses of its guest to registers that do not exist.",
          METRICS_COUNTER },
};

int metrics_vms_open(struct metrics_vms *vms, uint32_t most)
{
        *vms = (struct metrics_vms){ .most = most };
        for (unsigned f = 0; most > 0 && f < METRICS_VM_FAMILIES; f++) {
                struct metrics_text text = { .to = vms->families[f] = evbuffer_new() };

                if (!text.to)
                        return -ENOMEM;
                metrics_text_family(&text, families[f].name, families[f].type, families[f].help);
                vms->is_incomplete |= text.is_incomplete;
        }
        return 0;
}

void metrics_vms_close(struct metrics_vms *vms)
{
        for (unsigned f = 0; f < METRICS_VM_FAMILIES; f++)
                if (vms->families[f])
                        evbuffer_free(vms->families[f]);
        *vms = (struct metrics_vms){ 0 };
}

void metrics_vms_add(void *arg, struct vm *vm)
{
        struct metrics_vms *vms = arg;
        const uint64_t values[METRICS_VM_FAMILIES] = {
                vm->shape.n_vcpus, vm->n_vmms, vm->segment_bytes + vm->heap_bytes,
                vm->n_injections_socket + vm->n_injections_ring, vm->tdir.n_broadcasts,
                vm->guest.acknowledged, vm->guest.errors,
        };
        char uid[16];

        if (vms->n >= vms->most) {
                vms->n_left_out++;
                return;
        }
        vms->n++;
        snprintf(uid, sizeof(uid), "%u", (unsigned)vm->owner_uid);
        for (unsigned f = 0; f < METRICS_VM_FAMILIES; f++) {
                struct metrics_text text = {
                        .to = vms->families[f], .family = families[f].name,
                        .type = families[f].type,
                };

                metrics_text_labelled(&text, values[f], "uid", uid, "vm", vm->shape.name, NULL);
                vms->is_incomplete |= text.is_incomplete;
        }
}

void metrics_vms_put(struct metrics_text *text, const struct metrics_vms *vms)
{
        metrics_text_family(text, "vgicd_vms_without_series", METRICS_GAUGE,
                            "VMs that have no series of their own.");
        metrics_text_value(text, vms->n_left_out);
        for (unsigned f = 0; f < METRICS_VM_FAMILIES; f++)
                if (vms->families[f])
                        text->is_incomplete |=
                                evbuffer_add_buffer_reference(text->to, vms->families[f]) < 0;
}
