/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * json-check: is standard input valid JSON (RFC 8259)?
 *
 * What    With "lines" as its argument: one document on each line. Exit status 0 if valid, else 1
 *         with the place.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
        const char *at, *end;
        bool lines;
        unsigned depth;
};

static bool value(struct input *in);

static void space(struct input *in)
{
        const char *blanks = in->lines ? " \t" : " \t\n\r";

        while (in->at < in->end && *in->at && strchr(blanks, *in->at))
                in->at++;
}

static bool take(struct input *in, char c)
{
        space(in);
        if (in->at == in->end || *in->at != c)
                return false;
        in->at++;
        return true;
}

static bool string(struct input *in)
{
        if (!take(in, '"'))
                return false;
        for (; in->at < in->end && *in->at != '"'; in->at++) {
                if ((unsigned char)*in->at < 0x20)
                        return false;
                if (*in->at != '\\')
                        continue;
                in->at++;
                if (in->at == in->end)
                        return false;
                if (*in->at == 'u') {
                        for (int i = 0; i < 4; i++)
                                if (++in->at == in->end || !isxdigit((unsigned char)*in->at))
                                        return false;
                } else if (!strchr("\"\\/bfnrt", *in->at)) {
                        return false;
                }
        }
        return take(in, '"');
}

static bool digits(struct input *in)
{
        const char *start = in->at;

        while (in->at < in->end && isdigit((unsigned char)*in->at))
                in->at++;
        return in->at > start;
}

static bool number(struct input *in)
{
        if (in->at < in->end && *in->at == '-')
                in->at++;
        if (in->at < in->end && *in->at == '0') {
                in->at++;
        } else if (!digits(in)) {
                return false;
        }
        if (in->at < in->end && *in->at == '.') {
                in->at++;
                if (!digits(in))
                        return false;
        }
        if (in->at < in->end && (*in->at == 'e' || *in->at == 'E')) {
                in->at++;
                if (in->at < in->end && (*in->at == '+' || *in->at == '-'))
                        in->at++;
                return digits(in);
        }
        return true;
}

static bool word(struct input *in, const char *text)
{
        size_t length = strlen(text);

        if ((size_t)(in->end - in->at) < length || memcmp(in->at, text, length) != 0)
                return false;
        in->at += length;
        return true;
}

static bool container(struct input *in, char open, char close)
{
        if (!take(in, open) || ++in->depth > 64)
                return false;
        if (!take(in, close)) {
                do {
                        if (open == '{' && (!string(in) || !take(in, ':')))
                                return false;
                        if (!value(in))
                                return false;
                } while (take(in, ','));
                if (!take(in, close))
                        return false;
        }
        in->depth--;
        return true;
}

static bool value(struct input *in)
{
        space(in);
        if (in->at == in->end)
                return false;
        switch (*in->at) {
        case '{':
                return container(in, '{', '}');
        case '[':
                return container(in, '[', ']');
        case '"':
                return string(in);
        case 't':
                return word(in, "true");
        case 'f':
                return word(in, "false");
        case 'n':
                return word(in, "null");
        default:
                return number(in);
        }
}

int main(int argc, char **argv)
{
        static char text[4 << 20];
        size_t n = fread(text, 1, sizeof(text), stdin);
        struct input in = { .at = text, .end = text + n,
                            .lines = argc > 1 && strcmp(argv[1], "lines") == 0 };
        bool valid = n > 0 && n < sizeof(text);

        while (valid && in.at < in.end) {
                valid = value(&in);
                space(&in);
                if (in.lines)
                        valid = valid && in.at < in.end && *in.at++ == '\n';
                else
                        valid = valid && in.at == in.end;
        }
        if (!valid)
                fprintf(stderr, "json-check: not valid at byte %zu of %zu\n",
                        (size_t)(in.at - text), n);
        return valid ? EXIT_SUCCESS : EXIT_FAILURE;
}
