/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * libvgic against a daemon that is late: a child that answers when the test lets it
 *
 * A call that timed out and is made again gets the late answer, whenever that comes and whatever
 * comes before it; it is carried out once, and no descriptor of a late reply is left.
 */
#include <errno.h>
#include <poll.h>
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
#include "vgic-conn.h"
#include "vgic/vgic.h"

#define SILENT_MS   20u         /* where nothing will come */
#define LATE_MS     2000u       /* where one answer comes in time and another does not */
#define WAIT_MS     20000u      /* where all answers come, on whichever machine */

/*
 * A daemon that is late: it says what the script says each time that the test lets it, and reads
 * requests as they come. Not more requests than the script has answers reach it.
 */
#define TOKEN        "0123456789abcdef0123456789abcdef"
#define GRANT_OK     "\x14\0\0\0\x05\0\0\0\x22\0\0\0" "\x12\x20" TOKEN
#define GRANT_EXISTS "\x14\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x0a"
#define GRANT_LIMIT  "\x14\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x0e"
#define INFO_NONE    "\x0a\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x09"
#define REVOKE_OK    "\x15\0\0\0\x05\0\0\0\0\0\0\0"
#define REVOKE_NONE  "\x15\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x09"
#define DESTROY_OK   "\x09\0\0\0\x05\0\0\0\0\0\0\0"
#define DESTROY_NONE "\x09\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x09"
#define ATTACH_OK    "\x04\0\0\0\x05\0\0\0\x0e\0\0\0" INFO_BODY "\x1a\x01\x28"
#define HELLO_ATTRS  "\x01\0\0\0\x05\0\0\0\x04\0\0\0" "\x10\x2f\x20\x01"
#define ATTR_OK      "\x19\0\0\0\x05\0\0\0\0\0\0\0"
#define ATTR_EXISTS  "\x19\0\0\0\x05\0\0\0\x04\0\0\0" "\x0a\x02\x08\x0a"
#define RING_OK      "\x16\0\0\0\x05\0\0\0\0\0\0\0"
#define DETACH_OK    "\x08\0\0\0\x05\0\0\0\0\0\0\0"
#define REVOKED_ALL  "\x42\0\0\0\x01\0\0\0\0\0\0\0"
#define MAP_OK       "\x06\0\0\0\x05\0\0\0\0\0\0\0"

struct late_step {
        unsigned n_requests;    /* read so many first */
        const char *bytes;      /* then say this, when it is let */
        size_t n;
        unsigned n_fds;         /* eventfds along with it */
};

#define S(n_requests, s, n_fds) { n_requests, s, sizeof(s) - 1, n_fds }
#define BEGIN S(1, HELLO_OK, 0), S(1, CREATE_OK, 0)

static void be_late(int listener, int go, const struct late_step *steps)
{
        int fd = accept(listener, NULL, NULL), bell = eventfd(0, 0), fds[3] = { bell, bell, bell };
        char c;

        for (; steps->bytes; steps++) {
                for (unsigned i = 0; i < steps->n_requests; i++)
                        skip_request(fd);
                if (read(go, &c, 1) == 1)
                        proto_fds_send(fd, steps->bytes, steps->n, fds, steps->n_fds);
        }
        while (read(fd, &c, 1) > 0)
                ;
        _exit(0);
}

struct late_rig {
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        pid_t pid;
        int go;
        int n_fds;
};

/* From now on nothing comes. */
static void hold(struct late_rig *rig)
{
        rig->conn->timeout_ms = SILENT_MS;
}

/* Say the next @n: they come. */
static void let(struct late_rig *rig, unsigned n)
{
        if (rig->conn)
                rig->conn->timeout_ms = WAIT_MS;
        while (n--)
                if (write(rig->go, "", 1) != 1)
                        tap_bail("the late daemon is gone");
}

