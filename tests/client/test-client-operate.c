/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * <vgic/vgic-operate.h> against something that is no daemon, and against one that is older
 *
 * A child answers so many pages, whatever they are asked for behind, and closes: a call that takes
 * a page which makes no sense, or asks on where it should not, ends as -ENOTCONN or with what it
 * was not told.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gic-shared.h"
#include "liar.h"
#include "proto-limits.h"
#include "proto-message.h"
#include "proto-table.h"
#include "tap.h"
#include "vgic/vgic.h"

#define WAIT_MS    20000u
#define MAX_ITEMS  3u
#define UID_LAST   UINT64_C(4294967295)

static const char words[] = "\033[2J\233mx\r\n\177\302\233y";
static const char words_shown[] = "?[2J?mx?????y";

/* One element of a page. */
struct item {
        uint64_t id;            /* USER_LIST: the uid */
        uint32_t n_uids, n_intids, first_intid, step;   /* GRANT_LIST */
};

struct lie {
        const char *what;
        uint32_t request;
        int result;
        size_t n;               /* told, if that is 0 */
        bool more[2];           /* of each page, of which [1] is there only behind a "more" */
        struct item pages[2][MAX_ITEMS];        /* as many as n_items says */
        size_t n_items[2];
};

#define USERS    PROTO_USER_LIST
#define SESSIONS PROTO_SESSION_LIST
#define GRANTS   PROTO_GRANT_LIST
#define ONE(i)   { .id = (i), .n_intids = 1, .first_intid = 40 }
#define GRANT(...) { .id = 1, __VA_ARGS__ }

static const struct lie lies[] = {
        { "users, two pages", USERS, 0, 3, { true }, { { ONE(0), ONE(7) }, { ONE(UID_LAST) } },
          { 2, 1 } },
        { "users, not in order", USERS, -EPROTO, 0, { false }, { { ONE(7), ONE(3) } }, { 2 } },
        { "users, one twice", USERS, -EPROTO, 0, { false }, { { ONE(7), ONE(7) } }, { 2 } },
        { "users, the same page again", USERS, -EPROTO, 0, { true, true },
          { { ONE(7) }, { ONE(7) } }, { 1, 1 } },
        { "users, one behind the last", USERS, -EPROTO, 0, { true, true },
          { { ONE(UID_LAST) }, { ONE(0) } }, { 1, 1 } },
        { "users, more behind nobody", USERS, 0, 0, { true, true }, { { ONE(0) } }, { 0 } },
        { "sessions, two pages", SESSIONS, 0, 3, { true }, { { ONE(1), ONE(7) }, { ONE(8) } },
          { 2, 1 } },
        { "sessions, number 0", SESSIONS, -EPROTO, 0, { false }, { { ONE(0) } }, { 1 } },
        { "sessions, not in order", SESSIONS, -EPROTO, 0, { false }, { { ONE(7), ONE(3) } },
          { 2 } },
        { "sessions, the same page again", SESSIONS, -EPROTO, 0, { true, true },
          { { ONE(7) }, { ONE(7) } }, { 1, 1 } },
        { "sessions, more behind none", SESSIONS, 0, 1, { true, true }, { { ONE(7) } }, { 1, 0 } },
        { "grants, two pages", GRANTS, 0, 3, { true }, { { ONE(1), ONE(7) }, { ONE(8) } },
          { 2, 1 } },
        { "grants, number 0", GRANTS, -EPROTO, 0, { false }, { { ONE(0) } }, { 1 } },
        { "grants, the same page again", GRANTS, -EPROTO, 0, { true, true },
          { { ONE(7) }, { ONE(7) } }, { 1, 1 } },
        { "grants, more behind none", GRANTS, 0, 0, { true, true }, { { ONE(0) } }, { 0 } },
        { "a grant of no interrupt", GRANTS, -EPROTO, 0, { false }, { { GRANT(.n_uids = 1) } },
          { 1 } },
        { "a grant of a PPI", GRANTS, -EPROTO, 0, { false },
          { { GRANT(.n_intids = 1, .first_intid = 31) } }, { 1 } },
        { "a grant of INTID 4294967295", GRANTS, -EPROTO, 0, { false },
          { { GRANT(.n_intids = 1, .first_intid = UINT32_MAX) } }, { 1 } },
        { "a grant of one interrupt, more often than there are any", GRANTS, -EPROTO, 0, { false },
          { { GRANT(.n_intids = GIC_N_SHARED + 1, .first_intid = 40) } }, { 1 } },
        { "a grant of all extended SPIs", GRANTS, 0, 1, { false },
          { { GRANT(.n_intids = GIC_MAX_ESPIS, .first_intid = GIC_ESPI_FIRST, .step = 1) } },
          { 1 } },
        { "a grant for as many users as there can be", GRANTS, 0, 1, { false },
          { { GRANT(.n_uids = VGIC_GRANT_MAX_UIDS, .n_intids = 1, .first_intid = 40) } }, { 1 } },
        { "a grant for one more", GRANTS, -EPROTO, 0, { false },
          { { GRANT(.n_uids = VGIC_GRANT_MAX_UIDS + 1, .n_intids = 1, .first_intid = 40) } },
          { 1 } },
};

