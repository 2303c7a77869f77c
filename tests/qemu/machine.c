/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One QEMU whose GICv3 is driven from here
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"
#include "tap.h"

#include <vgic/vgic.h>

#define QEMU          "qemu-system-aarch64"
#define MACHINE_DEVICE "arm-gicv3-vgicd"
#define ANSWER_S      60        /* what takes longer does not come */
#define SPINS         200u      /* looks at the ring before the processor is offered to others */
#define ISR_EL1       VGIC_SYSREG(3, 0, 12, 1, 0)

/* ---- QEMU's process ---- */

static const char *binary_of(const struct machine_config *config)
{
        const char *other = getenv("VGIC_QEMU_BINARY");

        if (config->binary)
                return config->binary;
        return other ? other : QEMU;
}

static const char *socket_of(const struct machine_config *config)
{
        return config->socket ? config->socket : getenv("VGIC_QEMU_SOCKET");
}

bool machine_available(char *ret_version, size_t size)
{
        const struct machine_config config = { 0 };
        char command[4096];
        FILE *pipe;
        bool found;

        snprintf(command, sizeof(command), "'%s' --version 2>/dev/null", binary_of(&config));
        pipe = popen(command, "r");

        if (!pipe)
                return false;
        found = fgets(ret_version, (int)size, pipe) != NULL;
        if (found)
                ret_version[strcspn(ret_version, "\n")] = '\0';
        return pclose(pipe) == 0 && found;
}

void machine_missing(void)
{
        const char *mode = getenv("VGIC_QEMU");

        if (mode && strcmp(mode, "required") == 0)
                tap_bail(QEMU " is not installed (Debian: apt-get install qemu-system-arm)");
        tap_skip(QEMU " is not installed");
}

/* In the child: become QEMU. The three descriptors keep their numbers. */
static void exec_qemu(pid_t test, int qmp, int qtest, int ram, uint32_t n_vcpus,
                      const struct machine_config *config) __attribute__((noreturn));
static void exec_qemu(pid_t test, int qmp, int qtest, int ram, uint32_t n_vcpus,
                      const struct machine_config *config)
{
        char qmp_text[64], qtest_text[64], ram_text[128], size_text[32], smp_text[16],
                entry_text[64], machine_text[128], bits_text[64], lock_text[64],
                socket_text[256] = "";
        const char *socket = socket_of(config);
        int null = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != test) /* it is dead already */
                _exit(126);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
                _exit(126);
        fcntl(qmp, F_SETFD, 0);
        fcntl(qtest, F_SETFD, 0);
        fcntl(ram, F_SETFD, 0);
        snprintf(qmp_text, sizeof(qmp_text), "socket,id=qmp,fd=%d", qmp);
        snprintf(qtest_text, sizeof(qtest_text), "socket,id=qtest,fd=%d", qtest);
        snprintf(ram_text, sizeof(ram_text),
                 "memory-backend-file,id=ram,share=on,size=%u,mem-path=/proc/self/fd/%d",
                 (unsigned)AGENT_RAM_SIZE, ram);
        snprintf(size_text, sizeof(size_text), "%uM", (unsigned)(AGENT_RAM_SIZE >> 20));
        snprintf(smp_text, sizeof(smp_text), "%u", n_vcpus);
        snprintf(entry_text, sizeof(entry_text), "loader,addr=0x%x,cpu-num=0",
                 (unsigned)(config->el2 ? AGENT_EL2_ENTRY : AGENT_ENTRY));
        snprintf(machine_text, sizeof(machine_text), "virt-6.1,gic-version=%s,memory-backend=ram%s",
                 socket ? "vgicd" : "3,its=off", config->el2 ? ",virtualization=on" : "");
        snprintf(bits_text, sizeof(bits_text), "%s.force-8-bit-prio=%s",
                 socket ? MACHINE_DEVICE : "arm-gicv3", config->priority_8 ? "on" : "off");
        snprintf(lock_text, sizeof(lock_text), MACHINE_DEVICE ".global-lock=%s",
                 config->global_lock ? "on" : "off");
        if (socket)
                snprintf(socket_text, sizeof(socket_text), MACHINE_DEVICE ".socket=%s", socket);
        execlp(binary_of(config), QEMU, "-nodefaults", "-no-user-config", "-display", "none",
               "-accel", config->threads ? "tcg,thread=multi" : "tcg,thread=single", "-M",
               machine_text, "-cpu", "cortex-a57", "-smp", smp_text, "-m", size_text, "-object",
               ram_text, "-device", entry_text, "-chardev", qmp_text, "-mon",
               "chardev=qmp,mode=control", "-chardev", qtest_text, "-object",
               "qtest,id=qtest0,chardev=qtest,log=/dev/null", "-global", bits_text,
               /* the last ones are vgicd's only: the list ends before them */
               socket ? "-global" : NULL, lock_text, "-global", socket_text, (char *)NULL);
        _exit(127);
}

