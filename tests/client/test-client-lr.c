/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: calls that cannot be, and everything that others do while a vCPU is in guest
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "daemon-raw.h"
#include "port-vm.h"
#include "proto-message.h"
#include "proto-table.h"
#include "tap.h"
#include "vgic-conn.h"
#include "vgic-private.h"
#include "vgic/vgic-attr.h"
#include "vgic/vgic-lr.h"

#define NAME   PORT_VM_NAME
#define SPI    40u
#define OTHER  41u
#define STATE  (VGIC_ICH_LR_PENDING | VGIC_ICH_LR_ACTIVE)

static struct daemon_proc daemon_;

static struct vgic_irq_state state_of(struct vgic_vm *vm, uint32_t intid)
{
        struct vgic_irq_state state = { 0 };

        if (vgic_vm_irq_state(vm, 0, intid, &state) < 0)
                tap_bail("no state of INTID %u", intid);
        return state;
}

/* --- arguments --- */

static void number_of_list_registers_is_checked(struct vgic_conn *conn)
{
        static const uint32_t wrong[] = { 17, 32, UINT32_MAX };
        struct vgic_vcpu_options old = { .size = offsetof(struct vgic_vcpu_options, list_registers),
                                         .list_registers = 4 };
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu = NULL;
        struct vgic_lr_bank bank;
        uint64_t features;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                tap_eq(try_register(vm, 0, wrong[i], &vcpu), -EINVAL, "%u list registers",
                       wrong[i]);
                tap_ok(strstr(vgic_conn_error(conn), "list_registers") &&
                       strstr(vgic_conn_error(conn), "16"),
                       "%s", vgic_conn_error(conn));
        }
        features = conn->features;
        conn->features &= ~PROTO_FEATURE_LIST_REGISTERS;
        tap_eq(try_register(vm, 0, 4, &vcpu), -EOPNOTSUPP, "a daemon that knows no list registers");
        tap_ok(strstr(vgic_conn_error(conn), "too old") &&
               strstr(vgic_conn_error(conn), "list_registers 0"),
               "%s", vgic_conn_error(conn));
        conn->features = features;
        tap_eq(vgic_vcpu_register(vm, 0, &old, &vcpu), 0,
               "a program of before, whose options end before list_registers");
        tap_eq(vgic_lr_enter(vcpu, &bank), -EOPNOTSUPP, "has a trap port");
        tap_eq(vgic_lr_exit(vcpu, &bank), -EOPNOTSUPP, "also at the exit");
        vgic_vcpu_unregister(vcpu);
        tap_eq(try_register(vm, 0, 0, &vcpu), 0, "0 list registers");
        tap_eq(vgic_lr_enter(vcpu, &bank), -EOPNOTSUPP, "are a trap port");
        destroy(conn, vm);
}

static void enter_and_exit_refuse_the_wrong_order(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 16);
        struct vgic_lr_bank bank = { 0 }, again = { 0 };

        tap_eq(vgic_lr_enter(NULL, &bank), -EINVAL, "enter without a vCPU: -EINVAL");
        tap_eq(vgic_lr_exit(NULL, &bank), -EINVAL, "exit without a vCPU: -EINVAL");
        tap_eq(vgic_lr_enter(vcpu, NULL), -EINVAL, "enter without a bank: -EINVAL");
        tap_eq(vgic_lr_exit(vcpu, &bank), -EINVAL, "exit while not in guest: -EINVAL");
        vgic_spi_pulse(vm, SPI);
        enter(vcpu, &bank);
        again.ich_hcr = 77;
        tap_ok(vgic_lr_enter(vcpu, &again) == -EBUSY && again.ich_hcr == 77,
               "enter while in guest: -EBUSY, and nothing is stored");
        tap_eq(vgic_lr_exit(vcpu, NULL), -EINVAL, "exit without a bank: -EINVAL");
        tap_ok(state_of(vm, SPI).pending && (bank.ich_lr[0] & STATE) == VGIC_ICH_LR_PENDING,
               "exit without a bank: it is in guest all the same");
        tap_eq(vgic_lr_exit(vcpu, &bank), 0, "exit while in guest: 0");
        tap_eq(vgic_lr_exit(vcpu, &bank), -EINVAL, "exit twice: -EINVAL");
        enter(vcpu, &bank);
        tap_eq(vgic_vcpu_unregister(vcpu), 0, "unregistered while in guest: 0");
        tap_ok(state_of(vm, SPI).pending && !state_of(vm, SPI).active,
               "unregistered while in guest: what was listed is pending again");
        bank.ich_lr[0] &= ~STATE;
        bank.ich_vmcr = 0;
        tap_eq(vgic_lr_exit(vcpu, &bank), -EINVAL, "the exit comes too late");
        tap_eq(vgic_lr_enter(vcpu, &bank), -EINVAL, "enter after it was unregistered: -EINVAL");
        tap_ok(state_of(vm, SPI).pending, "enter after it was unregistered: nothing changes");
        vcpu = guest_boot_vcpu(vm, 0, 0);
        tap_eq(vgic_vcpu_ack(vcpu, 1), SPI,
               "unregistered in guest, registered as a trap port: it takes the interrupt");
        vgic_vcpu_unregister(vcpu);
        vcpu = guest_boot_vcpu(vm, 0, 1);
        enter(vcpu, &bank);
        tap_eq(bank.ich_lr[0] & (STATE | UINT32_MAX), VGIC_ICH_LR_ACTIVE | SPI,
               "taken on a trap port, registered with list registers: listed as active");
        vgic_lr_exit(vcpu, &bank);
        destroy(conn, vm);
}