/* Attached to the VM "v", if the script has two answers for that. */
static void late_begin(struct late_rig *rig, const char *path, int listener,
                       const struct late_step *steps)
{
        struct vgic_conn_options options = {
                .size = sizeof(options), .socket_path = path, .timeout_ms = WAIT_MS,
        };
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = "v", .n_vcpus = 1, .n_spis = 32,
        };
        int go[2];

        *rig = (struct late_rig){ .n_fds = tap_fd_count() };
        if (pipe(go) < 0)
                tap_bail("no pipe");
        rig->go = go[1];
        rig->pid = fork();
        if (rig->pid == 0) {
                close(go[1]);
                be_late(listener, go[0], steps);
        }
        close(go[0]);
        let(rig, 2);
        if (vgic_connect(&options, &rig->conn) < 0 ||
            vgic_vm_create(rig->conn, &config, &rig->vm) < 0)
                tap_bail("a late daemon: %s", vgic_conn_error(rig->conn));
        hold(rig);
}

static void late_end(struct late_rig *rig, const char *what)
{
        kill(rig->pid, SIGKILL);
        waitpid(rig->pid, NULL, 0);
        vgic_vm_detach(rig->vm);
        vgic_disconnect(rig->conn);
        close(rig->go);
        tap_eq(tap_fd_count(), rig->n_fds, "%s: no descriptor is left", what);
}

static int late_grant(struct late_rig *rig, uint32_t intid, char *token)
{
        return vgic_grant(rig->vm, "disk", &intid, 1, token);
}

/* Until what was let is here, and taken in. */
static int late_process(struct late_rig *rig)
{
        struct pollfd wait = { .fd = vgic_conn_fd(rig->conn), .events = POLLIN };

        poll(&wait, 1, WAIT_MS);
        return vgic_conn_process(rig->conn);
}

/* What timed out is answered, and taken in by the host's loop; then the next may come. */
static void take_late(struct late_rig *rig)
{
        let(rig, 1);
        late_process(rig);
        let(rig, 1);
}

static void late_answer_comes_to_the_retry(const char *path, int listener)
{
        static const struct late_step steps[] = {
                BEGIN, S(1, GRANT_OK, 0), S(1, GRANT_EXISTS, 0), { 0 }
        };
        char token[VGIC_TOKEN_MAX + 1] = "";
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        tap_eq(late_grant(&rig, 40, token), -ETIMEDOUT, "a late grant");
        tap_eq(late_grant(&rig, 40, token), -ETIMEDOUT, "a late grant, again: still late");
        let(&rig, 1);
        tap_eq(late_grant(&rig, 40, token), 0, "a late grant, again: it is the answer: %s",
               vgic_conn_error(rig.conn));
        tap_ok(strcmp(token, TOKEN) == 0, "a late grant: its token");
        let(&rig, 1);
        tap_eq(late_grant(&rig, 40, token), -EEXIST,
               "a late grant, once more: that is another request");
        late_end(&rig, "a late grant");
}

/*
 * An answer to something else comes first, one that was refused; the late one is kept, with none of
 * its descriptors.
 */
static void late_answer_waits_for_the_retry(const char *path, int listener)
{
        static const struct late_step steps[] = {
                BEGIN, S(3, GRANT_OK, 3), S(0, GRANT_EXISTS, 0), S(0, INFO_NONE, 0),
                { 0 }
        };
        struct vgic_vm_info info = { .size = sizeof(info) };
        char token[VGIC_TOKEN_MAX + 1] = "";
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        tap_eq(late_grant(&rig, 40, token), -ETIMEDOUT, "a grant that waits");
        tap_eq(late_grant(&rig, 41, token), -ETIMEDOUT,
               "a grant that waits, and one of another SPI");
        let(&rig, 3);
        tap_eq(vgic_vm_query(rig.conn, "x", &info), -ENOENT,
               "a grant that waits: another call has its own answer");
        tap_eq(late_grant(&rig, 40, token), 0, "a grant that waits: its retry sends nothing: %s",
               vgic_conn_error(rig.conn));
        tap_ok(strcmp(token, TOKEN) == 0, "a grant that waits: its token");
        late_end(&rig, "a grant that waits");
}

