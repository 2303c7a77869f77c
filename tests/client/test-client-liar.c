/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * libvgic against something that is no daemon: a child that answers what a script says
 *
 * Whatever comes over the socket, a call ends with a documented error and words, and no descriptor
 * is left behind.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-fd.h"
#include "liar.h"
#include "proto-fds.h"
#include "tap.h"
#include "vgic/vgic.h"

#define TIMEOUT_MS  300u        /* where nothing will come */
#define LATE_MS     2000u       /* where one answer comes in time and another does not */
#define WAIT_MS     20000u      /* where all answers come, on whichever machine */
#define STAY        1u  /* do not close after the last answer: the client must give up by itself */

struct script {
        const char *what;
        int result;             /* of connect, create and init: the first that fails */
        unsigned flags;
        unsigned n_fds;         /* eventfds along with the last answer */
        struct {
                const char *bytes;
                size_t n;
        } answers[4];           /* one for each request, in turn */
};

#define A(s) { s, sizeof(s) - 1 }

static const struct script scripts[] = {
        { "closes at once",                         -ENOTCONN, 0, 0, { A("") } },
        { "says nothing",                           -ETIMEDOUT, STAY, 0, { A("") } },
        { "stops in a header",                      -ENOTCONN, 0, 0, { A("\x01\0\0\0\x05") } },
        { "stops in a payload",                     -ENOTCONN, 0, 0,
          { A("\x01\0\0\0\x05\0\0\0\x04\0\0\0" "\x10") } },
        { "stops in a payload and stays",           -ETIMEDOUT, STAY, 0,
                { A("\x01\0\0\0\x05\0\0\0\x04\0\0\0" "\x10") } },
        { "has another version",                    -EPROTO, STAY, 0,
                { A("\x01\0\0\0\x06\0\0\0\x04\0\0\0" "\x10\x0f\x20\x01") } },
        { "sends too much",                         -EPROTO, STAY, 0,
          { A("\x01\0\0\0\x05\0\0\0\xff\xff\xff\xff") } },
        { "sets reserved flags",                    -EPROTO, STAY, 0,
          { A("\x01\0\0\0\x15\0\0\0\0\0\0\0") } },
        { "answers something else",                 -EPROTO, STAY, 0,
          { A("\x02\0\0\0\x05\0\0\0\0\0\0\0") } },
        { "answers with bad protobuf",              -EPROTO, STAY, 0,
                { A("\x01\0\0\0\x05\0\0\0\x02\0\0\0" "\x0a\x7f") } },
        { "agrees to what was not offered",         -EPROTO, STAY, 0,
                { A("\x01\0\0\0\x05\0\0\0\x0a\0\0\0"
                    "\x10\x80\x80\x80\x80\x80\x80\x80\x80\x40") } },
        { "refuses with BAD_VERSION",               -EPROTO, 0, 0,
                { A("\x01\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x03") } },
        { "refuses with a code of the future",      -EPROTO, STAY, 0,
                { A("\x01\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x63") } },
        { "sends an event of the future, then dies", -ENOTCONN, 0, 0,
          { A("\x60\0\0\0\x01\0\0\0\0\0\0\0") } },
        { "sends an event about INTID 70000",       -EPROTO, STAY, 0,
                { A("\x41\0\0\0\x01\0\0\0\x04\0\0\0" "\x08\xf0\xa2\x04") } },
        { "sends an event about an extended PPI",   -EPROTO, STAY, 0,
                { A("\x41\0\0\0\x01\0\0\0\x03\0\0\0" "\x08\xa0\x08") } },
        { "sends an event about an extended SPI, then dies", -ENOTCONN, 0, 0,
                { A("\x41\0\0\0\x01\0\0\0\x03\0\0\0" "\x08\x80\x20") } },
        { "sends descriptors with HELLO",           -EPROTO, STAY, 3, { A(HELLO_OK) } },
        { "creates nothing",                        -ENOTCONN, 0, 0, { A(HELLO_OK), A("") } },
        { "creates a VM without a description",     -EPROTO, STAY, 0,
                { A(HELLO_OK), A("\x03\0\0\0\x05\0\0\0\0\0\0\0") } },
        { "creates a VM of 4294967295 vCPUs",       -EPROTO, STAY, 0, { A(HELLO_OK),
          A("\x03\0\0\0\x05\0\0\0\x0f\0\0\0"
            "\x12\x0d\x0a\x01v\x10\x01\x30\xff\xff\xff\xff\x0f\x38\x20") } },
        { "creates a VM of 2000 extended SPIs",     -EPROTO, STAY, 0, { A(HELLO_OK),
          A("\x03\0\0\0\x05\0\0\0\x0f\0\0\0"
            "\x12\x0d\x0a\x01v\x10\x01\x30\x01\x38\x20\x98\x01\xd0\x0f") } },
        { "creates a VM of 65 extended PPIs",       -EPROTO, STAY, 0, { A(HELLO_OK),
          A("\x03\0\0\0\x05\0\0\0\x0e\0\0\0"
            "\x12\x0c\x0a\x01v\x10\x01\x30\x01\x38\x20\xa0\x01\x41") } },
        { "creates a VM named ../x",                -EPROTO, STAY, 0, { A(HELLO_OK),
          A("\x03\0\0\0\x05\0\0\0\x0e\0\0\0" "\x12\x0c\x0a\x04../x\x10\x01\x30\x01\x38\x20") } },
        { "initialises another VM",                 -EPROTO, STAY, 0, { A(HELLO_OK), A(CREATE_OK),
          A("\x05\0\0\0\x05\0\0\0\x0d\0\0\0"
            "\x12\x0b\x0a\x01v\x10\x01\x28\x01\x30\x07\x38\x20") } },
        { "initialises one with extended PPIs instead", -EPROTO, STAY, 0,
          { A(HELLO_OK), A(CREATE_OK),
            A("\x05\0\0\0\x05\0\0\0\x10\0\0\0"
              "\x12\x0e\x0a\x01v\x10\x01\x28\x01\x30\x01\x38\x20\xa0\x01\x20") } },
        { "maps without descriptors",               -EPROTO, STAY, 0,
          { A(HELLO_OK), A(CREATE_OK), A(INIT_OK), A("\x06\0\0\0\x05\0\0\0\0\0\0\0") } },
        { "maps a segment without a doorbell",      -EPROTO, STAY, 1,
          { A(HELLO_OK), A(CREATE_OK), A(INIT_OK), A("\x06\0\0\0\x05\0\0\0\0\0\0\0") } },
        { "maps an eventfd",                        -EBADMSG, STAY, 2,
          { A(HELLO_OK), A(CREATE_OK), A(INIT_OK), A("\x06\0\0\0\x05\0\0\0\0\0\0\0") } },
        { "maps three descriptors",                 -EPROTO, STAY, 3,
          { A(HELLO_OK), A(CREATE_OK), A(INIT_OK), A("\x06\0\0\0\x05\0\0\0\0\0\0\0") } },
        { "refuses the map, with descriptors",      -ENOENT, STAY, 2,
          { A(HELLO_OK), A(CREATE_OK), A(INIT_OK),
            A("\x06\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x09") } },
};

