/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The table of commands
 *
 * One row per command: what it takes, its help, and the function that runs it. The parser and
 * the help are made from the rows; a new command is a new row.
 */
#include "cli.h"

const struct cli_command cli_commands[] = {
        { .name = "list", .args = "", .n_args = 0, .run = cli_list,
          .summary = "all VMs that you may see",
          .help = "VCPUS is registered/all. SPIS are both ranges. INJECTED counts what came by\n"
                  "message and by ring. ERRORS are the guest's accesses to registers that do\n"
                  "not exist, or not of this size.\n" },
        { .name = "show", .args = "VM", .n_args = 1, .run = cli_show,
          .summary = "one VM: owner, configuration, counters, TDIR",
          .help = "All by message: it works before the VM is initialised, too.\n" },
        { .name = "vcpus", .args = "VM", .n_args = 1, .run = cli_vcpus,
          .summary = "the vCPUs of a VM and their CPU interfaces",
          .help = "Read from shared memory while they run; nothing is stopped.\n" },
        { .name = "irqs", .args = "VM", .n_args = 1, .run = cli_irqs,
          .options = CLI_OPTION(CLI_OPT_ALL) | CLI_OPTION(CLI_OPT_VCPU),
          .summary = "the state of every interrupt",
          .help = "Without --all: those that are enabled, pending, active, or were ever\n"
                  "acknowledged. --json has them all. --vcpu N leaves out the SGIs and PPIs of\n"
                  "the other vCPUs. EPPI and ESPI are the extended ranges, INTIDs 1056.. and\n"
                  "4096... Each row is of one moment; two rows may be of different moments,\n"
                  "because nothing is stopped.\n" },
        { .name = "counts", .args = "VM", .n_args = 1, .run = cli_counts,
          .options = CLI_OPTION(CLI_OPT_ALL),
          .summary = "how often each vCPU acknowledged each interrupt",
          .help = "The daemon's side of the guest's /proc/interrupts. Interrupts that were\n"
                  "never acknowledged are left out unless --all is given.\n" },
        { .name = "icc-ctlr", .args = "VM VCPU", .n_args = 2, .run = cli_icc_ctlr,
          .options = CLI_OPTION(CLI_OPT_VIA),
          .summary = "ICC_CTLR_EL1 of a vCPU, whatever it is doing",
          .help = "Three values of one moment: what the architecture gives at reset, that with\n"
                  "what the guest configured last, and what the guest would read now.\n" },
        { .name = "mirror", .args = "VM VCPU", .n_args = 2, .run = cli_mirror,
          .options = CLI_OPTION(CLI_OPT_VIA),
          .summary = "a vCPU's registers in a mirror",
          .help = "A mirror has no delivering controller, only what its VMM read from the\n"
                  "kernel and published. \"not known\" was never published, or was invalidated\n"
                  "since. The live value is never known.\n" },
        { .name = "tdir", .args = "VM", .n_args = 1, .run = cli_tdir,
          .options = CLI_OPTION(CLI_OPT_VIA) | CLI_OPTION(CLI_OPT_WATCH) |
                     CLI_OPTION(CLI_OPT_COUNT),
          .summary = "whether SPIs are in flight (ICH_HCR_EL2.TDIR)",
          .help = "--watch prints the present state, then each change, until it is interrupted,\n"
                  "--count changes were seen (status 0), or --timeout seconds have passed\n"
                  "(status 1 if --count was not reached). Fractions of a second are allowed.\n" },
        { .name = "inject", .args = "VM INTID", .n_args = 2, .run = cli_inject,
          .options = CLI_OPTION(CLI_OPT_ASSERT) | CLI_OPTION(CLI_OPT_DEASSERT) |
                     CLI_OPTION(CLI_OPT_PULSE) | CLI_OPTION(CLI_OPT_VCPU),
          .summary = "drive the tools' wire of an SPI (or, with --vcpu, PPI)",
          .help = "The interrupt sees this wire OR-ed with those of the VMM and of devices:\n"
                  "what is asserted here stays asserted until it is deasserted here. --vcpu\n"
                  "says whose PPI is meant (16 to 31, 1056 to 1119); an SPI (32 to 1019, 4096\n"
                  "to 5119) belongs to no vCPU (the guest routes it), and takes none.\n" },
        { .name = "reset", .args = "VM VCPU", .n_args = 2, .run = cli_reset,
          .options = CLI_OPTION(CLI_OPT_KIND),
          .summary = "reset one vCPU's CPU interface and private interrupts",
          .help = "As PSCI CPU_ON does. The guest on it does not expect this. No other vCPU is\n"
                  "stopped. --kind system resets the whole controller, and VCPU does not\n"
                  "matter; post-load makes the ICC_CTLR_EL1 that was configured the live one;\n"
                  "lazy is for a vCPU that comes late: as cpu-on, with nothing configured.\n" },
        { .name = "save", .args = "VM FILE|-", .n_args = 2, .run = cli_save,
          .summary = "save the interrupt controller of a VM",
          .help = "Nothing is stopped. The snapshot is exact if no vCPU ran meanwhile: each\n"
                  "parked, stopped, off, or of no process. '-' is standard output:\n"
                  "vgicctl save VM - | ssh HOST vgicctl restore VM -\n" },
        { .name = "restore", .args = "VM FILE|-", .n_args = 2, .run = cli_restore,
          .options = CLI_OPTION(CLI_OPT_REPAIR) | CLI_OPTION(CLI_OPT_LOWER_DEVICES),
          .summary = "make the interrupt controller of a VM what was saved",
          .help = "A VM that does not exist is made as the saved one was. One that does must\n"
                  "fit, and none of its vCPUs may run. Everything is checked first: what is\n"
                  "refused changes nothing.\n" },
        { .name = "attr", .args = "get|set|has VM GROUP ATTR [VALUE]", .n_args = 4, .n_more = 1,
         .run = cli_attr,
          .summary = "a register or setting by KVM's device-attribute numbers",
          .help = "GROUP: addr, dist-regs, nr-irqs, ctrl, redist-regs, cpu-sysregs, level-info,\n"
                  "or its number. ATTR and VALUE are numbers, 0x for hexadecimal. set changes\n"
                  "the guest's controller while it runs. get of a redistributor region (addr 5)\n"
                  "takes its index as VALUE. All by message: it works before the VM is\n"
                  "initialised, too, where anything has a value then; 'attr set VM ctrl 0 0'\n"
                  "initialises it.\n" },
        { .name = "destroy", .args = "VM", .n_args = 1, .run = cli_destroy,
          .summary = "destroy a VM, even if it is in use",
          .help = "The daemon forgets it at once. Processes that map it keep their memory until\n"
                  "they detach.\n" },
        { .name = "status", .args = "", .run = cli_status,
          .summary = "the daemon: version, limits and how much of each is used",
          .help = "Root, the user that the daemon runs as and who may observe all are told of\n"
                  "all users, of the log and of the settings; everybody of itself.\n" },
        { .name = "sessions", .args = "", .run = cli_sessions,
          .summary = "who is connected, and what each is attached to",
          .help = "Yours; all, if you are told of all users (see status). ERRORS counts requests\n"
                  "that were answered with one, REFUSED those of them that a right or a limit\n"
                  "forbade.\n" },
        { .name = "users", .args = "", .run = cli_users,
          .summary = "what each user holds of the daemon, and may hold",
          .help = "Yourself; all, if you are told of all users (see status). Some that hold\n"
                  "nothing are there because they were refused something.\n" },
        { .name = "grants", .args = "[VM]", .n_more = 1, .run = cli_grants,
          .summary = "what devices may drive, and which device does",
          .help = "Of one VM, or of all that you may see. USERS are those beside the VM's own\n"
                  "whose devices may use it. SESSION, PID and USER are the device's, if one is\n"
                  "attached. Tokens are not told.\n" },
        { .name = "revoke", .args = "VM GRANT", .n_args = 2, .run = cli_revoke,
          .missing = "there is no such VM or grant",
          .summary = "take a grant back from its device",
          .help = "Its wires go low. The device stays attached, and drives nothing.\n" },
        { .name = "disconnect", .args = "SESSION", .n_args = 1, .run = cli_disconnect,
          .missing = "there is no such session",
          .summary = "end a client's connection",
          .help = "As if it had closed it: vCPUs and grants are free for others. Its process may\n"
                  "go on with memory that it has mapped, and may connect again. You may end your\n"
                  "own; root and the user that the daemon runs as any.\n" },
};
const unsigned cli_n_commands = sizeof(cli_commands) / sizeof(cli_commands[0]);
