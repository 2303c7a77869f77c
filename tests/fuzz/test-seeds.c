/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The seeds of the protocol: every request has one that the daemon answers with OK, and every
 * message one of its own
 *
 * Linked with the target "session" itself: its laws are checked on the way.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz-session.h"
#include "fuzz.h"
#include "proto-frame.h"
#include "proto-message.h"
#include "tap.h"

#define SEED_MAX  65536u

/* Call @use with each seed of a target. */
static void each_seed(const char *target, void (*use)(const uint8_t *data, size_t size, void *arg),
                      void *arg)
{
        const char *top = getenv("top_srcdir");
        static uint8_t data[SEED_MAX];
        char path[1024];
        struct dirent *entry;
        DIR *dir;
        int n;

        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", top ? top : "..", target);
        dir = opendir(path);
        if (!dir)
                tap_bail("%s: cannot be read", path);
        n = (int)strlen(path);
        while ((entry = readdir(dir))) {
                FILE *file;

                if (entry->d_name[0] == '.')
                        continue;
                snprintf(path + n, sizeof(path) - (size_t)n, "/%s", entry->d_name);
                file = fopen(path, "rb");
                if (!file)
                        tap_bail("%s: cannot be read", path);
                use(data, fread(data, 1, sizeof(data), file), arg);
                fclose(file);
        }
        closedir(dir);
}

static void run_session(const uint8_t *data, size_t size, void *arg)
{
        (void)arg;
        LLVMFuzzerTestOneInput(data, size);
}

/* Does it name a message that its payload is, with no field unknown? */
static void note_message(const uint8_t *data, size_t size, void *arg)
{
        const struct proto_row **seen = arg;
        ProtobufCMessage *message = NULL;
        const struct proto_row *row;
        struct proto_header header;
        size_t n_rows;

        if (size < PROTO_HEADER_BYTES || proto_frame_decode(data, &header) != PROTO_OK)
                return;
        row = proto_table_find(header.request);
        if (!row || header.size != size - PROTO_HEADER_BYTES ||
            proto_message_unpack(row->payload, data + PROTO_HEADER_BYTES, header.size,
                                 &message) < 0)
                return;
        if (message->n_unknown_fields == 0)
                seen[row - proto_table_rows(&n_rows)] = row;
        proto_message_free(message);
}

int main(void)
{
        const struct proto_row *seen[64] = { NULL }, *rows;
        size_t n;

        rows = proto_table_rows(&n);
        if (n > sizeof(seen) / sizeof(seen[0]))
                tap_bail("more messages than this test has room for");
        each_seed("session", run_session, NULL);
        each_seed("message", note_message, seen);
        for (size_t i = 0; i < n; i++) {
                if (rows[i].direction == PROTO_TO_DAEMON)
                        tap_ok(fuzz_session_answered[rows[i].id] > 0,
                               "session: a seed has %s answered with OK", rows[i].name);
                tap_ok(seen[i] != NULL, "message: a seed is %s", rows[i].name);
        }
        return tap_done();
}