/*
 * In guest the CPU interface is the bank: what reaches past it has no effect on what the guest did.
 */
static void in_guest_nothing_reaches_past_the_bank(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 4);
        struct vgic_lr_bank bank;
        struct pollfd none = { .fd = -1 };
        uint64_t value;

        guest_open_privates(vm, 0, 1u << 5);
        enter(vcpu, &bank);
        vgic_spi_pulse(vm, SPI);
        tap_eq(vgic_vcpu_ack(vcpu, 1), VGIC_INTID_SPURIOUS,
               "in guest, an SPI is pulsed: vgic_vcpu_ack() finds nothing");
        tap_eq(vgic_vcpu_sysreg_read(vcpu, VGIC_ICC_IAR1_EL1, &value), -EBUSY,
               "in guest, ICC_IAR1_EL1 is read: -EBUSY");
        tap_eq(vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0), -EBUSY,
               "in guest, ICC_PMR_EL1 is written: -EBUSY");
        tap_eq(vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_SGI1R_EL1, 5 << 24 | 1), 0,
               "an SGI is generated");
        tap_eq(vgic_vcpu_lines(vcpu) | vgic_vcpu_enter(vcpu), 0,
               "in guest, an SPI is due: lines and enter return none");
        vgic_vcpu_leave(vcpu);
        tap_eq(vgic_vcpu_park(vcpu, 0, &none, 1), -EBUSY, "in guest: park returns -EBUSY");
        tap_ok(vgic_vcpu_park_begin(vcpu) == 1 && vgic_vcpu_park_end(vcpu) == 0,
               "in guest: park_begin returns 1, park_end no line");
        vgic_vcpu_stop(vcpu);
        tap_eq(shm_load(&vm->gic.vcpus[0].park, PARK_A1), SHM_PARK_IN_GUEST,
               "in guest, vgic_vcpu_stop(): it is not marked parked");
        tap_eq(vgic_vcpu_reset(vcpu), -EBUSY, "in guest, vgic_vcpu_reset(): -EBUSY");
        vgic_vcpu_eoi(vcpu, 1, SPI);
        vgic_vcpu_dir(vcpu, SPI);
        tap_eq(vgic_lr_exit(vcpu, &bank), 0, "past the bank while in guest, then exit: 0");
        tap_ok(vgic_vcpu_ack(vcpu, 1) == 5 && vgic_vcpu_ack(vcpu, 1) == VGIC_INTID_SPURIOUS,
               "an SGI to itself in guest, then exit: it is taken, once");
        vgic_vcpu_eoi(vcpu, 1, 5);
        tap_eq(vgic_vcpu_ack(vcpu, 1), SPI, "an SPI pulsed in guest, then exit: it is taken");
        vgic_vcpu_eoi(vcpu, 1, SPI);
        enter(vcpu, &bank);
        vgic_spi_pulse(vm, SPI);
        tap_ok(daemon_wait_readable(vgic_vcpu_fd(vcpu)),
               "past the bank while in guest, in guest again, an SPI pulsed: it is rung");
        vgic_lr_exit(vcpu, &bank);
        destroy(conn, vm);
}