static void lie(int listener, const struct script *script)
{
        int fd = accept(listener, NULL, NULL), bell = eventfd(0, 0), fds[3] = { bell, bell, bell };
        char c;

        for (unsigned i = 0; i < 4 && script->answers[i].bytes; i++) {
                bool last = i == 3 || !script->answers[i + 1].bytes;

                skip_request(fd);
                if (script->answers[i].n > 0)
                        proto_fds_send(fd, script->answers[i].bytes, script->answers[i].n, fds,
                                       last ? script->n_fds : 0);
        }
        if (script->flags & STAY)
                while (read(fd, &c, 1) > 0)
                        ;
        _exit(0);
}

static int use(struct vgic_conn **ret_conn, struct vgic_vm **ret_vm, const char *path,
               uint32_t timeout_ms)
{
        struct vgic_conn_options options = { .size = sizeof(options), .socket_path = path,
                                             .timeout_ms = timeout_ms };
        struct vgic_vm_config config = { .size = sizeof(config), .name = "v", .n_vcpus = 1,
                                         .n_spis = 32 };
        int r = vgic_connect(&options, ret_conn);

        if (r == 0)
                r = vgic_vm_create(*ret_conn, &config, ret_vm);
        if (r == 0)
                r = vgic_vm_init(*ret_vm);
        return r;
}

static void daemon_that_lies_is_left_with_words(const struct script *script, const char *path,
                                                int listener)
{
        struct vgic_conn *conn = NULL;
        struct vgic_vm *vm = NULL;
        int before = tap_fd_count(), r;
        pid_t pid = fork();

        if (pid == 0)
                lie(listener, script);
        r = use(&conn, &vm, path, script->result == -ETIMEDOUT ? TIMEOUT_MS : WAIT_MS);
        tap_eq(r, script->result, "a daemon that %s", script->what);
        tap_ok(vgic_conn_error(conn)[0], "a daemon that %s: the words say so: %s", script->what,
               vgic_conn_error(conn));
        /* a daemon that stays, and says no more, would have the end waited for */
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        tap_eq(tap_fd_count(), before, "a daemon that lied, disconnected: no descriptor is left");
}

/* A reply that comes after its call gave up is not taken for the next one's. */
static void late(int listener)
{
        static const char list[] = "\x02\0\0\0\x05\0\0\0\0\0\0\0";
        static const char refused[] = "\x0a\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x09";
        int fd = accept(listener, NULL, NULL);

        skip_request(fd);
        send(fd, HELLO_OK, sizeof(HELLO_OK) - 1, 0);
        skip_request(fd);               /* VM_LIST: no answer yet */
        skip_request(fd);               /* VM_INFO: both */
        send(fd, list, sizeof(list) - 1, 0);
        send(fd, refused, sizeof(refused) - 1, 0);
        skip_request(fd);
        _exit(0);
}