static uint64_t now_s(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec;
}

static void died(struct machine *machine, const char *doing) __attribute__((noreturn));
static void died(struct machine *machine, const char *doing)
{
        int status = 0;

        if (machine->pid > 0 && waitpid(machine->pid, &status, WNOHANG) == machine->pid)
                tap_bail("QEMU ended (status %#x) during %s", (unsigned)status, doing);
        tap_bail("QEMU does not answer: %s", doing);
}

/* ---- The two sockets: lines out, lines in ---- */

static void say(struct machine *machine, struct machine_stream *stream, const char *text)
{
        size_t n = strlen(text);

        while (n > 0) {
                ssize_t sent = send(stream->fd, text, n, MSG_NOSIGNAL);

                if (sent < 0 && errno != EINTR)
                        died(machine, text);
                if (sent > 0) {
                        text += sent;
                        n -= (size_t)sent;
                }
        }
}

/* The next line, without its end, into @line; the socket has a timeout. */
static void hear(struct machine *machine, struct machine_stream *stream, char *line, size_t size)
{
        for (;;) {
                char *end = memchr(stream->buffer, '\n', stream->n);
                size_t length;
                ssize_t got;

                if (end) {
                        length = (size_t)(end - stream->buffer);
                        if (length >= size)
                                tap_bail("QEMU says a line of %zu bytes", length);
                        memcpy(line, stream->buffer, length);
                        line[length] = '\0';
                        stream->n -= length + 1;
                        memmove(stream->buffer, end + 1, stream->n);
                        return;
                }
                got = recv(stream->fd, stream->buffer + stream->n,
                           sizeof(stream->buffer) - stream->n, 0);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        died(machine, "waiting for an answer");
                stream->n += (size_t)got;
        }
}

/* A QMP command and its answer; events between them are not needed. */
static void qmp(struct machine *machine, const char *command, char *answer, size_t size)
{
        say(machine, &machine->qmp, command);
        do {
                hear(machine, &machine->qmp, answer, size);
        } while (!strstr(answer, "\"return\"") && !strstr(answer, "\"error\""));
        if (strstr(answer, "\"error\""))
                tap_bail("QEMU refuses %s: %s", command, answer);
}

/*
 * The GIC is one of the machine's objects without a name of its own: /machine/unattached/device[N].
 */
static void find_gic(struct machine *machine)
{
        static char answer[sizeof(machine->qmp.buffer)];
        char *type, *object, *name;

        qmp(machine,
            "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/unattached\"}}\n", answer,
            sizeof(answer));
        type = strstr(answer, "child<arm-gicv3>");
        if (!type)
                type = strstr(answer, "child<" MACHINE_DEVICE ">");
        if (!type)
                tap_bail("QEMU has no arm-gicv3: %s", answer);
        for (object = type; object > answer && *object != '{';)
                object--;
        name = strstr(object, "\"name\": \"");
        if (!name)
                tap_bail("QEMU's GIC has no name: %s", object);
        name += strlen("\"name\": \"");
        snprintf(machine->gic, sizeof(machine->gic), "%.*s", (int)strcspn(name, "\""), name);
}

static void fetch_version(struct machine *machine)
{
        char answer[1024];
        const char *text;
        unsigned major = 0, minor = 0, micro = 0;

        qmp(machine, "{\"execute\":\"query-version\"}\n", answer, sizeof(answer));
        if ((text = strstr(answer, "\"major\": ")))
                sscanf(text, "\"major\": %u", &major);
        if ((text = strstr(answer, "\"minor\": ")))
                sscanf(text, "\"minor\": %u", &minor);
        if ((text = strstr(answer, "\"micro\": ")))
                sscanf(text, "\"micro\": %u", &micro);
        snprintf(machine->version, sizeof(machine->version), "%u.%u.%u", major, minor, micro);
}