static void mirror_has_no_ports(struct vgic_conn *conn)
{
        struct vgic_vcpu *vcpu = NULL;
        struct vgic_vm *vm = daemon_vm(conn, NAME, 2, 32, VGIC_VM_MIRROR);

        tap_eq(try_register(vm, 0, 4, &vcpu), -EOPNOTSUPP, "a mirror has no ports: %s",
               vgic_conn_error(conn));
        destroy(conn, vm);
}

/* --- messages --- */

static int ask_vcpu(int fd, uint32_t request, uint32_t index, uint32_t n)
{
        Vgic__Vcpu message = VGIC__VCPU__INIT;

        message.vcpu = index;
        message.list_registers = n;
        return daemon_raw_call(fd, request, &message.base, NULL, 0);
}

static int raw_attached(uint64_t features)
{
        Vgic__Hello hello = VGIC__HELLO__INIT;
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        int fd = daemon_socket(&daemon_);

        hello.features = features;
        attach.name = (char *)NAME;
        attach.role = VGIC_ROLE_VMM;
        if (daemon_raw_call(fd, PROTO_HELLO, &hello.base, NULL, 0) != PROTO_OK ||
            daemon_raw_call(fd, PROTO_VM_ATTACH, &attach.base, NULL, 0) != PROTO_OK)
                tap_bail("the raw connection cannot attach");
        return fd;
}

static void daemon_checks_list_registers_itself(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        int fd = raw_attached(PROTO_FEATURES_ALL & ~PROTO_FEATURE_LIST_REGISTERS);

        tap_eq(ask_vcpu(fd, PROTO_VCPU_REGISTER, 0, 1), PROTO_INVALID,
               "VCPU_REGISTER with list_registers, without the feature");
        tap_eq(ask_vcpu(fd, PROTO_VCPU_REGISTER, 0, UINT32_MAX), PROTO_INVALID,
               "VCPU_REGISTER with 2^32 - 1 list registers: INVALID");
        tap_eq(ask_vcpu(fd, PROTO_VCPU_REGISTER, 0, 0), PROTO_OK, "without either");
        tap_eq(ask_vcpu(fd, PROTO_VCPU_UNREGISTER, 0, 99), PROTO_OK,
               "the field means nothing in VCPU_UNREGISTER");
        close(fd);
        fd = raw_attached(PROTO_FEATURES_ALL);
        tap_eq(ask_vcpu(fd, PROTO_VCPU_REGISTER, 0, 17), PROTO_INVALID, "17 list registers");
        tap_eq(ask_vcpu(fd, PROTO_VCPU_REGISTER, 0, UINT32_MAX), PROTO_INVALID, "2^32 - 1");
        tap_eq(ask_vcpu(fd, PROTO_VCPU_REGISTER, 2, 4), PROTO_INVALID,
               "VCPU_REGISTER with list registers of a vCPU that does not exist: INVALID");
        tap_eq(ask_vcpu(fd, PROTO_VCPU_REGISTER, 0, 16), PROTO_OK, "16");
        tap_eq(ask_vcpu(fd, PROTO_VCPU_REGISTER, 0, 4), PROTO_BUSY, "twice, with another number");
        close(fd);
        destroy(conn, vm);
}

/* --- others, while it is in guest --- */

/* GICD_* by message, from a process that maps nothing. */
static void set_gicd(struct vgic_conn *tool, uint64_t offset, uint32_t value)
{
        int r = vgic_msg_attr_set(tool, NAME, VGIC_ATTR_DIST_REGS, offset, value);

        if (r < 0)
                tap_bail("attribute 0x%x: %d %s", (unsigned)offset, r, vgic_conn_error(tool));
}

static uint32_t get_gicd(struct vgic_conn *tool, uint64_t offset)
{
        uint64_t value = 0;
        int r = vgic_msg_attr_get(tool, NAME, VGIC_ATTR_DIST_REGS, offset, &value);

        if (r < 0)
                tap_bail("attribute 0x%x: %d %s", (unsigned)offset, r, vgic_conn_error(tool));
        return (uint32_t)value;
}

