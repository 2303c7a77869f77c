/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What watching costs: 512 vCPUs flat out and 8 processes reading ICC_CTLR_EL1, each side with and
 * without the other
 *
 * Counted, not timed. One side runs under callgrind, which counts inside one function; the other
 * side is other processes, which run free. If either side ever retried, or took another way,
 * because of the other, it would take more instructions.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define N_VCPUS     512u
#define N_SPIS      988u
#define N_READERS     8u
#define MAX_OTHERS   16u
#define SGI           1u
#define PENDING_SPI (VGIC_SPI_FIRST + N_SPIS - 1)
#define N_ROUNDS     20u        /* each: one operation of every vCPU */
#define N_READS  500000u
#define CHUNK       512u        /* reads between two looks at the pipe */

struct other {
        pid_t pid;
        /* its standard input: it goes on until that is closed; its standard output: words */
        int in, out;
};

/* --- the vCPUs' side --- */

/*
 * Of each vCPU: ICC_CTLR_EL1 written and read, an SGI to itself and an SPI taken and ended. That of
 * vCPU 0 is written at every turn, and half of all reads are of it: else the two sides would hardly
 * ever meet in the same word.
 */
__attribute__((noinline)) static void run_round(struct bench_vm *vm, unsigned round)
{
        for (uint32_t i = 0; i < vm->n_vcpus; i++) {
                struct vgic_vcpu *vcpu = vm->vcpus[i];
                uint64_t ctlr = 0;
                uint32_t first, second;

                vgic_vcpu_sysreg_write(vm->vcpus[0], VGIC_ICC_CTLR_EL1, (round + i) & 1);
                vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_CTLR_EL1, (round + i) & 1);
                vgic_vcpu_sysreg_read(vcpu, VGIC_ICC_CTLR_EL1, &ctlr);
                vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_SGI1R_EL1,
                                       i / 16 << 16 | SGI << 24 | 1u << i % 16);
                first = vgic_vcpu_ack(vcpu, 1);
                vgic_vcpu_eoi(vcpu, 1, first);
                vgic_spi_pulse(vm->vm, VGIC_SPI_FIRST + i);
                second = vgic_vcpu_ack(vcpu, 1);
                vgic_vcpu_eoi(vcpu, 1, second);
                if (first != SGI || second != VGIC_SPI_FIRST + i || (ctlr & 1) != ((round + i) & 1))
                        bench_die("a vCPU's operation", EIO);
        }
}

/* What callgrind counts inside of. */
__attribute__((noinline)) void bench_flat_out(struct bench_vm *vm, unsigned n_rounds)
{
        for (unsigned round = 0; round < n_rounds; round++)
                run_round(vm, round);
}

/*
 * One SPI stays pending, so that TDIR stays set: its changes have their own row,
 * and depend on time.
 */
void bench_observed_open(struct bench *bench, struct bench_vm *vm)
{
        bench_vm_open(bench, vm, "observed", N_VCPUS, N_SPIS);
        for (uint32_t i = 0; i < N_VCPUS; i++)
                bench_spi(vm, VGIC_SPI_FIRST + i, i, 0x80);
        bench_spi(vm, PENDING_SPI, 0, 0xf8);
        bench_must(vgic_vcpu_sysreg_write(vm->vcpus[0], VGIC_ICC_PMR_EL1, 0xf0), "ICC_PMR_EL1");
        bench_must(vgic_spi_pulse(vm->vm, PENDING_SPI), "a pending SPI");
        run_round(vm, 0);
}

/* --- the readers' side --- */

static uint32_t random_vcpu(uint64_t *seed)
{
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        return *seed >> 63 ? 0 : (uint32_t)(*seed % N_VCPUS);
}

/* The other function that callgrind counts inside of. */
__attribute__((noinline)) void bench_read_ctlr(struct vgic_vm *vm, uint64_t *seed, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                struct vgic_icc_ctlr ctlr;

                if (vgic_vm_icc_ctlr(vm, random_vcpu(seed), &ctlr) != 0 || (ctlr.valid & 5) != 5)
                        bench_die("ICC_CTLR_EL1", EIO);
        }
}