static void drive(struct machine *machine, unsigned input, bool level)
{
        char text[256];

        if (input >= sizeof(machine->wires) / sizeof(machine->wires[0]))
                tap_bail("QEMU's GIC has no input %u", input);
        snprintf(text, sizeof(text), "set_irq_in /machine/unattached/%s unnamed-gpio-in %u %u\n",
                 machine->gic, input, level);
        say(machine, &machine->qtest, text);
        hear(machine, &machine->qtest, text, sizeof(text));
        if (strncmp(text, "OK", 2) != 0)
                tap_bail("QEMU does not drive input %u: %s", input, text);
        machine->wires[input] = level;
        machine->n_wires++;
}

/* ---- Start, reset, stop ---- */

/* All vCPUs of this generation wait for operations. */
static void await_online(struct machine *machine)
{
        uint64_t give_up = now_s() + ANSWER_S;
        struct agent_mailbox *mailbox = machine->agent.mailbox;

        for (uint32_t i = 0; i < machine->n_vcpus; i++)
                while (__atomic_load_n(&mailbox->online[i], __ATOMIC_ACQUIRE) !=
                       mailbox->generation) {
                        if (now_s() > give_up)
                                died(machine, "start of the agent");
                        sched_yield();
                }
}

static int own_socket(int pair[2])
{
        struct timeval limit = { .tv_sec = ANSWER_S };

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ||
            setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
                tap_bail("socketpair: %s", strerror(errno));
        return pair[0];
}

static void make_snippets(struct machine *machine)
{
        for (unsigned log2 = 0; log2 < 4; log2++) {
                machine->mmio[0][log2] = agent_snippet(&machine->agent,
                                                       (uint32_t[]){ AGENT_LDR(log2) }, 1);
                machine->mmio[1][log2] = agent_snippet(&machine->agent,
                                                       (uint32_t[]){ AGENT_STR(log2) }, 1);
        }
        machine->isr = agent_snippet(&machine->agent, (uint32_t[]){ AGENT_MRS_X(0, ISR_EL1) }, 1);
}

void machine_start_as(struct machine *machine, uint32_t n_vcpus,
                      const struct machine_config *config)
{
        int qmp_pair[2], qtest_pair[2], ram;
        pid_t test = getpid();
        char answer[1024];

        *machine = (struct machine){ .n_vcpus = n_vcpus };
        machine->qmp.fd = own_socket(qmp_pair);
        machine->qtest.fd = own_socket(qtest_pair);
        ram = memfd_create("qemu-ram", MFD_CLOEXEC);
        if (ram < 0 || ftruncate(ram, (off_t)AGENT_RAM_SIZE) < 0)
                tap_bail("memfd: %s", strerror(errno));
        machine->ram = mmap(NULL, AGENT_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ram, 0);
        if (machine->ram == MAP_FAILED)
                tap_bail("mmap: %s", strerror(errno));
        agent_init(&machine->agent, machine->ram, n_vcpus);
        make_snippets(machine);
        if (config->el2) {
                agent_init_el2(&machine->agent);
                machine->hvc = agent_el2_snippet(&machine->agent);
        }
        machine->agent.mailbox->generation = 1;
        machine->pid = fork();
        if (machine->pid == 0)
                exec_qemu(test, qmp_pair[1], qtest_pair[1], ram, n_vcpus, config);
        if (machine->pid < 0)
                tap_bail("fork: %s", strerror(errno));
        close(qmp_pair[1]);
        close(qtest_pair[1]);
        close(ram);
        hear(machine, &machine->qmp, answer, sizeof(answer)); /* the greeting */
        qmp(machine, "{\"execute\":\"qmp_capabilities\"}\n", answer, sizeof(answer));
        fetch_version(machine);
        find_gic(machine);
        await_online(machine);
}

void machine_start(struct machine *machine, uint32_t n_vcpus, bool priority_8)
{
        machine_start_as(machine, n_vcpus, &(struct machine_config){ .priority_8 = priority_8 });
}

void machine_start_el2(struct machine *machine)
{
        machine_start_as(machine, 1, &(struct machine_config){ .el2 = true });
}