/* --- the liar --- */

static void say(int fd, uint32_t request, const ProtobufCMessage *message)
{
        uint8_t *frame;
        size_t n;

        if (proto_message_frame(request, PROTO_FLAG_REPLY, message, &frame, &n) < 0 ||
            send(fd, frame, n, MSG_NOSIGNAL) != (ssize_t)n)
                _exit(1);
        free(frame);
}

/* What each can do is set by @features. */
static int greet(int listener, uint64_t features)
{
        Vgic__HelloReply reply = VGIC__HELLO_REPLY__INIT;
        int fd = accept(listener, NULL, NULL);

        skip_request(fd);
        reply.features = features;
        say(fd, PROTO_HELLO, &reply.base);
        return fd;
}

static void say_users(int fd, const struct lie *lie, unsigned page)
{
        Vgic__UserListReply reply = VGIC__USER_LIST_REPLY__INIT;
        Vgic__UserInfo infos[MAX_ITEMS], *all[MAX_ITEMS];

        for (size_t i = 0; i < lie->n_items[page]; i++) {
                vgic__user_info__init(all[i] = &infos[i]);
                infos[i].uid = (uint32_t)lie->pages[page][i].id;
        }
        reply.users = all;
        reply.n_users = lie->n_items[page];
        reply.more = lie->more[page];
        say(fd, PROTO_USER_LIST, &reply.base);
}

static void say_sessions(int fd, const struct lie *lie, unsigned page)
{
        Vgic__SessionListReply reply = VGIC__SESSION_LIST_REPLY__INIT;
        Vgic__SessionInfo infos[MAX_ITEMS], *all[MAX_ITEMS];

        for (size_t i = 0; i < lie->n_items[page]; i++) {
                vgic__session_info__init(all[i] = &infos[i]);
                infos[i].id = lie->pages[page][i].id;
                infos[i].client_name = infos[i].vm = infos[i].grant = (char *)(uintptr_t)words;
        }
        reply.sessions = all;
        reply.n_sessions = lie->n_items[page];
        reply.more = lie->more[page];
        say(fd, PROTO_SESSION_LIST, &reply.base);
}

static void say_grants(int fd, const struct lie *lie, unsigned page)
{
        static uint32_t intids[GIC_N_SHARED + 1], uids[VGIC_GRANT_MAX_UIDS + 1];
        Vgic__GrantListReply reply = VGIC__GRANT_LIST_REPLY__INIT;
        Vgic__GrantInfo infos[MAX_ITEMS], *all[MAX_ITEMS];

        for (size_t i = 0; i < lie->n_items[page]; i++) {
                const struct item *item = &lie->pages[page][i];

                vgic__grant_info__init(all[i] = &infos[i]);
                infos[i].id = item->id;
                infos[i].label = (char *)(uintptr_t)words;
                infos[i].uids = uids;
                infos[i].n_uids = item->n_uids;
                infos[i].intids = intids;
                infos[i].n_intids = item->n_intids;
                for (uint32_t j = 0; j < item->n_intids; j++)
                        intids[j] = item->first_intid + j * item->step;
        }
        reply.grants = all;
        reply.n_grants = lie->n_items[page];
        reply.more = lie->more[page];
        say(fd, PROTO_GRANT_LIST, &reply.base);
}