/* The doorbell rings, and the vCPU leaves. */
static bool is_rung(struct vgic_vcpu *vcpu)
{
        uint64_t count;

        return daemon_wait_readable(vgic_vcpu_fd(vcpu)) &&
               read(vgic_vcpu_fd(vcpu), &count, sizeof(count)) == (ssize_t)sizeof(count);
}

static void attribute_of_what_is_listed_makes_its_vcpu_fold(struct vgic_conn *conn,
                                                            struct vgic_conn *tool)
{
        const uint32_t bit = 1u << (SPI - 32);
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 2);
        struct vgic_lr_bank bank;

        vgic_spi_pulse(vm, SPI);
        enter(vcpu, &bank);
        set_gicd(tool, 0x184, bit);
        tap_ok(is_rung(vcpu), "GICD_ICENABLER of an interrupt in a list register rings its vCPU");
        vgic_lr_exit(vcpu, &bank);
        enter(vcpu, &bank);
        tap_ok(!bank.ich_lr[0] && state_of(vm, SPI).pending,
               "the next entry leaves it out, and it stays pending");
        vgic_lr_exit(vcpu, &bank);
        set_gicd(tool, 0x104, bit);

        enter(vcpu, &bank);
        bank.ich_lr[0] ^= STATE; /* the guest has acknowledged it */
        tap_ok((get_gicd(tool, 0x304) & bit) == 0 && is_rung(vcpu),
               "GICD_ISACTIVER read by attribute while listed: the first answer is old, the vCPU "
               "is rung");
        vgic_lr_exit(vcpu, &bank);
        tap_eq(get_gicd(tool, 0x304) & bit, bit,
               "GICD_ISACTIVER read by attribute, folded: it is active");
        enter(vcpu, &bank);
        set_gicd(tool, 0x384, bit);
        tap_ok(is_rung(vcpu), "GICD_ICACTIVER");
        vgic_lr_exit(vcpu, &bank);
        tap_ok(!state_of(vm, SPI).active && !state_of(vm, SPI).pending,
               "GICD_ICACTIVER set by attribute while the guest has it active, then exit: not "
               "active");

        vgic_spi_pulse(vm, SPI);
        enter(vcpu, &bank);
        set_gicd(tool, 0x6000 + 8 * SPI, 1);
        tap_ok(is_rung(vcpu), "GICD_IROUTER");
        vgic_lr_exit(vcpu, &bank);
        enter(vcpu, &bank);
        tap_ok(!bank.ich_lr[0] && state_of(vm, SPI).vcpu == 1,
               "GICD_IROUTER changed by attribute, then exit: it waits for the other vCPU");
        vgic_lr_exit(vcpu, &bank);
        destroy(conn, vm);
}

static void reset_voids_what_the_guest_has_listed(struct vgic_conn *conn, struct vgic_conn *tool)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 2);
        struct vgic_lr_bank bank;
        uint64_t value = 1;

        vgic_spi_pulse(vm, SPI);
        enter(vcpu, &bank);
        bank.ich_lr[0] ^= STATE;
        bank.ich_ap1r[0] = 1;
        tap_eq(vgic_msg_reset(tool, NAME, 0, VGIC_RESET_CPU_ON), 0, "the vCPU is reset by a tool");
        tap_ok(is_rung(vcpu), "CPU_ON asked for in guest: the vCPU is rung");
        vgic_lr_exit(vcpu, &bank);
        vgic_vcpu_sysreg_read(vcpu, VGIC_ICC_IGRPEN1_EL1, &value);
        tap_ok(!state_of(vm, SPI).active && value == 0,
               "CPU_ON asked for in guest, then exit: what the guest held is not active");
        vgic_vcpu_sysreg_read(vcpu, VGIC_ICC_RPR_EL1, &value);
        tap_eq(value, 0xff, "CPU_ON asked for in guest, then exit: no active priority is left");

        guest_open_vcpu(vm, vcpu, true);
        vgic_spi_pulse(vm, SPI);
        enter(vcpu, &bank);
        tap_eq((uint32_t)bank.ich_lr[0], SPI,
               "reset and booted again, an SPI pulsed: it is listed");
        tap_eq(vgic_msg_reset(tool, NAME, 0, VGIC_RESET_SYSTEM), 0, "the system is reset");
        vgic_lr_exit(vcpu, &bank);
        tap_ok(!state_of(vm, SPI).pending && !state_of(vm, SPI).enabled,
               "SYSTEM asked for in guest, then exit: what was listed is neither pending nor "
               "enabled");
        enter(vcpu, &bank);
        tap_ok(!bank.ich_lr[0] && !(bank.ich_vmcr & 3), "the next bank is empty");
        vgic_lr_exit(vcpu, &bank);
        destroy(conn, vm);
}

