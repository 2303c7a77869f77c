/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Settings: see settings.h
 *
 *   file  = { line }
 *   line  = [ name "=" value | "allow" who right { right } ] [ "#" anything ]
 *   who   = "user" ( NAME | UID ) | "group" ( NAME | GID ) | "everybody"
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base-error.h"
#include "settings.h"
#include "log.h"

#define LINE_MAX_BYTES  1022
#define FILE_MAX_BYTES  (1 << 20)
#define SPACE           " \t\r\n"

struct reader {
        const struct options *given;
        struct options *options;
        struct rights *rights;
        const char *path;
        unsigned line;
        struct base_error *why;
};

const char *settings_default_path(void)
{
        return VGICD_CONF;
}

static int fail(const struct reader *reader, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static int fail(const struct reader *reader, const char *format, ...)
{
        char text[240];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        return base_error_set(reader->why, -EINVAL, "%s:%u: %s", reader->path, reader->line, text);
}

/* Decimal, and nothing else. Return: it is one, of at most @most. */
static bool parse_number(const char *text, unsigned long most, unsigned long *ret_number)
{
        char *end;

        errno = 0;
        *ret_number = strtoul(text, &end, 10);
        return text[0] >= '0' && text[0] <= '9' && !*end && !errno && *ret_number <= most;
}

/* --- limits --- */

static const struct {
        const char *name;
        size_t at;                      /* of an unsigned in struct options; 0 there: not given */
        unsigned long least, most;
} numbers[] = {
        { "max-connections", offsetof(struct options, max_connections), 1, OPTIONS_MOST },
        { "max-vms", offsetof(struct options, max_vms), 1, OPTIONS_MOST },
        { "max-descriptors", offsetof(struct options, max_descriptors), 1, OPTIONS_MOST },
        { "max-memory", offsetof(struct options, max_memory_mib), 1, OPTIONS_MOST },
        { "tdir-lag", offsetof(struct options, tdir_lag_ms), 0, OPTIONS_MAX_TDIR_LAG },
        { "metrics-vms", offsetof(struct options, metrics_vms), 0, OPTIONS_MAX_METRICS_VMS },
};

static bool is_given(const struct reader *reader, size_t at)
{
        const char *base = (const char *)reader->given;
        unsigned value;

        if (at == offsetof(struct options, tdir_lag_ms))
                return reader->given->tdir_lag_given;
        if (at == offsetof(struct options, metrics_vms))
                return reader->given->metrics_vms_given;
        memcpy(&value, base + at, sizeof(value));
        return value != 0;
}

static int read_level(struct reader *reader, const char *value)
{
        int priority = log_priority_from_name(value);

        if (priority < 0)
                return fail(reader, "log-level is error, warning, notice, info or debug");
        if (!reader->given->log_given)
                reader->options->log_priority = priority;
        return 0;
}

static int read_metrics(struct reader *reader, const char *value)
{
        struct metrics_address address;
        struct base_error why = { 0 };

        if (metrics_address_parse(value, &address, &why) < 0)
                return fail(reader, "%s", why.text);
        if (!reader->given->metrics_given)
                snprintf(reader->options->metrics, sizeof(reader->options->metrics), "%s", value);
        return 0;
}

static int read_setting(struct reader *reader, const char *name, const char *value)
{
        unsigned long number;

        if (strcmp(name, "log-level") == 0)
                return read_level(reader, value);
        if (strcmp(name, "metrics") == 0)
                return read_metrics(reader, value);
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                unsigned *to = (unsigned *)(void *)((char *)reader->options + numbers[i].at);

                if (strcmp(name, numbers[i].name) != 0)
                        continue;
                if (!parse_number(value, numbers[i].most, &number) || number < numbers[i].least)
                        return fail(reader, "%s is a number from %lu to %lu", name,
                                    numbers[i].least, numbers[i].most);
                if (!is_given(reader, numbers[i].at))
                        *to = (unsigned)number;
                return 0;
        }
        return fail(reader, "there is no such setting: %.40s", name);
}

/* --- rights --- */

static int find_user(struct reader *reader, const char *name, uint32_t *ret_id)
{
        const struct passwd *user;
        unsigned long number;

        if (parse_number(name, UINT32_MAX - 1, &number)) {
                *ret_id = (uint32_t)number;
                return 0;
        }
        user = getpwnam(name);
        if (!user)
                return fail(reader, "there is no user %.40s", name);
        *ret_id = user->pw_uid;
        return 0;
}

