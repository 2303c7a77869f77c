/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The message table: every message in every state and role, against a second table (proto-oracle.h)
 */
#include <stdio.h>
#include <string.h>

#include "proto-limits.h"
#include "proto-oracle.h"
#include "proto-table.h"
#include "tap.h"

static const struct proto_session sessions[N_COLUMNS] = {
        { PROTO_STATE_NEW, PROTO_ROLE_NONE, 0 },
        { PROTO_STATE_READY, PROTO_ROLE_NONE, PROTO_FEATURES_ALL },
        { PROTO_STATE_ATTACHED, PROTO_ROLE_VMM, PROTO_FEATURES_ALL },
        { PROTO_STATE_ATTACHED, PROTO_ROLE_OBSERVER, PROTO_FEATURES_ALL },
        { PROTO_STATE_ATTACHED, PROTO_ROLE_DEVICE, PROTO_FEATURES_ALL },
};

static void reply_words(const struct proto_row *row, char *out, size_t size)
{
        static const char *const kinds[] = { "none", "status", "data" };

        if (row->answer == PROTO_ANSWER_NEVER)
                snprintf(out, size, "none");
        else if (row->min_reply_fds == row->max_reply_fds)
                snprintf(out, size, "%s %u", kinds[row->answer], row->min_reply_fds);
        else
                snprintf(out, size, "%s %u-%u", kinds[row->answer], row->min_reply_fds,
                         row->max_reply_fds);
}

static void columns_words(const struct proto_row *row, uint32_t n_fds, char out[N_COLUMNS + 1])
{
        for (unsigned c = 0; c < N_COLUMNS; c++) {
                enum proto_code code = proto_state_admit(&sessions[c], row, n_fds);

                out[c] = code == PROTO_OK            ? '+'
                         : code == PROTO_WRONG_STATE ? 's'
                         : code == PROTO_PERMISSION  ? 'p'
                                                     : '?';
        }
        out[N_COLUMNS] = '\0';
}

static void row_is_as_the_page_says(size_t i)
{
        const struct proto_row *row = proto_table_find(oracle[i].id);
        const ProtobufCEnumValue *value =
                protobuf_c_enum_descriptor_get_value(&vgic__request__descriptor, (int)oracle[i].id);
        char words[32], columns[N_COLUMNS + 1];

        if (!tap_ok(row && row->id == oracle[i].id && strcmp(row->name, oracle[i].name) == 0 &&
                    row->payload && value && strcmp(value->name, row->name) == 0,
                    "%s is message %u", oracle[i].name, oracle[i].id))
                return;
        reply_words(row, words, sizeof(words));
        tap_ok(strcmp(words, oracle[i].reply) == 0, "%s: reply %s", row->name, words);
        tap_ok((row->answer == PROTO_ANSWER_NEVER) == !row->reply,
               "%s: a reply's type where there is one", row->name);
        if (!oracle[i].columns) {
                tap_eq(proto_state_admit(&sessions[2], row, 0), PROTO_BAD_FRAME,
                       "%s: a client may not send it", row->name);
                return;
        }
        columns_words(row, oracle[i].fds, columns);
        tap_ok(strcmp(columns, oracle[i].columns) == 0, "%s: allowed in %s", row->name, columns);
        for (unsigned c = 0; c < N_COLUMNS; c++) {
                if (columns[c] != '+')
                        continue;
                tap_eq(proto_state_admit(&sessions[c], row, oracle[i].fds + 1), PROTO_BAD_FDS,
                       "%s: one descriptor too many", row->name);
                if (oracle[i].fds > 0)
                        tap_eq(proto_state_admit(&sessions[c], row, oracle[i].fds - 1),
                               PROTO_BAD_FDS, "%s: one missing", row->name);
                break;
        }
        if (row->feature) {
                struct proto_session poor = sessions[2];

                poor.features &= ~row->feature;
                tap_eq(proto_state_admit(&poor, row, oracle[i].fds), PROTO_UNKNOWN_REQUEST,
                       "%s: unknown without its feature", row->name);
        }
}

static void table_has_no_other_message(void)
{
        size_t n;
        const struct proto_row *rows = proto_table_rows(&n);
        bool all_found = n == N_ORACLE;
        uint32_t found = 0;

        for (size_t i = 0; i < n; i++)
                all_found = all_found && proto_table_find(rows[i].id) == &rows[i];
        tap_ok(all_found, "the table has these rows and no other, each where it is looked for");
        for (uint32_t id = 0; id < 1000; id++)
                found += proto_table_find(id) != NULL;
        tap_eq(found, N_ORACLE, "no other number is a message");
        tap_ok(!proto_table_find(UINT32_MAX) && !proto_table_find(0x80000001),
               "nor is a large one");
        tap_eq(proto_state_admit(&sessions[1], NULL, 0), PROTO_UNKNOWN_REQUEST,
               "no row: UNKNOWN_REQUEST");

        tap_eq(proto_state_next(PROTO_STATE_NEW, proto_table_find(PROTO_HELLO)), PROTO_STATE_READY,
               "HELLO leads to ready");
        tap_eq(proto_state_next(PROTO_STATE_READY, proto_table_find(PROTO_VM_CREATE)),
               PROTO_STATE_ATTACHED, "VM_CREATE attaches");
        tap_eq(proto_state_next(PROTO_STATE_READY, proto_table_find(PROTO_VM_ATTACH)),
               PROTO_STATE_ATTACHED, "VM_ATTACH attaches");
        tap_eq(proto_state_next(PROTO_STATE_ATTACHED, proto_table_find(PROTO_VM_DETACH)),
               PROTO_STATE_READY, "VM_DETACH leads back");
        tap_eq(proto_state_next(PROTO_STATE_ATTACHED, proto_table_find(PROTO_VM_INFO)),
               PROTO_STATE_ATTACHED, "VM_INFO leads nowhere");
}

int main(void)
{
        for (size_t i = 0; i < N_ORACLE; i++)
                row_is_as_the_page_says(i);
        table_has_no_other_message();
        return tap_done();
}