/* 1-of-N: told to be off, a vCPU has none. */
static void vcpu_that_is_off_gives_up_1_of_n(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 2), *other;
        struct vgic_lr_bank bank;

        vgic_gicd_write(vm, 0x6000 + 8 * SPI, 8, UINT64_C(1) << 31);
        vgic_spi_pulse(vm, SPI);
        enter(vcpu, &bank);
        tap_eq((uint32_t)bank.ich_lr[0], SPI, "a 1-of-N interrupt is in a list register");
        other = guest_boot_vcpu(vm, 1, 0);
        vgic_lr_exit(vcpu, &bank);
        vgic_vcpu_power(vcpu, 0);
        tap_eq(vgic_vcpu_ack(other, 1), SPI, "1-of-N, its vCPU goes off: the other one takes it");
        vgic_vcpu_eoi(other, 1, SPI);
        destroy(conn, vm);
}

/* --- the owner dies in guest --- */

static void die_in_guest(void)
{
        struct vgic_conn *conn = daemon_connect(&daemon_);
        struct vgic_vm *vm = NULL;
        struct vgic_vcpu *vcpu;
        struct vgic_lr_bank bank;

        if (vgic_vm_attach(conn, NAME, VGIC_ROLE_VMM, &vm) < 0)
                _exit(1);
        vcpu = guest_boot_vcpu(vm, 0, 2);
        vgic_spi_pulse(vm, OTHER);
        enter(vcpu, &bank);
        bank.ich_lr[0] ^= STATE;        /* OTHER: acknowledged, and that was folded */
        bank.ich_ap1r[0] |= 1;
        vgic_lr_exit(vcpu, &bank);
        vgic_spi_pulse(vm, SPI);
        enter(vcpu, &bank);
        if (!(bank.ich_lr[0] & STATE) || !(bank.ich_lr[1] & STATE))
                _exit(1);
        raise(SIGKILL);
}

static bool wait_unowned(struct vgic_conn *tool)
{
        struct vgic_vm_info info = { .size = sizeof(info), .n_vcpus_registered = 1 };
        uint64_t end = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);

        while (info.n_vcpus_registered && base_clock_ns() < end)
                if (vgic_vm_query(tool, NAME, &info) < 0)
                        return false;
        return info.n_vcpus_registered == 0;
}

static void port_killed_in_guest_leaves_what_was_listed(struct vgic_conn *conn,
                                                        struct vgic_conn *tool)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu;
        struct vgic_lr_bank bank;
        struct vgic_tdir tdir = { 0 };
        int status = 0;
        pid_t pid = fork();

        if (pid == 0)
                die_in_guest();
        waitpid(pid, &status, 0);
        tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && wait_unowned(tool),
               "the owner of a port is killed in guest");
        tap_ok(state_of(vm, SPI).pending && !state_of(vm, SPI).active,
               "killed in guest: what was listed as pending is pending");
        tap_ok(state_of(vm, OTHER).active && state_of(vm, OTHER).holder == 0,
               "killed in guest: what was active stays active at its vCPU");
        vgic_vm_tdir(vm, &tdir);
        tap_eq(tdir.set, 1, "TDIR is set");
        if (try_register(vm, 0, 4, &vcpu) < 0)
                tap_bail("register: %s", vgic_conn_error(conn));
        enter(vcpu, &bank);
        tap_ok(bank.ich_lr[0] == (SPI | VGIC_ICH_LR_PENDING | VGIC_ICH_LR_GROUP1) &&
               (bank.ich_lr[1] & (STATE | UINT32_MAX)) == (OTHER | VGIC_ICH_LR_ACTIVE) &&
               bank.ich_ap1r[0],
               "the next owner has both");
        bank.ich_lr[1] &= ~STATE;
        bank.ich_ap1r[0] = 0;
        vgic_lr_exit(vcpu, &bank);
        tap_ok(state_of(vm, SPI).pending && !state_of(vm, OTHER).active,
               "killed in guest, the next owner ends what the first had taken: not active");
        destroy(conn, vm);
}