static void tell(int listener, const struct lie *lie)
{
        int fd = greet(listener, PROTO_FEATURES_ALL);

        for (unsigned page = 0; page < 2 && (page == 0 || lie->more[0]); page++) {
                skip_request(fd);
                if (lie->request == USERS)
                        say_users(fd, lie, page);
                else if (lie->request == SESSIONS)
                        say_sessions(fd, lie, page);
                else
                        say_grants(fd, lie, page);
        }
        _exit(0);
}

/* --- its client --- */

static struct vgic_conn *open_liar(const struct liar *liar)
{
        struct vgic_conn_options options = { .size = sizeof(options), .timeout_ms = WAIT_MS,
                                             .socket_path = liar->address.sun_path };
        struct vgic_conn *conn = NULL;

        tap_eq(vgic_connect(&options, &conn), 0, "connected: %s", vgic_conn_error(conn));
        return conn;
}

static void close_liar(pid_t pid, struct vgic_conn *conn)
{
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        vgic_disconnect(conn);
}

/* The words of each, and where its INTIDs end. */
static bool grants_are_whole(const struct vgic_grant_info *infos, size_t n)
{
        bool are = true;

        for (size_t i = 0; i < n; i++)
                are = are && strcmp(infos[i].label, words_shown) == 0 && infos[i].n_intids > 0 &&
                      infos[i].intids[0] >= GIC_SPI_FIRST &&
                      infos[i].intids[infos[i].n_intids - 1] < GIC_ESPI_FIRST + GIC_MAX_ESPIS;
        return are;
}

static bool sessions_are_whole(const struct vgic_session_info *infos, size_t n)
{
        bool are = true;

        for (size_t i = 0; i < n; i++)
                are = are && strcmp(infos[i].client_name, words_shown) == 0 &&
                      strcmp(infos[i].vm, words_shown) == 0 &&
                      strcmp(infos[i].grant, words_shown) == 0;
        return are;
}

static void list_is_checked(const struct liar *liar, const struct lie *lie)
{
        struct vgic_session_info *sessions = NULL;
        struct vgic_grant_info *grants = NULL;
        struct vgic_user_info *users = NULL;
        struct vgic_conn *conn;
        pid_t pid = fork();
        size_t n = 0;
        int r;

        if (pid == 0)
                tell(liar->listener, lie);
        conn = open_liar(liar);
        if (lie->request == USERS)
                r = vgic_user_list(conn, &users, &n);
        else if (lie->request == SESSIONS)
                r = vgic_session_list(conn, &sessions, &n);
        else
                r = vgic_grant_list(conn, "v", &grants, &n);
        tap_eq(r, lie->result, "%s: %s", lie->what, vgic_conn_error(conn));
        tap_eq((int64_t)n, (int64_t)lie->n, "%s: so many are told", lie->what);
        if (sessions)
                tap_ok(sessions_are_whole(sessions, n), "%s: in words for a terminal", lie->what);
        if (grants)
                tap_ok(grants_are_whole(grants, n), "%s: whole", lie->what);
        tap_ok(r == 0 || (!users && !sessions && !grants), "%s: an error, and no list", lie->what);
        free(users);
        free(sessions);
        free(grants);
        close_liar(pid, conn);
}

/* --- one answer --- */

