/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CLI_H
#define CLI_H

/*
 * vgicctl: the command line's own frame
 *
 * What    One table of commands, one of options; a command is a function that gets a parsed struct
 *         cli, prints, and returns an exit status.
 * Owner   main() owns struct cli and with it the connection and the attached VM.
 * Threads One.
 */
#include <stdbool.h>
#include <stdint.h>

#include <vgic/vgic.h>

/* Exit statuses are an interface for scripts: vgicctl(1). */
enum cli_exit {
        CLI_OK,
        CLI_FAILED,             /* the daemon refused, or the output could not be written */
        CLI_USAGE,
        CLI_NOT_FOUND,          /* no such VM, vCPU, interrupt, session or grant */
        CLI_UNREACHABLE,        /* no daemon answers */
        CLI_DENIED,
};

enum cli_option_id {
        CLI_OPT_SOCKET,
        CLI_OPT_JSON,
        CLI_OPT_HELP,
        CLI_OPT_VERSION,
        CLI_OPT_ALL,
        CLI_OPT_VIA,
        CLI_OPT_WATCH,
        CLI_OPT_COUNT,
        CLI_OPT_TIMEOUT,
        CLI_OPT_ASSERT,
        CLI_OPT_DEASSERT,
        CLI_OPT_PULSE,
        CLI_OPT_VCPU,
        CLI_OPT_REPAIR,
        CLI_OPT_LOWER_DEVICES,
        CLI_OPT_KIND,
        CLI_N_OPTIONS
};
#define CLI_OPTION(id) (1u << (id))

#define CLI_MAX_ARGS 5

struct cli;

struct cli_command {
        const char *name;
        const char *args;       /* as usage shows them */
        unsigned n_args;        /* all of them are required */
        unsigned n_more;        /* and up to so many may follow */
        uint32_t options;       /* CLI_OPTION() of what it takes beyond the global ones */
        const char *summary;
        const char *help;
        const char *missing;    /* what it is that there is not; NULL: "there is no such VM" */
        int (*run)(struct cli *cli);
};

struct cli {
        const struct cli_command *command;
        const char *options[CLI_N_OPTIONS]; /* NULL: not given; else its argument, or "" */
        const char *args[CLI_MAX_ARGS];     /* what follows the command */
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        bool json;
};

/* cli-args.c: one option of the command line. */
struct cli_option {
        const char *name;
        const char *argument;   /* NULL: takes none */
        char letter;            /* 0: long form only */
        const char *help;
};

extern const struct cli_option cli_options[CLI_N_OPTIONS];
/*
 * A number argument, decimal or 0x hexadecimal. @what names it in the error. Return: CLI_OK or
 * CLI_USAGE.
 */
int cli_number(const char *text, const char *what, uint64_t max, uint64_t *ret_value);
/* An option's number, or @fallback if it was not given. */
int cli_option_number(const struct cli *cli, enum cli_option_id id, uint64_t max, uint64_t fallback,
                      uint64_t *ret_value);
/*
 * An option's time in seconds, fractions allowed: in milliseconds, rounded up. @fallback_ms if it
 * was not given.
 */
int cli_option_seconds(const struct cli *cli, enum cli_option_id id, uint64_t fallback_ms,
                       uint64_t *ret_ms);
/* Whether option @id was given. */
bool cli_given(const struct cli *cli, enum cli_option_id id);

/*
 * cli-parse.c: Return: 0 go on; else the status to exit with is in *ret_exit (help and version were
 * printed).
 */
int cli_parse(struct cli *cli, int argc, char **argv, int *ret_exit);

/* cli-error.c: print "vgicctl: ..." to stderr; Return: the exit status that fits. */
int cli_usage_error(const struct cli *cli, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
int cli_fail(const struct cli *cli, int error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
int cli_finish_output(int status);

/* cli-session.c: Return: CLI_OK, or a status with the error printed. */
int cli_connect(struct cli *cli);
int cli_observe(struct cli *cli, const char *vm_name);
void cli_release(struct cli *cli);

/*
 * cli-intid.c: an interrupt belongs to one vCPU (SGIs, PPIs, extended PPIs), or is shared (SPIs,
 * extended SPIs).
 */
enum cli_intids {
        CLI_PRIVATE = 1,
        CLI_SHARED = 2,
        CLI_ALL_INTIDS = 3,
};
#define CLI_NO_INTID  UINT32_MAX
/*
 * Names of interrupts: SGI3, PPI27, SPI33, EPPI1056, ESPI4096. @name: at least 16 bytes. Return:
 * @name.
 */
char *cli_intid_name(uint32_t intid, char *name);
/* Could it be one of this kind that has a wire, so no SGI, in some VM? */
bool cli_intid_has_wire(uint32_t intid, enum cli_intids kind);
/* The first INTID of these kinds from @intid on that the VM has. Return: it, or CLI_NO_INTID. */
uint32_t cli_intid_next(const struct vgic_vm_info *info, enum cli_intids kinds, uint32_t intid);
/*
 * cli-format.c: 1536 -> "1.5 KiB"; 61000 ms -> "1 min 1 s". @text: at least 32 bytes. A user's
 * name, or the number if it has none. @text: at least 64 bytes. Return: @text.
 */
char *cli_bytes(uint64_t bytes, char *text);
char *cli_age(uint64_t ms, char *text);
char *cli_user(uint32_t uid, char *text);

/*
 * cli-file.c: "-" is standard output (input). Return: 0 or a negative errno; -EFBIG: longer than
 * @max. free() *ret_bytes.
 */
int cli_write_file(const char *path, const void *bytes, size_t n);
int cli_read_file(const char *path, size_t max, char **ret_bytes, size_t *ret_n);

/* The commands, each in the file of its topic. */
extern const struct cli_command cli_commands[];
extern const unsigned cli_n_commands;
int cli_list(struct cli *cli);
int cli_show(struct cli *cli);
int cli_destroy(struct cli *cli);
int cli_vcpus(struct cli *cli);
int cli_reset(struct cli *cli);
int cli_mirror(struct cli *cli);
int cli_irqs(struct cli *cli);
int cli_counts(struct cli *cli);
int cli_icc_ctlr(struct cli *cli);
int cli_tdir(struct cli *cli);
int cli_inject(struct cli *cli);
int cli_attr(struct cli *cli);
int cli_save(struct cli *cli);
int cli_restore(struct cli *cli);
int cli_status(struct cli *cli);
int cli_users(struct cli *cli);
int cli_sessions(struct cli *cli);
int cli_disconnect(struct cli *cli);
int cli_grants(struct cli *cli);
int cli_revoke(struct cli *cli);

#endif
