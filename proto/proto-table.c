/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The message table
 */
#include "proto-limits.h"
#include "proto-table.h"

_Static_assert((int)PROTO_RESET == (int)VGIC__REQUEST__RESET &&
               (int)PROTO_TDIR_GET == (int)VGIC__REQUEST__TDIR_GET &&
               (int)PROTO_GRANT_LIST == (int)VGIC__REQUEST__GRANT_LIST &&
               (int)PROTO_EVENT_REVOKED == (int)VGIC__REQUEST__EVENT_REVOKED,
               "proto-table.h and vgic.proto number the messages alike");

#define NEW       PROTO_STATE_NEW
#define READY     PROTO_STATE_READY
#define ATTACHED  PROTO_STATE_ATTACHED
#define ANY       PROTO_ROLES_ANY
#define VMM       PROTO_ROLE_BIT(PROTO_ROLE_VMM)
#define OBSERVER  PROTO_ROLE_BIT(PROTO_ROLE_OBSERVER)


static const struct proto_row rows[] = {
        { .id = PROTO_HELLO, .name = "HELLO", .states = NEW, .roles = ANY, .next = READY,
          .answer = PROTO_ANSWER_ALWAYS, .payload = &vgic__hello__descriptor,
          .reply = &vgic__hello_reply__descriptor },

        { .id = PROTO_VM_LIST, .name = "VM_LIST", .states = READY | ATTACHED, .roles = ANY,
          .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__vm_list__descriptor, .reply = &vgic__vm_list_reply__descriptor },

        { .id = PROTO_VM_CREATE, .name = "VM_CREATE", .states = READY, .roles = ANY,
          .next = ATTACHED,
          .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__vm_create__descriptor, .reply = &vgic__vm_info_reply__descriptor },

        { .id = PROTO_VM_ATTACH, .name = "VM_ATTACH", .states = READY, .roles = ANY,
          .next = ATTACHED,
          .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__vm_attach__descriptor, .reply = &vgic__vm_info_reply__descriptor },

        { .id = PROTO_VM_INIT, .name = "VM_INIT", .states = ATTACHED, .roles = VMM,
          .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__empty__descriptor, .reply = &vgic__vm_info_reply__descriptor },

        { .id = PROTO_VM_MAP, .name = "VM_MAP", .states = ATTACHED, .roles = VMM | OBSERVER,
          .answer = PROTO_ANSWER_ALWAYS, .min_reply_fds = 1, .max_reply_fds = 3,
          .payload = &vgic__empty__descriptor, .reply = &vgic__vm_map_reply__descriptor },

        { .id = PROTO_VM_DOORBELLS, .name = "VM_DOORBELLS", .states = ATTACHED, .roles = VMM,
          .answer = PROTO_ANSWER_ALWAYS, .min_reply_fds = 1, .max_reply_fds = PROTO_FDS_MAX,
          .payload = &vgic__vm_doorbells__descriptor,
          .reply = &vgic__vm_doorbells_reply__descriptor },

        { .id = PROTO_VM_DETACH, .name = "VM_DETACH", .states = ATTACHED, .roles = ANY,
          .next = READY,
          .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__empty__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_VM_DESTROY, .name = "VM_DESTROY", .states = READY | ATTACHED, .roles = VMM,
          .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__vm_name__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_VM_INFO, .name = "VM_INFO", .states = READY | ATTACHED, .roles = ANY,
          .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__vm_name__descriptor, .reply = &vgic__vm_info_reply__descriptor },

        { .id = PROTO_VCPU_REGISTER, .name = "VCPU_REGISTER", .states = ATTACHED, .roles = VMM,
          .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__vcpu__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_VCPU_UNREGISTER, .name = "VCPU_UNREGISTER", .states = ATTACHED, .roles = VMM,
          .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__vcpu__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_TDIR_SUBSCRIBE, .name = "TDIR_SUBSCRIBE", .states = ATTACHED, .roles = VMM,
          .feature = PROTO_FEATURE_TDIR, .min_fds = 1, .max_fds = 1,
          .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__vcpu__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_TDIR_UNSUBSCRIBE, .name = "TDIR_UNSUBSCRIBE", .states = ATTACHED,
          .roles = VMM,
          .feature = PROTO_FEATURE_TDIR, .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__vcpu__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_TDIR_WATCH, .name = "TDIR_WATCH", .states = ATTACHED, .roles = ANY,
          .feature = PROTO_FEATURE_TDIR, .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__empty__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_TDIR_GET, .name = "TDIR_GET", .states = READY | ATTACHED, .roles = ANY,
          .feature = PROTO_FEATURE_TDIR, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__vm_name__descriptor, .reply = &vgic__tdir_reply__descriptor },

        { .id = PROTO_ICC_CTLR_GET, .name = "ICC_CTLR_GET", .states = READY | ATTACHED,
          .roles = VMM | OBSERVER,
          .feature = PROTO_FEATURE_TOOLS, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__vm_vcpu__descriptor, .reply = &vgic__icc_ctlr_reply__descriptor },

        { .id = PROTO_INJECT, .name = "INJECT", .states = READY | ATTACHED, .roles = VMM,
          .feature = PROTO_FEATURE_TOOLS, .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__inject__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_IRQ_LIST, .name = "IRQ_LIST", .states = READY | ATTACHED,
          .roles = VMM | OBSERVER,
          .feature = PROTO_FEATURE_TOOLS, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__irq_list__descriptor, .reply = &vgic__irq_list_reply__descriptor },

        { .id = PROTO_GRANT, .name = "GRANT", .states = ATTACHED, .roles = VMM,
          .feature = PROTO_FEATURE_GRANTS, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__grant__descriptor, .reply = &vgic__grant_reply__descriptor },

        { .id = PROTO_REVOKE, .name = "REVOKE", .states = READY | ATTACHED, .roles = VMM,
          .feature = PROTO_FEATURE_GRANTS, .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__revoke__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_RING_SETUP, .name = "RING_SETUP", .states = ATTACHED, .roles = ANY,
          .feature = PROTO_FEATURE_RINGS, .answer = PROTO_ANSWER_ALWAYS, .min_reply_fds = 3,
          .max_reply_fds = 3,
          .payload = &vgic__empty__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_RESET, .name = "RESET", .states = READY | ATTACHED, .roles = VMM,
          .feature = PROTO_FEATURE_TOOLS, .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__reset__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_ATTR_GET, .name = "ATTR_GET", .states = READY | ATTACHED,
          .roles = VMM | OBSERVER,
          .feature = PROTO_FEATURE_ATTRS, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__attr__descriptor, .reply = &vgic__attr_reply__descriptor },

        { .id = PROTO_ATTR_SET, .name = "ATTR_SET", .states = READY | ATTACHED, .roles = VMM,
          .feature = PROTO_FEATURE_ATTRS, .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__attr__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_ATTR_HAS, .name = "ATTR_HAS", .states = READY | ATTACHED,
          .roles = VMM | OBSERVER,
          .feature = PROTO_FEATURE_ATTRS, .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__attr__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_MIRROR_GET, .name = "MIRROR_GET", .states = READY | ATTACHED,
          .roles = VMM | OBSERVER,
          .feature = PROTO_FEATURE_MIRROR, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__mirror_get__descriptor, .reply = &vgic__mirror_reply__descriptor },

        { .id = PROTO_DAEMON_INFO, .name = "DAEMON_INFO", .states = READY | ATTACHED, .roles = ANY,
          .feature = PROTO_FEATURE_OPERATE, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__empty__descriptor, .reply = &vgic__daemon_info_reply__descriptor },

        { .id = PROTO_SESSION_LIST, .name = "SESSION_LIST", .states = READY | ATTACHED,
          .roles = ANY,
          .feature = PROTO_FEATURE_OPERATE, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__session_list__descriptor,
          .reply = &vgic__session_list_reply__descriptor },

        { .id = PROTO_SESSION_END, .name = "SESSION_END", .states = READY | ATTACHED, .roles = ANY,
          .feature = PROTO_FEATURE_OPERATE, .answer = PROTO_ANSWER_IF_ASKED,
          .payload = &vgic__session_end__descriptor, .reply = &vgic__status_reply__descriptor },

        { .id = PROTO_USER_LIST, .name = "USER_LIST", .states = READY | ATTACHED, .roles = ANY,
          .feature = PROTO_FEATURE_OPERATE, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__user_list__descriptor, .reply = &vgic__user_list_reply__descriptor },

        { .id = PROTO_GRANT_LIST, .name = "GRANT_LIST", .states = READY | ATTACHED,
          .roles = VMM | OBSERVER,
          .feature = PROTO_FEATURE_OPERATE, .answer = PROTO_ANSWER_ALWAYS,
          .payload = &vgic__grant_list__descriptor, .reply = &vgic__grant_list_reply__descriptor },

        { .id = PROTO_EVENT_TDIR, .name = "EVENT_TDIR", .direction = PROTO_TO_CLIENT,
          .feature = PROTO_FEATURE_TDIR, .payload = &vgic__event_tdir__descriptor },

        { .id = PROTO_EVENT_EOI, .name = "EVENT_EOI", .direction = PROTO_TO_CLIENT,
          .feature = PROTO_FEATURE_GRANTS, .payload = &vgic__event_intid__descriptor },

        { .id = PROTO_EVENT_REVOKED, .name = "EVENT_REVOKED", .direction = PROTO_TO_CLIENT,
          .payload = &vgic__event_intid__descriptor },
};

/* Within each of these the numbers are dense, and so are the rows; tests/proto holds this. */
static const struct {
        uint32_t first, end;
} runs[] = {
        { PROTO_HELLO, PROTO_FIRST_END },
        { PROTO_DAEMON_INFO, PROTO_REQUESTS_END },
        { PROTO_EVENT_TDIR, PROTO_EVENT_REVOKED + 1 },
};

const struct proto_row *proto_table_find(uint32_t id)
{
        const struct proto_row *row = rows;

        for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
                if (id >= runs[i].first && id < runs[i].end)
                        return row + (id - runs[i].first);
                row += runs[i].end - runs[i].first;
        }
        return NULL;
}

const struct proto_row *proto_table_rows(size_t *ret_n)
{
        *ret_n = sizeof(rows) / sizeof(rows[0]);
        return rows;
}
