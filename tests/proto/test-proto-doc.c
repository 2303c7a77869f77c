/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * doc/protocol.md against the code: its message table, its excerpts of the schema, its hex dumps
 *
 * With the argument --table it prints the table's rows, to be pasted into the page.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto-limits.h"
#include "proto-message.h"
#include "proto-table.h"
#include "tap.h"

static char *slurp(const char *name)
{
        const char *top = getenv("top_srcdir");
        char path[4096], *text;
        FILE *file;
        size_t n;

        snprintf(path, sizeof(path), "%s/%s", top ? top : ".", name);
        file = fopen(path, "r");
        if (!file)
                tap_bail("cannot read %s", path);
        text = calloc(1, 1 << 20);
        n = text ? fread(text, 1, (1 << 20) - 1, file) : 0;
        fclose(file);
        if (n == 0)
                tap_bail("cannot read %s", path);
        return text;
}

static void states_words(const struct proto_row *row, char *out, size_t size)
{
        static const enum proto_role roles[] = { PROTO_ROLE_VMM, PROTO_ROLE_OBSERVER,
                                                 PROTO_ROLE_DEVICE };
        size_t n = 0;

        n += (size_t)snprintf(out + n, size - n, "%s",
                              row->states & PROTO_STATE_NEW     ? "new"
                              : row->states & PROTO_STATE_READY ? "ready"
                                                                : "");
        if (!(row->states & PROTO_STATE_ATTACHED))
                return;
        n += (size_t)snprintf(out + n, size - n, "%sattached", n ? ", " : "");
        for (unsigned i = 0; row->roles != PROTO_ROLES_ANY && i < 3; i++)
                if (row->roles & PROTO_ROLE_BIT(roles[i]))
                        n += (size_t)snprintf(out + n, size - n, " %s", proto_role_name(roles[i]));
}

static const char *feature_words(uint64_t feature)
{
        return feature == PROTO_FEATURE_TDIR     ? "TDIR"
               : feature == PROTO_FEATURE_TOOLS  ? "TOOLS"
               : feature == PROTO_FEATURE_GRANTS ? "GRANTS"
               : feature == PROTO_FEATURE_RINGS  ? "RINGS"
               : feature == PROTO_FEATURE_ATTRS  ? "ATTRS"
               : feature == PROTO_FEATURE_MIRROR ? "MIRROR"
               : feature == PROTO_FEATURE_OPERATE ? "OPERATE"
                                                  : "";
}

static void row_words(const struct proto_row *row, char *out, size_t size)
{
        char states[64] = "", fds_out[32] = "";

        if (row->direction == PROTO_TO_CLIENT) {
                snprintf(out, size, "| %u | `%s` | from the daemon | %s | | | |\n", row->id,
                         row->name, feature_words(row->feature));
                return;
        }
        states_words(row, states, sizeof(states));
        if (row->max_reply_fds > row->min_reply_fds)
                snprintf(fds_out, sizeof(fds_out), "%u to %u", row->min_reply_fds,
                         row->max_reply_fds);
        else if (row->max_reply_fds)
                snprintf(fds_out, sizeof(fds_out), "%u", row->max_reply_fds);
        snprintf(out, size, "| %u | `%s` | %s | %s | %.*s | %s | %s |\n", row->id, row->name,
                 states, feature_words(row->feature), row->max_fds ? 1 : 0, row->max_fds ? "1" : "",
                 row->answer == PROTO_ANSWER_ALWAYS ? "data" : "status", fds_out);
}

static void page_lists_each_message(const char *doc)
{
        size_t n;
        const struct proto_row *rows = proto_table_rows(&n);
        char line[256];

        for (size_t i = 0; i < n; i++) {
                row_words(&rows[i], line, sizeof(line));
                tap_ok(strstr(doc, line) != NULL, "the table's row of %s is as the code has it",
                       rows[i].name);
        }
}

static void page_lists_each_code(const char *doc)
{
        char words[64];

        for (uint32_t code = 0; code < PROTO_N_CODES; code++) {
                snprintf(words, sizeof(words), "\n| %u | `%s` | ", code, proto_code_name(code));
                tap_ok(strstr(doc, words) != NULL, "code %u is %s there too", code,
                       proto_code_name(code));
        }
}

