/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * tdir: the state of TDIR, and each of its changes as the daemon broadcasts them
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "cli-json.h"

/* With --watch the JSON is flat: the output is a stream, one document a line. */
static void tdir_print(const struct cli *cli, const struct vgic_tdir_stats *tdir)
{
        struct cli_json json;

        if (!cli->json) {
                printf("TDIR of %s is %s, generation %" PRIu64
                       "; SPIs in flight at the last scan: %" PRIu32 "\n",
                       cli->args[0], tdir->set ? "set" : "clear", tdir->generation,
                       tdir->n_in_flight);
                if (tdir->cause)
                        printf("  set by INTID %" PRIu32 "\n", tdir->cause);
                printf("  trapped deactivations %" PRIu64 ", broadcasts %" PRIu64
                       ", suppressed broadcasts %" PRIu64 "\n",
                       tdir->traps, tdir->broadcasts, tdir->suppressed);
                return;
        }
        cli_json_begin(&json, cli_given(cli, CLI_OPT_WATCH));
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "vm", cli->args[0]);
        cli_json_bool(&json, "tdir", tdir->set);
        cli_json_number(&json, "generation", tdir->generation);
        cli_json_number(&json, "in_flight", tdir->n_in_flight);
        cli_json_number(&json, "cause", tdir->cause);
        cli_json_number(&json, "traps", tdir->traps);
        cli_json_number(&json, "broadcasts", tdir->broadcasts);
        cli_json_number(&json, "suppressed", tdir->suppressed);
        cli_json_close(&json, '}');
}