/* --- the other processes: this program again, outside callgrind --- */

/*
 * exec, not fork alone: a child that is forked under callgrind would be counted and slowed down as
 * well. It gets no descriptor but its pipes.
 */
static void start_other(const struct bench *bench, struct other *other, const char *mode,
                        const char *argument)
{
        char self[256];
        int in[2], out[2];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        /* Under valgrind, too, /proc/self/exe is this program. */
        if (n < 0 || pipe(in) < 0 || pipe(out) < 0)
                bench_die("another process", errno);
        self[n] = '\0';
        other->pid = fork();
        if (other->pid < 0)
                bench_die("fork", errno);
        if (other->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                dup2(in[0], STDIN_FILENO);
                dup2(out[1], STDOUT_FILENO);
                for (int fd = 3; fd < 4096; fd++)
                        close(fd);
                execl(self, self, mode, bench->socket, argument, (char *)NULL);
                _exit(127);
        }
        close(in[0]);
        close(out[1]);
        other->in = in[1];
        other->out = out[0];
}

/* Its next word. */
static void hear(const struct other *other, char *word, size_t size)
{
        size_t n = 0;

        while (n + 1 < size && read(other->out, word + n, 1) == 1 && word[n] != '\n')
                n++;
        word[n] = '\0';
        if (n == 0)
                bench_die("the other process", EPIPE);
}

/* Return: what it did since it said that it was under way. */
static uint64_t end_other(struct other *other)
{
        char word[64];
        int status;

        close(other->in);
        hear(other, word, sizeof(word));
        close(other->out);
        if (waitpid(other->pid, &status, 0) != other->pid || status != 0)
                bench_die("the other process", ECHILD);
        return strtoull(word, NULL, 10);
}

static bool told_to_end(void)
{
        struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

        return poll(&in, 1, 0) != 0;
}

static void tell(uint64_t n)
{
        printf("%llu\n", (unsigned long long)n);
        fflush(stdout);
}

/* vgic-bench --mode=reader SOCKET VM */
int bench_mode_reader(struct bench *bench, char **argv)
{
        struct vgic_conn *conn = bench_connect(bench);
        uint64_t seed = 0x9e3779b97f4a7c15u * (uint64_t)getpid(), n = 0;
        struct vgic_vm *vm;

        bench_must(vgic_vm_attach(conn, argv[3], VGIC_ROLE_OBSERVER, &vm), "attach");
        tell(0); /* under way */
        do {
                bench_read_ctlr(vm, &seed, CHUNK);
                n += CHUNK;
        } while (!told_to_end());
        tell(n);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return 0;
}

/* vgic-bench --mode=runner SOCKET 0|1: a VM whose vCPUs run flat out, or not */
int bench_mode_runner(struct bench *bench, char **argv)
{
        bool busy = argv[3][0] == '1';
        struct bench_vm vm;
        uint64_t n = 0;

        bench_observed_open(bench, &vm);
        printf("%s\n", vm.name);
        fflush(stdout);
        if (busy) {
                do
                        bench_flat_out(&vm, 1);
                while (++n, !told_to_end());
        } else {
                poll(&(struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN }, 1, -1);
        }
        tell(n);
        bench_vm_close(&vm);
        return 0;
}

/* --- the counted processes --- */

/*
 * vgic-bench --mode=flat-out SOCKET ROUNDS READERS: prints how many reads the others made meanwhile
 */
int bench_mode_flat_out(struct bench *bench, char **argv)
{
        unsigned n_readers = (unsigned)strtoul(argv[4], NULL, 10);
        struct other others[MAX_OTHERS];
        struct bench_vm vm;
        uint64_t n_reads = 0;
        char word[64];

        bench_observed_open(bench, &vm);
        for (unsigned i = 0; i < n_readers && i < MAX_OTHERS; i++)
                start_other(bench, &others[i], "--mode=reader", vm.name);
        for (unsigned i = 0; i < n_readers && i < MAX_OTHERS; i++)
                hear(&others[i], word, sizeof(word));
        bench_flat_out(&vm, (unsigned)strtoul(argv[3], NULL, 10));
        for (unsigned i = 0; i < n_readers && i < MAX_OTHERS; i++)
                n_reads += end_other(&others[i]);
        printf("%llu\n", (unsigned long long)n_reads);
        bench_vm_close(&vm);
        return 0;
}