/* Of nobody, of a user without its numbers, and that there is no such thing. */
static void answer_twice(int listener)
{
        static char long_words[VGIC_DAEMON_TEXT_MAX + 50];
        Vgic__DaemonInfoReply reply = VGIC__DAEMON_INFO_REPLY__INIT;
        Vgic__DaemonTotals totals = VGIC__DAEMON_TOTALS__INIT;
        Vgic__StatusReply refusal = VGIC__STATUS_REPLY__INIT;
        Vgic__UserInfo own = VGIC__USER_INFO__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        int fd = greet(listener, PROTO_FEATURES_ALL);

        memset(long_words, 'x', sizeof(long_words) - 1);
        totals.reload_error = long_words;
        reply.daemon_version = (char *)(uintptr_t)words;
        reply.totals = &totals;
        skip_request(fd);
        say(fd, PROTO_DAEMON_INFO, &reply.base);
        skip_request(fd);
        reply.own = &own;
        say(fd, PROTO_DAEMON_INFO, &reply.base);
        skip_request(fd);
        status.code = PROTO_NOT_FOUND;
        status.text = (char *)(uintptr_t)words;
        refusal.status = &status;
        say(fd, PROTO_SESSION_END, &refusal.base);
        skip_request(fd);
        _exit(0);
}

static void answers_are_checked(const struct liar *liar)
{
        struct vgic_daemon_info info = { .size = sizeof(info) };
        struct vgic_conn *conn;
        pid_t pid = fork();

        if (pid == 0)
                answer_twice(liar->listener);
        conn = open_liar(liar);
        tap_eq(vgic_daemon_query(conn, &info), -EPROTO, "nothing is said of who asks: %s",
               vgic_conn_error(conn));
        tap_ok(vgic_daemon_query(conn, &info) == 0 && info.has_totals && info.own.n_fds == 0 &&
               info.all.n_fds == 0 && info.all_limits.max_fds == 0, "what is not said is 0");
        tap_ok(strcmp(info.version, words_shown) == 0, "the version, in words for a terminal");
        tap_eq((int64_t)strlen(info.reload_error), VGIC_DAEMON_TEXT_MAX, "a long text is cut");
        tap_eq(vgic_session_end(conn, 5), -ENOENT, "no such session");
        tap_ok(strstr(vgic_conn_error(conn), words_shown),
               "its reason, in words for a terminal: %s", vgic_conn_error(conn));
        close_liar(pid, conn);
}

/* Nothing would answer these: an older daemon says that there are no such requests. */
static void older_daemon_is_not_asked(const struct liar *liar)
{
        struct vgic_daemon_info info = { .size = sizeof(info) };
        struct vgic_session_info *sessions;
        struct vgic_grant_info *grants;
        struct vgic_user_info *users;
        struct vgic_conn *conn;
        pid_t pid = fork();
        size_t n;

        if (pid == 0) {
                skip_request(greet(liar->listener, PROTO_FEATURES_ALL & ~PROTO_FEATURE_OPERATE));
                _exit(0);
        }
        conn = open_liar(liar);
        tap_eq(vgic_daemon_query(conn, &info), -EOPNOTSUPP, "an older daemon, DAEMON_INFO");
        tap_eq(vgic_user_list(conn, &users, &n), -EOPNOTSUPP, "an older daemon, USER_LIST");
        tap_eq(vgic_session_list(conn, &sessions, &n), -EOPNOTSUPP, "an older one, SESSION_LIST");
        tap_eq(vgic_session_end(conn, 1), -EOPNOTSUPP, "an older daemon, SESSION_END");
        tap_eq(vgic_grant_list(conn, "v", &grants, &n), -EOPNOTSUPP, "an older one, GRANT_LIST");
        tap_eq(vgic_msg_revoke(conn, "v", "g"), -EOPNOTSUPP,
               "an older daemon, which would revoke of the VM that is attached: %s",
               vgic_conn_error(conn));
        close_liar(pid, conn);
}

int main(void)
{
        struct liar liar;

        liar_listen(&liar);
        for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
                list_is_checked(&liar, &lies[i]);
        answers_are_checked(&liar);
        older_daemon_is_not_asked(&liar);
        liar_close(&liar);
        return tap_done();
}