/*
 * The gate: vCPU 1, a trap port, is refused an SPI while vCPU 0 is in guest without trapping; the
 * daemon cannot tell that one.
 */
static void gate_opens_though_the_daemon_is_stopped(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *port = guest_boot_vcpu(vm, 0, 4), *other = guest_boot_vcpu(vm, 1, 0);
        struct pollfd bell = { .fd = vgic_vcpu_fd(port), .events = POLLIN },
                others = { .fd = vgic_vcpu_fd(other), .events = POLLIN };
        struct vgic_lr_bank bank;

        vgic_gicd_write(vm, 0x6000 + 8 * SPI, 8, 1); /* IROUTER */
        enter(port, &bank);
        tap_ok(!(bank.ich_hcr & VGIC_ICH_HCR_TDIR), "a port is in guest and does not trap");
        daemon_pause(&daemon_);
        vgic_spi_pulse(vm, SPI);
        tap_eq(poll(&bell, 1, 0), 0,
               "whoever injects rings nobody but the daemon and the vCPU that it is for");
        tap_eq(vgic_vcpu_ack(other, 1), 1023, "another vCPU is refused the SPI");
        tap_eq(poll(&bell, 1, 0), 1,
               "daemon stopped, refused at the gate: the port in guest is rung");
        tap_eq(vgic_vcpu_park_begin(other), 0,
               "daemon stopped, refused at the gate: the trap port can sleep");
        vgic_lr_exit(port, &bank);
        tap_eq(poll(&others, 1, 0), 1, "the port leaves, and wakes it");
        vgic_vcpu_park_end(other);
        tap_eq(vgic_vcpu_ack(other, 1), SPI,
               "daemon stopped, the port has left: the trap port takes the SPI");
        enter(port, &bank);
        tap_ok(bank.ich_hcr & VGIC_ICH_HCR_TDIR,
               "daemon stopped, an SPI in flight: the port that enters traps");
        vgic_lr_exit(port, &bank);
        daemon_resume(&daemon_);
        destroy(conn, vm);
}

/* Nobody else could take the port out. */
static void port_given_back_without_daemon_opens_the_gate(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *port = guest_boot_vcpu(vm, 0, 4), *other = guest_boot_vcpu(vm, 1, 0);
        struct vgic_lr_bank bank;

        vgic_gicd_write(vm, 0x6000 + 8 * SPI, 8, 1); /* IROUTER */
        enter(port, &bank);
        daemon_kill(&daemon_);
        vgic_spi_pulse(vm, SPI);
        tap_eq(vgic_vcpu_ack(other, 1), 1023,
               "the daemon is dead, a port is in guest without trapping: the gate is shut");
        tap_eq(vgic_vcpu_unregister(port), -ENOTCONN,
               "daemon dead, the port in guest is given back: -ENOTCONN");
        tap_eq(vgic_vcpu_ack(other, 1), SPI,
               "daemon dead, the port in guest was given back: the trap port takes the SPI");
        vgic_vm_detach(vm);
}

int main(void)
{
        struct vgic_conn *conn, *tool;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        tool = daemon_connect(&daemon_);
        number_of_list_registers_is_checked(conn);
        enter_and_exit_refuse_the_wrong_order(conn);
        in_guest_nothing_reaches_past_the_bank(conn);
        mirror_has_no_ports(conn);
        daemon_checks_list_registers_itself(conn);
        attribute_of_what_is_listed_makes_its_vcpu_fold(conn, tool);
        reset_voids_what_the_guest_has_listed(conn, tool);
        vcpu_that_is_off_gives_up_1_of_n(conn);
        port_killed_in_guest_leaves_what_was_listed(conn, tool);
        gate_opens_though_the_daemon_is_stopped(conn);
        vgic_disconnect(conn);
        vgic_disconnect(tool);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        port_given_back_without_daemon_opens_the_gate(conn);
        vgic_disconnect(conn);
        daemon_stop(&daemon_);
        return tap_done();
}