/* One change. A generation that jumped says how many changes were merged into this one. */
static void tdir_print_change(const struct cli *cli, const struct vgic_event *event,
                              uint64_t last_generation)
{
        uint64_t merged =
                event->generation > last_generation + 1 ? event->generation - last_generation - 1 :
                0;
        struct timespec now;
        struct cli_json json;
        char when[32];
        struct tm tm;
        size_t n;

        clock_gettime(CLOCK_REALTIME, &now);
        localtime_r(&now.tv_sec, &tm);
        n = strftime(when, sizeof(when), "%H:%M:%S", &tm);
        snprintf(when + n, sizeof(when) - n, ".%06ld", now.tv_nsec / 1000);
        if (!cli->json) {
                printf("%s  %-5s  generation %" PRIu64, when, event->tdir ? "set" : "clear",
                       event->generation);
                if (!event->tdir)
                        printf("  no SPI in flight");
                else if (event->intid)
                        printf("  by INTID %" PRIu32, event->intid);
                if (merged)
                        printf("  (%" PRIu64 " changes before it were not reported one by one)",
                               merged);
                putchar('\n');
                return;
        }
        cli_json_begin(&json, true);
        cli_json_open(&json, NULL, '{');
        cli_json_number(&json, "time_us",
                        (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
        cli_json_bool(&json, "tdir", event->tdir);
        cli_json_number(&json, "generation", event->generation);
        cli_json_number(&json, "merged", merged);
        cli_json_number(&json, "cause", event->intid);
        cli_json_close(&json, '}');
}

static uint64_t now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct tdir_watch {
        uint64_t deadline_ms;   /* UINT64_MAX: none */
        uint64_t n_wanted;      /* 0: without end */
        uint64_t n_seen;
        uint64_t generation;
};

static bool watch_done(const struct tdir_watch *watch)
{
        return watch->n_wanted && watch->n_seen >= watch->n_wanted;
}

/* Print what has arrived. Return: -1 go on, else the status to end with. */
static int watch_take_events(const struct cli *cli, struct tdir_watch *watch)
{
        struct vgic_event event;

        while (!watch_done(watch) && vgic_conn_next_event(cli->conn, &event) == 1) {
                if (event.kind == VGIC_EVENT_REVOKED && event.intid == 0) {
                        fprintf(stderr, "vgicctl: VM %s was destroyed\n", cli->args[0]);
                        return CLI_NOT_FOUND;
                }
                if (event.kind != VGIC_EVENT_TDIR || event.generation <= watch->generation)
                        continue; /* what the first line already said */
                tdir_print_change(cli, &event, watch->generation);
                watch->generation = event.generation;
                watch->n_seen++;
        }
        if (fflush(stdout) != 0)
                return CLI_FAILED; /* cli_finish_output() would see it only at the end */
        return watch_done(watch) ? CLI_OK : -1;
}

/* Sleep until the daemon says something. Return: 0; -ETIMEDOUT; -ENOTCONN and its like. */
static int watch_wait(const struct cli *cli, const struct tdir_watch *watch)
{
        struct pollfd fd = { .fd = vgic_conn_fd(cli->conn), .events = POLLIN };
        uint64_t now = now_ms(), left = watch->deadline_ms > now ? watch->deadline_ms - now : 0;
        int ret;

        if (watch->deadline_ms == UINT64_MAX)
                ret = poll(&fd, 1, -1);
        else
                ret = poll(&fd, 1, left > 3600000 ? 3600000 : (int)left);
        if (ret < 0 && errno != EINTR)
                return -errno;
        if (ret == 0 && now_ms() >= watch->deadline_ms)
                return -ETIMEDOUT;
        ret = ret > 0 ? vgic_conn_process(cli->conn) : 0;
        return ret < 0 ? ret : 0;
}

/*
 * Ends by --count, --timeout, or a signal. Running into --timeout is a failure only if --count
 * asked for changes that did not come.
 */
static int tdir_watch(struct cli *cli)
{
        struct tdir_watch watch = { .deadline_ms = UINT64_MAX };
        struct vgic_tdir_stats tdir = { .size = sizeof(tdir) };
        uint64_t wait_ms;
        int ret, status;

        status = cli_option_number(cli, CLI_OPT_COUNT, UINT32_MAX, 0, &watch.n_wanted);
        if (status == CLI_OK)
                status = cli_option_seconds(cli, CLI_OPT_TIMEOUT, 0, &wait_ms);
        if (status != CLI_OK)
                return status;
        if (cli_given(cli, CLI_OPT_TIMEOUT))
                watch.deadline_ms = now_ms() + wait_ms;
        /*
         * Watch first, then read: a change in between is seen twice rather than never, and the
         * generation tells.
         */
        ret = vgic_tdir_watch(cli->vm);
        if (ret == 0)
                ret = vgic_vm_tdir_stats(cli->vm, &tdir);
        if (ret)
                return cli_fail(cli, ret, "TDIR of %s", cli->args[0]);
        watch.generation = tdir.generation;
        tdir_print(cli, &tdir);
        for (;;) {
                status = watch_take_events(cli, &watch);
                if (status >= 0)
                        return status;
                ret = watch_wait(cli, &watch);
                if (ret == -ETIMEDOUT)
                        return watch.n_wanted ? CLI_FAILED : CLI_OK;
                if (ret)
                        return cli_fail(cli, ret, "TDIR of %s", cli->args[0]);
        }
}

/* --watch needs an attached VM, since the daemon broadcasts to those: it cannot go by message. */
int cli_tdir(struct cli *cli)
{
        const char *via = cli_given(cli, CLI_OPT_VIA) ? cli->options[CLI_OPT_VIA] : "shm";
        bool watch = cli_given(cli, CLI_OPT_WATCH), message = strcmp(via, "message") == 0;
        struct vgic_tdir_stats tdir = { .size = sizeof(tdir) };
        int ret, status;

        if (!message && strcmp(via, "shm") != 0)
                return cli_usage_error(cli, "--via is 'shm' or 'message', not '%s'", via);
        if (!watch && cli_given(cli, CLI_OPT_COUNT))
                return cli_usage_error(cli, "--count goes with --watch");
        if (watch && message)
                return cli_usage_error(cli, "--watch does without --via");
        if (!message) {
                status = cli_observe(cli, cli->args[0]);
                if (status != CLI_OK)
                        return status;
        }
        if (watch)
                return tdir_watch(cli);
        ret = message ? vgic_msg_tdir_stats(cli->conn, cli->args[0], &tdir) :
                vgic_vm_tdir_stats(cli->vm, &tdir);
        if (ret)
                return cli_fail(cli, ret, "TDIR of %s", cli->args[0]);
        tdir_print(cli, &tdir);
        return CLI_OK;
}