void machine_stop(struct machine *machine)
{
        if (machine->pid <= 0)
                return;
        kill(machine->pid, SIGKILL);
        waitpid(machine->pid, NULL, 0);
        machine->pid = 0;
        close(machine->qmp.fd);
        close(machine->qtest.fd);
        munmap(machine->ram, AGENT_RAM_SIZE);
}

void machine_reset(struct machine *machine)
{
        char answer[1024];

        for (unsigned i = 0; i < sizeof(machine->wires) / sizeof(machine->wires[0]); i++)
                if (machine->wires[i])
                        drive(machine, i, false);
        machine->agent.mailbox->generation++;
        qmp(machine, "{\"execute\":\"system_reset\"}\n", answer, sizeof(answer));
        await_online(machine);
        machine->n_resets++;
}

void machine_pause(struct machine *machine)
{
        kill(machine->pid, SIGSTOP);
}

void machine_resume(struct machine *machine)
{
        kill(machine->pid, SIGCONT);
}

/* ---- Operations ---- */

uint32_t machine_op(struct machine *machine, uint32_t vcpu, uint32_t code, uint64_t address,
                    uint64_t value)
{
        uint32_t number = machine->queued++;
        struct agent_op *op = &machine->agent.ops[number % AGENT_RING];

        if (machine->queued - machine->first >= AGENT_RING)
                tap_bail("the test queues too many operations at once");
        *op = (struct agent_op){ .vcpu = vcpu, .code = code, .address = address, .value = value };
        return number;
}

uint32_t machine_mmio(struct machine *machine, uint32_t vcpu, bool write, uint64_t address,
                      unsigned len, uint64_t value)
{
        return machine_op(machine, vcpu, machine->mmio[write][__builtin_ctz(len)], address, value);
}

static struct machine_sysreg *find_sysreg(struct machine *machine, uint32_t reg)
{
        struct machine_sysreg *found = NULL;

        for (size_t i = 0; i < machine->n_sysregs && !found; i++)
                if (machine->sysregs[i].reg == reg)
                        found = &machine->sysregs[i];
        if (found)
                return found;
        if (machine->n_sysregs == sizeof(machine->sysregs) / sizeof(machine->sysregs[0]))
                tap_bail("the test uses too many system registers");
        found = &machine->sysregs[machine->n_sysregs++];
        found->reg = reg;
        found->code[0] = agent_snippet(&machine->agent, (uint32_t[]){ AGENT_MRS_X(0, reg) }, 1);
        found->code[1] = agent_snippet(&machine->agent,
                                       (uint32_t[]){ AGENT_MSR_X(reg, 0), AGENT_ISB }, 2);
        return found;
}

uint32_t machine_sysreg(struct machine *machine, uint32_t vcpu, bool write, uint32_t reg,
                        uint64_t value)
{
        return machine_op(machine, vcpu, find_sysreg(machine, reg)->code[write], 0, value);
}

uint32_t machine_sysreg_el2(struct machine *machine, bool write, uint32_t reg, uint64_t value)
{
        return machine_op(machine, 0, machine->hvc, find_sysreg(machine, reg)->code[write], value);
}

uint32_t machine_isr(struct machine *machine, uint32_t vcpu)
{
        return machine_op(machine, vcpu, machine->isr, 0, 0);
}

void machine_run(struct machine *machine)
{
        struct agent_mailbox *mailbox = machine->agent.mailbox;
        uint64_t give_up = 0;
        unsigned looks = 0;

        __atomic_store_n(&mailbox->limit, machine->queued, __ATOMIC_RELEASE);
        while (__atomic_load_n(&mailbox->next, __ATOMIC_ACQUIRE) != machine->queued) {
                if (++looks < SPINS)
                        continue;
                if (!give_up)
                        give_up = now_s() + ANSWER_S;
                else if (now_s() > give_up)
                        died(machine, "operations of the agent");
                sched_yield();
        }
        machine->n_ops += machine->queued - machine->first;
        machine->first = machine->queued;
}

enum agent_status machine_result(const struct machine *machine, uint32_t op, uint64_t *ret_value)
{
        const struct agent_op *done = &machine->agent.ops[op % AGENT_RING];

        *ret_value = done->value;
        return done->status;
}

void machine_wire(struct machine *machine, uint32_t vcpu, uint32_t intid, bool level)
{
        drive(machine,
              intid >= VGIC_SPI_FIRST ? intid - VGIC_SPI_FIRST : MACHINE_N_SPIS + 32 * vcpu + intid,
              level);
}
