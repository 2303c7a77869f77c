/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * JSON writer
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli-json.h"

/* RFC 8259, section 7. */
static void put_string(const char *text)
{
        putchar('"');
        for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
                if (*c == '"' || *c == '\\')
                        printf("\\%c", *c);
                else if (*c < 0x20 || *c >= 0x7f)
                        /* names are ASCII; any other byte is shown as its Latin-1 character */
                        printf("\\u%04x", *c);
                else
                        putchar(*c);
        }
        putchar('"');
}

/* What comes before an element: comma, new line, key. */
static void begin_element(struct cli_json *json, const char *key)
{
        if (json->filled)
                putchar(',');
        if (json->depth > 0 && json->depth <= json->lines)
                printf("\n%*s", (int)(2 * json->depth), "");
        else if (json->filled)
                putchar(' ');
        json->filled = true;
        if (key) {
                put_string(key);
                fputs(": ", stdout);
        }
}

void cli_json_begin(struct cli_json *json, bool flat)
{
        *json = (struct cli_json){ .lines = flat ? 0 : 2 };
}

void cli_json_open(struct cli_json *json, const char *key, char bracket)
{
        begin_element(json, key);
        putchar(bracket);
        json->depth++;
        json->filled = false;
}

void cli_json_close(struct cli_json *json, char bracket)
{
        json->depth--;
        if (json->filled && json->depth < json->lines)
                printf("\n%*s", (int)(2 * json->depth), "");
        putchar(bracket);
        json->filled = true;
        if (json->depth == 0)
                putchar('\n');
}

void cli_json_text(struct cli_json *json, const char *key, const char *text)
{
        begin_element(json, key);
        put_string(text);
}

void cli_json_number(struct cli_json *json, const char *key, uint64_t value)
{
        begin_element(json, key);
        printf("%" PRIu64, value);
}

void cli_json_bool(struct cli_json *json, const char *key, bool value)
{
        begin_element(json, key);
        fputs(value ? "true" : "false", stdout);
}

void cli_json_null(struct cli_json *json, const char *key)
{
        begin_element(json, key);
        fputs("null", stdout);
}