/* vgic-bench --mode=read SOCKET READS 0|1: prints how many rounds the vCPUs ran meanwhile */
int bench_mode_read(struct bench *bench, char **argv)
{
        struct vgic_conn *conn = bench_connect(bench);
        uint64_t seed = 0x9e3779b97f4a7c15u;
        struct vgic_vm *vm;
        struct other other;
        char name[64];

        start_other(bench, &other, "--mode=runner", argv[4]);
        hear(&other, name, sizeof(name));
        bench_must(vgic_vm_attach(conn, name, VGIC_ROLE_OBSERVER, &vm), "attach");
        bench_read_ctlr(vm, &seed, CHUNK);
        bench_read_ctlr(vm, &seed, (unsigned)strtoul(argv[3], NULL, 10));
        printf("%llu\n", (unsigned long long)end_other(&other));
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return 0;
}

/* --- the rows --- */

struct counted {
        /* of the counted function; what the other side did meanwhile */
        double instructions, others;
};

/*
 * Two numbers of one run: what the program printed (the other side's work), and then the sum that
 * callgrind wrote to its file.
 */
static int count(struct bench *bench, const char *self, const char *function, const char *mode,
                 unsigned n, unsigned others, struct counted *ret)
{
        char command[1024];

        snprintf(command, sizeof(command),
                 "valgrind -q --tool=callgrind --toggle-collect=%s "
                 "--callgrind-out-file='%s/callgrind' '%s' --mode=%s '%s' %u %u",
                 function, bench->directory, self, mode, bench->socket, n, others);
        if (bench_number_from(command, &ret->others) < 0)
                return -1;
        snprintf(command, sizeof(command),
                 "sed -n 's/^\\(summary\\|totals\\): *//p' '%s/callgrind' && rm -f '%s/callgrind'",
                 bench->directory, bench->directory);
        return bench_number_from(command, &ret->instructions);
}

/*
 * One side counted alone and beside the other. A row in which the other side did nothing would
 * prove nothing, so that is checked, too.
 */
static void row(struct bench *bench, const char *self, const char *name, const char *function,
                const char *mode, unsigned n, unsigned others, double per, const char *what,
                const char *meanwhile)
{
        struct counted alone, watched;

        if (count(bench, self, function, mode, n, 0, &alone) < 0 ||
            count(bench, self, function, mode, n, others, &watched) < 0) {
                bench_skip(bench, name, "callgrind gave no count");
                bench->failed = true;
                return;
        }
        bench_row_count(bench, name, watched.instructions / alone.instructions, "x",
                        (struct bench_target){ BENCH_WITHIN, 0 }, "counted");
        bench_note("%.4f instructions %s alone, %.4f while the others made %.0f %s",
                   alone.instructions / per, what, watched.instructions / per, watched.others,
                   meanwhile);
        if (alone.others != 0 || watched.others == 0 || alone.instructions < n) {
                bench_note("the other side was not where it should be");
                bench->failed = true;
        }
}

void bench_observed_rows(struct bench *bench)
{
        static const char runs[] =
                "instructions of 512 vCPUs' operations, 8 processes reading / none";
        char self[256];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        if (n < 0)
                bench_die("/proc/self/exe", errno);
        self[n] = '\0';
        if (!bench_have_tool("valgrind")) {
                bench_skip(bench, runs, "valgrind is not installed");
                return;
        }
        row(bench, self, runs, "bench_flat_out", "flat-out", N_ROUNDS, N_READERS,
            (double)N_ROUNDS * N_VCPUS,
            "a turn (ICC_CTLR_EL1 written, read; an SGI, an SPI taken, ended)", "reads");
        row(bench, self, "instructions of a read of ICC_CTLR_EL1, 512 vCPUs running / at rest",
            "bench_read_ctlr", "read", N_READS, 1, N_READS + CHUNK, "a read", "turns of all vCPUs");
}