/*
 * A request that failed changed nothing: it is asked for again, or its late refusal is the answer.
 */
static void late_refusal_is_no_answer_for_ever(const char *path, int listener)
{
        static const struct late_step steps[] = {
                BEGIN, S(1, GRANT_LIMIT, 0), S(1, GRANT_OK, 0), { 0 }
        };
        char token[VGIC_TOKEN_MAX + 1] = "";
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        tap_eq(late_grant(&rig, 40, token), -ETIMEDOUT, "a late refusal");
        let(&rig, 1);
        tap_eq(late_process(&rig), 0, "a late refusal: taken in");
        let(&rig, 1);
        tap_eq(late_grant(&rig, 40, token), 0, "a late refusal: asked again: %s",
               vgic_conn_error(rig.conn));
        late_end(&rig, "a late refusal");
}

static void late_destruction_is_no_error(const char *path, int listener)
{
        static const struct late_step steps[] = {
                BEGIN, S(1, DESTROY_OK, 0), S(1, DESTROY_NONE, 0),
                S(1, DESTROY_NONE, 0), { 0 }
        };
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        tap_eq(vgic_vm_destroy(rig.conn, "w"), -ETIMEDOUT, "a late destruction");
        take_late(&rig);
        tap_eq(vgic_vm_destroy(rig.conn, "w"), 0,
               "a late destruction, again: there is no such VM, as was asked");
        tap_ok(!vgic_conn_error(rig.conn)[0], "a late destruction: which is no failure: %s",
               vgic_conn_error(rig.conn));
        let(&rig, 1);
        tap_eq(vgic_vm_destroy(rig.conn, "w"), -ENOENT,
               "a late destruction, once more: there was none");
        late_end(&rig, "a late destruction");
}

/* The name is another VM's by now, which this connection has made, and somebody else destroyed. */
static void late_destruction_says_nothing_of_the_next_vm(const char *path, int listener)
{
        static const struct late_step steps[] = {
                BEGIN, S(1, DETACH_OK, 0), S(1, DESTROY_OK, 0), S(1, CREATE_OK, 0),
                S(1, DESTROY_NONE, 0), { 0 }
        };
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = "v", .n_vcpus = 1, .n_spis = 32,
        };
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        let(&rig, 1);
        vgic_vm_detach(rig.vm);
        hold(&rig);
        tap_eq(vgic_vm_destroy(rig.conn, "v"), -ETIMEDOUT, "a name used again");
        take_late(&rig);
        tap_eq(vgic_vm_create(rig.conn, &config, &rig.vm), 0, "a name used again: for a new VM: %s",
               vgic_conn_error(rig.conn));
        let(&rig, 1);
        tap_eq(vgic_vm_destroy(rig.conn, "v"), -ENOENT,
               "a name used again: the new VM is gone by somebody else's doing");
        late_end(&rig, "a name used again");
}

/* A label is another grant's by now, which somebody else has revoked. */
static void late_revocation_says_nothing_of_the_next_grant(const char *path, int listener)
{
        static const struct late_step steps[] = {
                BEGIN, S(1, REVOKE_OK, 0), S(1, GRANT_OK, 0), S(1, REVOKE_NONE, 0), { 0 }
        };
        char token[VGIC_TOKEN_MAX + 1] = "";
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        tap_eq(vgic_revoke(rig.vm, "disk"), -ETIMEDOUT, "a label used again");
        take_late(&rig);
        tap_eq(late_grant(&rig, 40, token), 0, "a label used again: for a new grant");
        let(&rig, 1);
        tap_eq(vgic_revoke(rig.vm, "disk"), -ENOENT,
               "a label used again: the new grant is gone by somebody else's doing");
        late_end(&rig, "a label used again");
}