/* Each excerpt of the schema stands in the schema, letter by letter. */
static void page_quotes_the_schema(const char *doc, const char *schema)
{
        unsigned n = 0;

        for (const char *at = doc; (at = strstr(at, "```proto\n")) != NULL;) {
                const char *begin = at + strlen("```proto\n");
                const char *end = strstr(begin, "```");
                char *excerpt = end ? strndup(begin, (size_t)(end - begin)) : NULL;

                if (!excerpt)
                        tap_bail("an excerpt does not end");
                tap_ok(strstr(schema, excerpt) != NULL, "an excerpt is in vgic.proto: %.*s",
                       (int)strcspn(excerpt, "\n"), excerpt);
                free(excerpt);
                at = end + 3;
                n++;
        }
        tap_ok(n > 15, "%u excerpts were found", n);
}

static size_t parse_hex(const char *begin, const char *end, uint8_t *out, size_t size)
{
        size_t n = 0;

        while (begin < end && n < size) {
                if (*begin == '#') {
                        while (begin < end && *begin != '\n')
                                begin++;
                } else if (isxdigit((unsigned char)*begin)) {
                        char digits[3] = { begin[0], begin[1], 0 };

                        out[n++] = (uint8_t)strtoul(digits, NULL, 16);
                        begin += 2;
                } else {
                        begin++;
                }
        }
        return n;
}

static void dump_is_what_is_encoded(const char *title, const uint8_t *bytes, size_t n)
{
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        struct proto_header header;
        const struct proto_row *row;
        bool reply = strncmp(strchr(title, ' ') + 1, "reply", 5) == 0;
        uint8_t again[512];
        size_t size;

        if (!tap_ok(n >= PROTO_HEADER_BYTES && proto_frame_decode(bytes, &header) == PROTO_OK &&
                    header.size == n - PROTO_HEADER_BYTES, "dump \"%s\" is one whole frame", title))
                return;
        row = proto_table_find(header.request);
        tap_ok(row && strncmp(row->name, title, strcspn(title, " ")) == 0 &&
               reply == ((header.flags & PROTO_FLAG_REPLY) != 0),
               "... and the message that it says");
        if (!row || proto_message_unpack(reply ? row->reply : row->payload,
                                         bytes + PROTO_HEADER_BYTES, header.size, &message) < 0) {
                tap_ok(false, "... and decodes");
                return;
        }
        size = protobuf_c_message_get_packed_size(message);
        tap_ok(size == header.size && size <= sizeof(again) &&
               protobuf_c_message_pack(message, again) == size &&
               memcmp(again, bytes + PROTO_HEADER_BYTES, size) == 0,
               "... and encodes to the same bytes");
}

static void dumps_are_what_is_encoded(const char *doc)
{
        unsigned n = 0;

        for (const char *at = doc; (at = strstr(at, "```hex ")) != NULL; n++) {
                const char *title = at + strlen("```hex ");
                const char *begin = strchr(title, '\n');
                const char *end = begin ? strstr(begin, "```") : NULL;
                char name[64];
                uint8_t bytes[512];

                if (!end)
                        tap_bail("a hex dump does not end");
                snprintf(name, sizeof(name), "%.*s", (int)(begin - title), title);
                dump_is_what_is_encoded(name, bytes, parse_hex(begin, end, bytes, sizeof(bytes)));
                at = end + 3;
        }
        tap_ok(n >= 4, "%u hex dumps were found", n);
}

int main(int argc, char **argv)
{
        char *doc, *schema;
        char line[256];
        size_t n;
        const struct proto_row *rows = proto_table_rows(&n);

        if (argc > 1 && strcmp(argv[1], "--table") == 0) {
                for (size_t i = 0; i < n; i++) {
                        row_words(&rows[i], line, sizeof(line));
                        fputs(line, stdout);
                }
                return 0;
        }
        doc = slurp("doc/protocol.md");
        schema = slurp("proto/vgic.proto");
        page_lists_each_message(doc);
        page_lists_each_code(doc);
        page_quotes_the_schema(doc, schema);
        dumps_are_what_is_encoded(doc);
        free(doc);
        free(schema);
        return tap_done();
}
