/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Log writer: see log-writer.h
 *
 * The state below is part of the log, which the project's rule against globals excepts.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "log-limit.h"
#include "log-writer.h"
#include "thread.h"

/* As those of log.c. */
static const char lost_id[] = "2a477f9033a14da8baf11094492f8d35";
static const char left_out_id[] = "2ebff33ceb474b7a9d4597c7fe4b5bc9";

#define STACK_BYTES  (256u * 1024)
#define WHO_MAX  160u

static struct {
        pthread_mutex_t lock;
        pthread_cond_t filled;
        pthread_cond_t idle;            /* all is written */
        bool is_started;
        bool is_ending;                 /* tell everything now */
        bool is_writing;
        bool is_journal;
        unsigned first, n;              /* of lines, a ring */
        unsigned n_lost;                /* since the last that found room */
        unsigned n_failed;              /* the thread's: not taken by where they go */
        struct {
                uint64_t written, failed;
        } ever;                         /* the thread's */
        uint64_t n_written, n_unwritten, n_full;        /* the same, and what found no room */
        struct log_entry lines[LOG_WRITER_LINES];
} writer = { .lock = PTHREAD_MUTEX_INITIALIZER };

/*
 * systemd says in $JOURNAL_STREAM which file the journal is; a redirected standard error differs
 * from it.
 */
static bool stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long dev, ino;
        struct stat st;

        if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2 ||
            fstat(STDERR_FILENO, &st) < 0)
                return false;
        return st.st_dev == dev && st.st_ino == ino;
}