static int find_group(struct reader *reader, const char *name, uint32_t *ret_id)
{
        const struct group *group;
        unsigned long number;

        if (parse_number(name, UINT32_MAX - 1, &number)) {
                *ret_id = (uint32_t)number;
                return 0;
        }
        group = getgrnam(name);
        if (!group)
                return fail(reader, "there is no group %.40s", name);
        *ret_id = group->gr_gid;
        return 0;
}

/* Whom the rule is for: @rest is split further. */
static int read_who(struct reader *reader, char **rest, struct rights_rule *rule)
{
        const char *who = strtok_r(NULL, SPACE, rest), *name;

        if (who && strcmp(who, "everybody") == 0) {
                rule->who = RIGHTS_EVERYBODY;
                return 0;
        }
        name = who ? strtok_r(NULL, SPACE, rest) : NULL;
        if (name && strcmp(who, "user") == 0) {
                rule->who = RIGHTS_USER;
                return find_user(reader, name, &rule->id);
        }
        if (name && strcmp(who, "group") == 0) {
                rule->who = RIGHTS_GROUP;
                return find_group(reader, name, &rule->id);
        }
        return fail(reader, "allow is followed by user NAME, group NAME or everybody");
}

static int read_allow(struct reader *reader, char **rest)
{
        struct rights_rule rule = { 0 };
        const char *name;
        int r = read_who(reader, rest, &rule);

        if (r < 0)
                return r;
        while ((name = strtok_r(NULL, SPACE ",", rest))) {
                unsigned right = rights_of_name(name);

                if (!right)
                        return fail(reader, "there is no right %.40s: create, attach, observe, "
                                            "device, observe-all, all", name);
                rule.rights |= right;
        }
        if (!rule.rights)
                return fail(reader, "allow names no right");
        return rights_add(reader->rights, &rule);
}

/* --- lines --- */

static int read_line(struct reader *reader, char *line)
{
        char *rest, *word, *value, *more;

        line[strcspn(line, "#")] = '\0';
        value = strchr(line, '=');
        if (value)
                *value++ = '\0';
        word = strtok_r(line, SPACE, &rest);
        if (!word)
                return value ? fail(reader, "= follows a name") : 0;
        if (!value && strcmp(word, "allow") == 0)
                return read_allow(reader, &rest);
        if (strtok_r(NULL, SPACE, &rest) || !value)
                return fail(reader, "a line is NAME = VALUE, or allow WHO RIGHT ...");
        value = strtok_r(value, SPACE, &more);
        if (!value || strtok_r(NULL, SPACE, &more))
                return fail(reader, "%.40s has one value", word);
        return read_setting(reader, word, value);
}

static int read_lines(struct reader *reader, FILE *file)
{
        size_t size = 0;
        char *line = NULL;
        ssize_t n;
        int r = 0;

        while (r == 0 && (n = getline(&line, &size, file)) >= 0) {
                reader->line++;
                if (n > LINE_MAX_BYTES)
                        r = fail(reader, "the line is longer than %d bytes", LINE_MAX_BYTES);
                else if (strlen(line) != (size_t)n)
                        r = fail(reader, "the line has a byte of value 0");
                else
                        r = read_line(reader, line);
        }
        if (r == 0 && ferror(file))
                r = base_error_set(reader->why, -EIO, "%s cannot be read", reader->path);
        free(line);
        return r;
}

/*
 * A file that ends, and that can be read at once: the loop waits for it. Return: 0, *ret_file is
 * NULL where there need not be one; a negative errno, with words.
 */
static int open_file(const struct reader *reader, FILE **ret_file)
{
        int fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;

        *ret_file = NULL;
        if (fd < 0 && errno == ENOENT && !reader->given->config_path)
                return 0;
        if (fd < 0)
                return base_error_set(reader->why, -errno, "%s: %s", reader->path, strerror(errno));
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES) {
                close(fd);
                return base_error_set(reader->why, -EINVAL, "%s is no file of at most %d KiB",
                                      reader->path, FILE_MAX_BYTES / 1024);
        }
        *ret_file = fdopen(fd, "r");
        if (*ret_file)
                return 0;
        close(fd);
        return -ENOMEM;
}

int settings_read(const struct options *given, struct options *ret_options,
                struct rights *ret_rights, struct base_error *why)
{
        struct reader reader = {
                .given = given, .options = ret_options, .rights = ret_rights, .why = why,
                .path = given->config_path ? given->config_path
                        : given->is_users  ? given->users_config : settings_default_path(),
        };
        FILE *file;
        int r;

        *ret_options = *given;
        r = open_file(&reader, &file);
        if (r < 0 || !file)
                return r;
        r = read_lines(&reader, file);
        fclose(file);
        if (r < 0)
                rights_clear(ret_rights);
        return r;
}
