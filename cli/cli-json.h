/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CLI_JSON_H
#define CLI_JSON_H

/*
 * JSON: a writer for RFC 8259 text, straight to stdout
 *
 * The first two levels get a line per element, what is deeper stays on its line: a list of VMs
 * reads as one VM a line. A flat writer keeps all on one line (a stream of documents, one a line).
 * @key is the member's name inside an object, NULL inside an array and for the document itself.
 */
#include <stdbool.h>
#include <stdint.h>

struct cli_json {
        unsigned depth;
        unsigned lines;         /* levels that get a line per element */
        bool filled;            /* the container that is open has an element already */
};

void cli_json_begin(struct cli_json *json, bool flat);
/* @bracket: '{' or '[' to open, '}' or ']' to close; the last one ends the line of the document. */
void cli_json_open(struct cli_json *json, const char *key, char bracket);
void cli_json_close(struct cli_json *json, char bracket);
void cli_json_text(struct cli_json *json, const char *key, const char *text);
void cli_json_number(struct cli_json *json, const char *key, uint64_t value);
void cli_json_bool(struct cli_json *json, const char *key, bool value);
void cli_json_null(struct cli_json *json, const char *key);

#endif