const char *log_writer_priority_name(int priority)
{
        static const char *const names[] = {
                [LOG_ERR] = "error", [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
                [LOG_INFO] = "info",
                [LOG_DEBUG] = "debug",
        };

        return names[priority];
}

/* Not by stdio, whose lock exit() would wait for. Return: all of it is written. */
static bool write_all(int fd, const char *bytes, size_t n)
{
        while (n > 0) {
                ssize_t done = write(fd, bytes, n);

                if (done > 0) {
                        bytes += done;
                        n -= (size_t)done;
                } else if (done < 0 && errno == EAGAIN) { /* others share it, and made it so */
                        struct pollfd wait = { .fd = fd, .events = POLLOUT };

                        poll(&wait, 1, -1);
                } else if (done == 0 || errno != EINTR) {
                        return false;
                }
        }
        return true;
}

/* What the line is about, in front of its text: "destroyed" alone says nothing. */
static void say_who(const struct log_entry *entry, char who[WHO_MAX])
{
        who[0] = '\0';
        if (entry->vm[0] && entry->session)
                snprintf(who, WHO_MAX, "vm %s, session %" PRIu64 ": ", entry->vm, entry->session);
        else if (entry->vm[0])
                snprintf(who, WHO_MAX, "vm %s: ", entry->vm);
        else if (entry->session)
                snprintf(who, WHO_MAX, "session %" PRIu64 ": ", entry->session);
}

/* A line for people, with the time of the event, not of the writing: the writer may be behind. */
static bool to_stderr(const struct log_entry *entry)
{
        char line[LOG_TEXT_MAX + WHO_MAX + 64], who[WHO_MAX], stamp[32];
        struct tm tm;
        int n;

        say_who(entry, who);
        localtime_r(&entry->when.tv_sec, &tm);
        strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
        n = snprintf(line, sizeof(line), "vgicd %s.%03ld %-7s %s%s\n", stamp,
                     entry->when.tv_nsec / 1000000, log_writer_priority_name(entry->priority),
                     who, entry->text);
        return write_all(STDERR_FILENO, line, (size_t)n);
}

/*
 * One "NAME=value" for the journal, cut to @size. Return: how many entries of @iov it fills: 1; 0
 * it cannot be formatted.
 */
static int field(struct iovec *iov, char *buffer, size_t size, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
static int field(struct iovec *iov, char *buffer, size_t size, const char *format, ...)
{
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(buffer, size, format, args);
        va_end(args);
        if (n < 0)
                return 0;
        iov->iov_base = buffer;
        iov->iov_len = (size_t)n < size ? (size_t)n : size - 1;
        return 1;
}

#define FIELDS_MAX  11

/*
 * With what it is about as fields, so that a log can be searched by them. Return: it was taken.
 */
static bool to_journal(const struct log_entry *entry)
{
        char message[LOG_TEXT_MAX + WHO_MAX + 16], level[32], session[48], who[WHO_MAX], uid[32];
        char vm[LOG_NAME_MAX + 16], client[LOG_NAME_MAX + 16], grant[LOG_NAME_MAX + 16];
        char id[64], pid[32], vcpu[32], intid[32];
        struct iovec iov[FIELDS_MAX];
        int n = 0;

        say_who(entry, who);
        n += field(&iov[n], message, sizeof(message), "MESSAGE=%s%s", who, entry->text);
        if (entry->message_id)
                n += field(&iov[n], id, sizeof(id), "MESSAGE_ID=%s", entry->message_id);
        if (entry->has_uid)
                n += field(&iov[n], uid, sizeof(uid), "VGICD_UID=%u", (unsigned)entry->uid);
        n += field(&iov[n], level, sizeof(level), "PRIORITY=%d", entry->priority);
        if (entry->vm[0])
                n += field(&iov[n], vm, sizeof(vm), "VGICD_VM=%s", entry->vm);
        if (entry->session)
                n += field(&iov[n], session, sizeof(session), "VGICD_SESSION=%" PRIu64,
                           entry->session);
        if (entry->pid)
                n += field(&iov[n], pid, sizeof(pid), "VGICD_PID=%d", (int)entry->pid);
        if (entry->client[0])
                n += field(&iov[n], client, sizeof(client), "VGICD_CLIENT=%s", entry->client);
        if (entry->grant[0])
                n += field(&iov[n], grant, sizeof(grant), "VGICD_GRANT=%s", entry->grant);
        if (entry->has_vcpu)
                n += field(&iov[n], vcpu, sizeof(vcpu), "VGICD_VCPU=%" PRIu32, entry->vcpu);
        if (entry->has_intid)
                n += field(&iov[n], intid, sizeof(intid), "VGICD_INTID=%" PRIu32, entry->intid);
        return sd_journal_sendv(iov, n) >= 0;
}

static bool write_entry(const struct log_entry *entry)
{
        bool done = writer.is_journal ? to_journal(entry) : to_stderr(entry);

        writer.ever.written += done;
        return done;
}

/* It goes in front of what could be written again, or alone. */
static void tell_lost(unsigned n)
{
        struct log_entry entry = { .priority = LOG_WARNING, .message_id = lost_id };

        if (n == 0 && writer.n_failed == 0)
                return;
        clock_gettime(CLOCK_REALTIME, &entry.when);
        snprintf(entry.text, sizeof(entry.text),
                 "%u lines of the log were lost: what reads it was stuck, slow or full",
                 n + writer.n_failed);
        if (write_entry(&entry))
                writer.n_failed = 0;
        else
                writer.n_failed += n;
}

static void write_next(const struct log_entry *entry)
{
        tell_lost(entry->n_lost);
        if (write_entry(entry))
                return;
        writer.n_failed++;
        writer.ever.failed++;
}

/*
 * The oldest line, or the number of those that were lost after all of them. Called with the lock;
 * not while it writes.
 */
static void write_one(void)
{
        struct log_entry entry;
        bool have = writer.n > 0;
        unsigned n_lost = writer.n_lost;

        if (have) {
                entry = writer.lines[writer.first];
                writer.first = (writer.first + 1) % LOG_WRITER_LINES;
                writer.n--;
        } else {
                writer.n_lost = 0;
        }
        writer.is_writing = true;
        pthread_mutex_unlock(&writer.lock);
        if (have)
                write_next(&entry);
        else
                tell_lost(n_lost);
        pthread_mutex_lock(&writer.lock);
        writer.is_writing = false;
        writer.n_written = writer.ever.written;
        writer.n_unwritten = writer.ever.failed;
}

/* Called with the lock. */
static void put(const struct log_entry *entry)
{
        if (writer.n < LOG_WRITER_LINES) {
                struct log_entry *slot =
                        &writer.lines[(writer.first + writer.n) % LOG_WRITER_LINES];

                *slot = *entry;
                slot->n_lost = writer.n_lost;
                writer.n_lost = 0;
                writer.n++;
        } else {
                writer.n_lost++;
                writer.n_full++;
        }
}

/* Called with the lock. */
static void put_left_out(const struct log_left_out *left_out)
{
        struct log_entry entry = {
                .priority = LOG_NOTICE, .message_id = left_out_id, .uid = left_out->uid,
                .has_uid = left_out->uid != LOG_LIMIT_NOBODY,
        };
        char who[32] = "other users";

        if (left_out->uid != LOG_LIMIT_NOBODY)
                snprintf(who, sizeof(who), "user %u", (unsigned)left_out->uid);
        clock_gettime(CLOCK_REALTIME, &entry.when);
        snprintf(entry.text, sizeof(entry.text), "%s: %u lines of the kind \"%s\" were left out",
                 who, left_out->n, left_out->kind);
        put(&entry);
}

/* Until somebody puts a line, or it may be time to tell what was left out. */
static void wait_for_more(void)
{
        struct timespec until;

        if (!log_limit_is_due()) {
                pthread_cond_wait(&writer.filled, &writer.lock);
                return;
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        pthread_cond_timedwait(&writer.filled, &writer.lock, &until);
}

/*
 * The writer's thread: whatever reads the log may stand still, and the daemon must not wait for it.
 * It is never joined; log_writer_finish() waits until it is idle, for a limited time.
 */
static void *write_for_ever(void *arg)
{
        struct log_left_out left_out;

        (void)arg;
        pthread_mutex_lock(&writer.lock);
        for (;;) {
                while (writer.n > 0 || writer.n_lost > 0)
                        write_one();
                while (log_limit_pop(writer.is_ending, &left_out))
                        put_left_out(&left_out);
                if (writer.n > 0)
                        continue;
                pthread_cond_broadcast(&writer.idle);
                wait_for_more();
        }
        return NULL;
}

int log_writer_start(void)
{
        pthread_condattr_t monotonic;
        int r;

        writer.is_journal = stderr_is_journal();
        tzset(); /* it reads a file, for localtime_r() */
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&writer.filled, &monotonic);
        pthread_cond_init(&writer.idle, &monotonic);
        pthread_condattr_destroy(&monotonic);
        r = thread_start(STACK_BYTES, write_for_ever, NULL);
        writer.is_started = r == 0;
        return r;
}

void log_writer_put(const struct log_entry *entry)
{
        if (!writer.is_started) {
                write_next(entry);
                return;
        }
        pthread_mutex_lock(&writer.lock);
        put(entry);
        pthread_cond_signal(&writer.filled);
        pthread_mutex_unlock(&writer.lock);
}

void log_writer_left_out(void)
{
        pthread_mutex_lock(&writer.lock);
        pthread_cond_signal(&writer.filled);
        pthread_mutex_unlock(&writer.lock);
}

struct log_counts log_writer_counts(void)
{
        struct log_counts counts;

        pthread_mutex_lock(&writer.lock);
        counts = (struct log_counts){
                .n_written = writer.n_written, .n_lost = writer.n_unwritten + writer.n_full,
                .n_left_out = log_limit_left_out(),
        };
        pthread_mutex_unlock(&writer.lock);
        return counts;
}

static bool is_all_written(void)
{
        return writer.n == 0 && writer.n_lost == 0 && !writer.is_writing && !log_limit_is_due();
}

void log_writer_finish(void)
{
        struct timespec until;
        int r = 0;

        if (!writer.is_started)
                return;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOG_WRITER_LAST_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_mutex_lock(&writer.lock);
        writer.is_ending = true;
        pthread_cond_signal(&writer.filled);
        while (r == 0 && !is_all_written())
                r = pthread_cond_timedwait(&writer.idle, &writer.lock, &until);
        pthread_mutex_unlock(&writer.lock);
}
