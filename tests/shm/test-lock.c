/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Locks: a session lives as long as anything of its open file is left, and one at a time serves
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm-lock.h"
#include "tap.h"

enum { SESSION = 7, OTHER = 8, BYTES = 4096 };

static int memory;      /* the daemon's open file */
static int watcher;     /* another VMM's */

static int open_session(uint64_t session)
{
        int fd = shm_lock_reopen(memory);

        if (fd < 0 || shm_lock_session(fd, session) < 0)
                tap_bail("no open file for a session");
        return fd;
}

static void lives_with_its_open_file(void)
{
        int fd = open_session(SESSION), copy = dup(fd), again;
        void *map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        tap_ok(!shm_lock_is_dead(watcher, SESSION), "a session that has its descriptor lives");
        tap_ok(shm_lock_is_dead(watcher, OTHER), "a session that never was is dead");
        close(shm_lock_reopen(memory));
        close(shm_lock_reopen(fd));
        tap_ok(!shm_lock_is_dead(watcher, SESSION),
               "other descriptors of the file, closed by the same process, are not its end");
        close(fd);
        tap_ok(!shm_lock_is_dead(watcher, SESSION), "a duplicate is left: it lives");
        close(copy);
        tap_ok(!shm_lock_is_dead(watcher, SESSION),
               "the last descriptor closed, a mapping left: the session lives");
        again = open_session(SESSION);
        munmap(map, BYTES);
        tap_ok(!shm_lock_is_dead(watcher, SESSION),
               "mapped anew, then the old mapping gone: the session lives");
        close(again);
        tap_ok(shm_lock_is_dead(watcher, SESSION), "no mapping is left: the session is dead");
}

/* What a VMM that is killed leaves: nothing, unless a child of its own has the mapping. */
static void dies_with_its_last_process(void)
{
        int ready[2], child_lives[2];
        pid_t vmm, child = 0;
        char byte;

        if (pipe(ready) < 0 || pipe(child_lives) < 0)
                tap_bail("pipe");
        fflush(stdout);
        vmm = fork();
        if (vmm == 0) {
                int fd = open_session(SESSION);
                void *map = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);

                close(fd);
                close(child_lives[0]);
                child = map == MAP_FAILED ? -1 : fork();
                if (child > 0 && write(ready[1], &child, sizeof child) < 0)
                        _exit(1);
                for (;;)
                        pause();
        }
        close(child_lives[1]);
        if (read(ready[0], &child, sizeof child) != sizeof child)
                tap_bail("the VMM did not fork");
        kill(vmm, SIGSTOP);
        waitpid(vmm, NULL, WUNTRACED);
        tap_ok(!shm_lock_is_dead(watcher, SESSION), "a process that is stopped lives");
        kill(vmm, SIGKILL);
        waitpid(vmm, NULL, 0);
        tap_ok(!shm_lock_is_dead(watcher, SESSION),
               "killed, but its child has the mapping: it lives");
        kill(child, SIGKILL);
        if (read(child_lives[0], &byte, 1) != 0) /* the kernel has closed what it had */
                tap_bail("the child wrote something");
        while (!shm_lock_is_dead(watcher, SESSION))
                continue;
        tap_ok(true, "the child is killed, too: it is dead");
        close(ready[0]);
        close(ready[1]);
        close(child_lives[0]);
}

static void one_serves(void)
{
        int a = open_session(SESSION), b = open_session(OTHER);
        pid_t pid;

        tap_eq(shm_lock_serve(a), -EAGAIN, "while the daemon lives nobody else serves");
        shm_lock_retire(memory);
        tap_eq(shm_lock_serve(a), 0, "without it one does");
        tap_eq(shm_lock_serve(b), -EAGAIN, "one at a time");
        tap_eq(shm_lock_serve(memory), -EAGAIN, "a VMM serves: a daemon that begins gets -EAGAIN");
        shm_lock_retire(a);
        tap_eq(shm_lock_serve(b), 0, "the next when it is done");
        tap_ok(!shm_lock_is_dead(a, OTHER) && !shm_lock_is_dead(b, SESSION),
               "a VMM has served and given the place on: both sessions live");
        shm_lock_retire(b);
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                int own = shm_lock_reopen(memory);

                kill(getpid(), shm_lock_serve(own) == 0 ? SIGKILL : SIGTERM);
        }
        waitpid(pid, NULL, 0);
        tap_eq(shm_lock_serve(a), 0, "who served has died: the next one may serve");
        close(a);
        close(b);
        tap_eq(shm_lock_serve(memory), 0, "who served has closed its file: the daemon may serve");
}

int main(void)
{
        memory = memfd_create("lock", MFD_CLOEXEC);
        if (memory < 0 || ftruncate(memory, BYTES) < 0 || shm_lock_serve(memory) < 0)
                tap_bail("memfd");
        watcher = shm_lock_reopen(memory);
        lives_with_its_open_file();
        dies_with_its_last_process();
        one_serves();
        return tap_done();
}