static void late_reply_is_not_the_next_calls(const char *path, int listener)
{
        struct vgic_conn_options options = { .size = sizeof(options), .socket_path = path,
                                             .timeout_ms = LATE_MS };
        struct vgic_conn *conn = NULL;
        struct vgic_vm_info *infos = NULL, info = { .size = sizeof(info) };
        size_t n;
        pid_t pid = fork();

        if (pid == 0)
                late(listener);
        tap_eq(vgic_connect(&options, &conn), 0, "a slow daemon");
        tap_eq(vgic_vm_list(conn, &infos, &n), -ETIMEDOUT, "a slow daemon, VM_LIST: %s",
               vgic_conn_error(conn));
        tap_eq(vgic_vm_query(conn, "x", &info), -ENOENT,
               "a slow daemon, the next call: the late reply is not taken for its own");
        vgic_disconnect(conn);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

/*
 * HELLO_OK is the answer of a daemon that does not know the feature EXTENDED: one VM_CREATE,
 * and it succeeds.
 */
static void old_daemon(int listener)
{
        int fd = accept(listener, NULL, NULL);
        char c;

        skip_request(fd);
        send(fd, HELLO_OK, sizeof(HELLO_OK) - 1, 0);
        skip_request(fd);
        send(fd, CREATE_OK, sizeof(CREATE_OK) - 1, 0);
        while (read(fd, &c, 1) > 0)
                ;
        _exit(0);
}

#define CONFIG(...)                                                                       \
        { .size = sizeof(struct vgic_vm_config), .name = "v", .n_vcpus = 1, .n_spis = 32, \
          __VA_ARGS__ }

static void old_daemon_is_not_asked_for_what_it_lacks(const char *path, int listener)
{
        static const uint32_t one[] = { 1 };
        static const struct vgic_vm_config extended[] = {
                CONFIG(.n_espis = 32), CONFIG(.n_eppis = 32), CONFIG(.affinity_levels = 3),
                CONFIG(.flags = VGIC_VM_NO_1_OF_N), CONFIG(.flags = VGIC_VM_NO_RSS),
                CONFIG(.n_redist_regions = 1, .redist_regions = one),
        };
        static const struct vgic_vm_config plain = CONFIG(.affinity_levels = 4);
        struct vgic_conn_options options = { .size = sizeof(options), .socket_path = path,
                                             .timeout_ms = WAIT_MS };
        static const uint32_t spi[] = { 40 }, users[VGIC_GRANT_MAX_UIDS + 1] = { 0 };
        struct vgic_vm_info info = { .size = sizeof(info) };
        char token[VGIC_TOKEN_MAX + 1];
        struct vgic_conn *conn = NULL;
        struct vgic_vm *vm = NULL;
        pid_t pid = fork();

        if (pid == 0)
                old_daemon(listener);
        tap_eq(vgic_connect(&options, &conn), 0, "a daemon that knows no extended ranges");
        for (size_t i = 0; i < sizeof(extended) / sizeof(extended[0]); i++)
                tap_eq(vgic_vm_create(conn, &extended[i], &vm), -EOPNOTSUPP,
                       "a daemon that knows no extended ranges is not asked for them: %s",
                       vgic_conn_error(conn));
        tap_eq(vgic_vm_create(conn, &plain, &vm), 0,
               "a daemon that knows no extended ranges, a plain VM: made, %s",
               vgic_conn_error(conn));
        tap_ok(vgic_vm_get_info(vm, &info) == 0 && info.affinity_levels == 4 &&
                       info.n_redist_regions == 1 && info.n_espis == 0 && info.n_eppis == 0,
               "a daemon that knows no extended ranges, a plain VM: told as what it is");
        tap_eq(vgic_grant_to(vm, "disk", spi, 1, users, VGIC_GRANT_MAX_UIDS + 1, token), -EINVAL,
               "a grant for more users than one can have: %s", vgic_conn_error(conn));
        tap_eq(vgic_grant_to(vm, "disk", spi, 1, users, 1, token), -EOPNOTSUPP,
               "a daemon that would leave out the users of a grant is not asked for it: %s",
               vgic_conn_error(conn));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

int main(void)
{
        struct liar liar;

        liar_listen(&liar);
        for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
                daemon_that_lies_is_left_with_words(&scripts[i], liar.address.sun_path,
                                                    liar.listener);
        late_reply_is_not_the_next_calls(liar.address.sun_path, liar.listener);
        old_daemon_is_not_asked_for_what_it_lacks(liar.address.sun_path, liar.listener);
        liar_close(&liar);
        return tap_done();
}