/* What the destroyed VM was given is not what the next one of its name has. */
static void late_attribute_says_nothing_of_the_next_vm(const char *path, int listener)
{
        static const struct late_step steps[] = {
                S(1, HELLO_ATTRS, 0), S(1, CREATE_OK, 0), S(1, ATTR_OK, 0), S(1, DESTROY_OK, 0),
                S(1, ATTR_EXISTS, 0), { 0 }
        };
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        tap_eq(vgic_msg_attr_set(rig.conn, "w", VGIC_ATTR_NR_IRQS, 0, 128), -ETIMEDOUT,
               "a late attribute");
        take_late(&rig);
        tap_eq(vgic_vm_destroy(rig.conn, "w"), 0, "a late attribute: its VM is destroyed");
        let(&rig, 1);
        tap_eq(vgic_msg_attr_set(rig.conn, "w", VGIC_ATTR_NR_IRQS, 0, 128), -EEXIST,
               "a late attribute: the next VM's was set by somebody else");
        late_end(&rig, "a late attribute");
}

/* The daemon reads nothing, and more than can wait is asked for. */
static void what_was_not_sent_undoes_nothing(const char *path, int listener)
{
        static const struct late_step steps[] = { BEGIN, S(0, GRANT_OK, 0), { 0 } };
        static uint32_t many[VGIC_MAX_SPIS + VGIC_MAX_ESPIS];
        char token[VGIC_TOKEN_MAX + 1], label[16];
        struct late_rig rig;

        for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
                many[i] = VGIC_ESPI_FIRST;
        late_begin(&rig, path, listener, steps);
        tap_eq(late_grant(&rig, 40, token), -ETIMEDOUT, "a late grant, nothing more can be sent");
        rig.conn->timeout_ms = 1;
        for (int i = 100, r = -ETIMEDOUT; r == -ETIMEDOUT; i++) {
                snprintf(label, sizeof(label), "grant%d", i);
                r = vgic_grant(rig.vm, label, many, sizeof(many) / sizeof(many[0]), token);
        }
        /* And what is as short as what shall not be sent. */
        for (int i = 100, r = -ETIMEDOUT; r == -ETIMEDOUT; i++) {
                snprintf(label, sizeof(label), "r%d", i);
                r = vgic_revoke(rig.vm, label);
        }
        tap_eq(vgic_revoke(rig.vm, "disk"), -ENOBUFS,
               "a late grant: its revocation cannot be sent");
        let(&rig, 1);
        tap_eq(late_grant(&rig, 40, token), 0, "a late grant: so it is there: %s",
               vgic_conn_error(rig.conn));
        late_end(&rig, "a late grant");
}

/* Several requests make one call; what comes late for one of them is closed. */
static void late_map_is_asked_for_again(const char *path, int listener)
{
        static const struct late_step steps[] = {
                BEGIN, S(1, INIT_OK, 0), S(2, MAP_OK, 3), S(0, INIT_OK, 0),
                S(1, MAP_OK, 3), { 0 }
        };
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        let(&rig, 1);
        rig.conn->timeout_ms = LATE_MS; /* INIT is answered, MAP is not */
        tap_eq(vgic_vm_init(rig.vm), -ETIMEDOUT, "a late map");
        let(&rig, 3);
        tap_eq(vgic_vm_init(rig.vm), -EPROTO, "a late map: what is asked for again is judged: %s",
               vgic_conn_error(rig.conn));
        tap_ok(strstr(vgic_conn_error(rig.conn), "lock file"),
               "a late map: and it is the second one");
        late_end(&rig, "a late map");
}

/*
 * A device that has no ring yet is none: it leaves, and its retry begins anew, behind that. Both
 * late answers come when the daemon has read that it leaves: a caller who waits gets them.
 */
static void late_ring_is_asked_for_again(const char *path, int listener)
{
        static const struct late_step steps[] = {
                BEGIN, S(1, DETACH_OK, 0), S(1, ATTACH_OK, 0), S(2, RING_OK, 3), S(0, DETACH_OK, 0),
                S(1, ATTACH_OK, 0), S(1, RING_OK, 3), S(1, DETACH_OK, 0), { 0 }
        };
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        let(&rig, 7);
        vgic_vm_detach(rig.vm);
        rig.vm = NULL;
        rig.conn->timeout_ms = LATE_MS; /* ATTACH is answered, RING_SETUP is not */
        tap_eq(vgic_device_attach(rig.conn, "v", TOKEN, &rig.vm), -ETIMEDOUT, "a late ring");
        tap_eq(rig.conn->n_sent - rig.conn->n_answered, 2,
               "a late ring: the caller has waited, and is not made to wait for the detach, too");
        rig.conn->timeout_ms = WAIT_MS;
        tap_eq(vgic_device_attach(rig.conn, "v", TOKEN, &rig.vm), -EBADMSG,
               "a late ring: what is asked for again is judged: %s", vgic_conn_error(rig.conn));
        late_end(&rig, "a late ring");
}

/* They are about the VM that was left, and would be taken for the next one's. */
static void events_before_a_late_detach_are_nobodys(const char *path, int listener)
{
        static const struct late_step steps[] = {
                BEGIN, S(1, REVOKED_ALL DETACH_OK, 0), S(1, CREATE_OK, 0), S(0, REVOKED_ALL, 0),
                { 0 }
        };
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = "v", .n_vcpus = 1, .n_spis = 32,
        };
        struct vgic_event event;
        struct late_rig rig;

        late_begin(&rig, path, listener, steps);
        vgic_vm_detach(rig.vm);
        let(&rig, 2);
        tap_eq(vgic_vm_create(rig.conn, &config, &rig.vm), 0, "a late detach: the next VM");
        tap_eq(vgic_conn_next_event(rig.conn, &event), 0,
               "a late detach: the last one's event is not its");
        let(&rig, 1);
        tap_eq(late_process(&rig), 1, "a late detach: the next one's is");
        late_end(&rig, "a late detach");
}

static void late_nonsense_ends_the_connection(const char *path, int listener)
{
        static const struct {
                const char *what;
                const struct late_step steps[4];
        } lies[] = {
                { "is to something else", { BEGIN, S(1, DESTROY_OK, 0), { 0 } } },
                { "does not decode", { BEGIN,
                        S(1, "\x14\0\0\0\x05\0\0\0\x02\0\0\0" "\x0a\x7f", 0), { 0 } } },
                { "comes twice", { BEGIN, S(1, GRANT_OK GRANT_OK, 0), { 0 } } },
        };
        char token[VGIC_TOKEN_MAX + 1];
        struct late_rig rig;

        for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
                late_begin(&rig, path, listener, lies[i].steps);
                late_grant(&rig, 40, token);
                let(&rig, 1);
                tap_eq(late_process(&rig), -EPROTO, "a late answer that %s: %s", lies[i].what,
                       vgic_conn_error(rig.conn));
                tap_eq(late_grant(&rig, 40, token), -ENOTCONN, "a late answer that %s: it is over",
                       lies[i].what);
                late_end(&rig, lies[i].what);
        }
}

int main(void)
{
        struct liar liar;

        liar_listen(&liar);
        late_answer_comes_to_the_retry(liar.address.sun_path, liar.listener);
        late_answer_waits_for_the_retry(liar.address.sun_path, liar.listener);
        late_refusal_is_no_answer_for_ever(liar.address.sun_path, liar.listener);
        late_destruction_is_no_error(liar.address.sun_path, liar.listener);
        late_destruction_says_nothing_of_the_next_vm(liar.address.sun_path, liar.listener);
        late_revocation_says_nothing_of_the_next_grant(liar.address.sun_path, liar.listener);
        late_attribute_says_nothing_of_the_next_vm(liar.address.sun_path, liar.listener);
        what_was_not_sent_undoes_nothing(liar.address.sun_path, liar.listener);
        late_map_is_asked_for_again(liar.address.sun_path, liar.listener);
        late_ring_is_asked_for_again(liar.address.sun_path, liar.listener);
        events_before_a_late_detach_are_nobodys(liar.address.sun_path, liar.listener);
        late_nonsense_ends_the_connection(liar.address.sun_path, liar.listener);
        liar_close(&liar);
        return tap_done();
}
