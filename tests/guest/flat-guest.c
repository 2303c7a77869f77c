/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * flat-guest NAME - write a guest of a few instructions to standard output
 *
 * What    Flat binaries for vgic-vmm, as words: building the tests needs no arm64 assembler. They
 *         start at 0x40080000 with the MMU off and the device tree in x0; the PL011 is at
 *         0x09000000; HVC or SMC with x0 = 0x84000008 powers off.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "flat-lr.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))

/* hello: says "dtb" if x0 is a device tree, and powers off. */
static const uint32_t hello[] = {
        0xd2a12014, /* mov x20, #150994944 */
        0xb9400002, /* ldr w2, [x0] */
        0x5ac00842, /* rev w2, w2 */
        0x52ba01a3, /* mov w3, #-804454400 */
        0x729fdda3, /* movk w3, #65261 */
        0x6b03005f, /* cmp w2, w3 */
        0x540000e1, /* b.ne 0x34 */
        0x52800c81, /* mov w1, #100 */
        0xb9000281, /* str w1, [x20] */
        0x52800e81, /* mov w1, #116 */
        0xb9000281, /* str w1, [x20] */
        0x52800c41, /* mov w1, #98 */
        0xb9000281, /* str w1, [x20] */
        0x52800141, /* mov w1, #10 */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #-2080374784 */
        0x72800100, /* movk w0, #8 */
        0xd4000002, /* hvc #0 */
};

/* spin: runs for ever. */
static const uint32_t spin[] = {
        0x14000000, /* b 0x0 */
};

/* alloff: turns its only vCPU off. */
static const uint32_t alloff[] = {
        0x52b08000, /* mov w0, #-2080374784 */
        0x72800040, /* movk w0, #2 */
        0xd4000002, /* hvc #0 */
        0x14000000, /* b 0xc */
};

/* lost: jumps to where there is nothing, without exception handlers. */
static const uint32_t lost[] = {
        0xd2a60000, /* mov x0, #805306368 */
        0xd61f0000, /* br x0 */
};

/*
 * reset: prints a word of its own memory, adds one to it, and resets the system: always 0 if memory
 * is loaded afresh. */
static const uint32_t reset[] = {
        0xd2a12014, /* mov x20, #150994944 */
        0x10000185, /* adr x5, #48 */
        0xb94000a6, /* ldr w6, [x5] */
        0x110004c7, /* add w7, w6, #1 */
        0xb90000a7, /* str w7, [x5] */
        0x1100c0c6, /* add w6, w6, #48 */
        0xb9000286, /* str w6, [x20] */
        0x52800141, /* mov w1, #10 */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #-2080374784 */
        0x72800120, /* movk w0, #9 */
        0xd4000003, /* smc #0 */
        0x14000000, /* b 0x30 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
};

/*
 * wild: accesses of every width and alignment all over the GIC, to holes, to registers that do not
 * exist; jumps into devices and nowhere. Its handler at VBAR + 0x200 goes on behind the
 * instruction, or at x30 if it was a jump. Says "mrj". */
static const uint32_t wild[] = {
        0xd2a12014, /* mov x20, #150994944 */
        0xd2a80100, /* mov x0, #1074266112 */
        0xb2750000, /* orr x0, x0, #0x800 */
        0xd518c000, /* msr VBAR_EL1, x0 */
        0xd5033fdf, /* isb */
        0xd2a1000a, /* mov x10, #134217728 */
        0xd280000b, /* mov x11, #0 */
        0x386b6941, /* ldrb w1, [x10, x11] */
        0x786b6941, /* ldrh w1, [x10, x11] */
        0xb86b6941, /* ldr w1, [x10, x11] */
        0xf86b6941, /* ldr x1, [x10, x11] */
        0x8b0b014c, /* add x12, x10, x11 */
        0xa9400981, /* ldp x1, x2, [x12] */
        0x3dc00180, /* ldr q0, [x12] */
        0x78401181, /* ldurh w1, [x12, #1] */
        0xf8403181, /* ldur x1, [x12, #3] */
        0x3900019f, /* strb wzr, [x12] */
        0x7900019f, /* strh wzr, [x12] */
        0xb900019f, /* str wzr, [x12] */
        0xf900019f, /* str xzr, [x12] */
        0xa9007d9f, /* stp xzr, xzr, [x12] */
        0xf800519f, /* stur xzr, [x12, #5] */
        0x885f7d81, /* ldxr w1, [x12] */
        0x88037d9f, /* stxr w3, wzr, [x12] */
        0x085ffd81, /* ldaxrb w1, [x12] */
        0x9101116b, /* add x11, x11, #68 */
        0xd2a0008d, /* mov x13, #262144 */
        0xeb0d017f, /* cmp x11, x13 */
        0x54fffd63, /* b.lo 0x1c */
        0xd280002a, /* mov x10, #1 */
        0xf9400141, /* ldr x1, [x10] */
        0xd37ff94a, /* lsl x10, x10, #1 */
        0xb5ffffca, /* cbnz x10, 0x78 */
        0x52800da1, /* mov w1, #109 */
        0xb9000281, /* str w1, [x20] */
        0xd538cde1, /* mrs x1, S3_0_C12_C13_7 */
        0xd538c8e1, /* mrs x1, ICC_AP0R3_EL1 */
        0xd518cc01, /* msr S3_0_C12_C12_0, x1 */
        0xd538cba1, /* mrs x1, S3_0_C12_C11_5 */
        0xd53fffe1, /* mrs x1, S3_7_C15_C15_7 */
        0xd51fffe1, /* msr S3_7_C15_C15_7, x1 */
        0xd53c1101, /* mrs x1, HCR_EL2 */
        0xd40000e3, /* smc #0x7 */
        0xd41fffe2, /* hvc #0xffff */
        0x92800000, /* mov x0, #-1 */
        0xd4000002, /* hvc #0 */
        0x00000000, /* udf #0 */
        0xd4200020, /* brk #0x1 */
        0xd45e0000, /* hlt #0xf000 */
        0x52800e41, /* mov w1, #114 */
        0xb9000281, /* str w1, [x20] */
        0xd2a1000a, /* mov x10, #134217728 */
        0x1000005e, /* adr x30, #8 */
        0xd61f0140, /* br x10 */
        0xd2a1200a, /* mov x10, #150994944 */
        0x1000005e, /* adr x30, #8 */
        0xd61f0140, /* br x10 */
        0x9280000a, /* mov x10, #-1 */
        0x1000005e, /* adr x30, #8 */
        0xd61f0140, /* br x10 */
        0xd2e2468a, /* mov x10, #1311673391471656960 */
        0x1000005e, /* adr x30, #8 */
        0xd61f0140, /* br x10 */
        0x5000006a, /* adr x10, #14 */
        0x1000005e, /* adr x30, #8 */
        0xd61f0140, /* br x10 */
        0x52800d41, /* mov w1, #106 */
        0xb9000281, /* str w1, [x20] */
        0x52800141, /* mov w1, #10 */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #-2080374784 */
        0x72800100, /* movk w0, #8 */
        0xd4000002, /* hvc #0 */
};

static const uint32_t wild_vector[] = {
        0xd5384030, /* mrs x16, ELR_EL1 */
        0xd34bfe11, /* lsr x17, x16, #11 */
        0xd2a80112, /* mov x18, #1074266112 */
        0xeb522e3f, /* cmp x17, x18, lsr #11 */
        0x540000e1, /* b.ne 0xa2c */
        0xf240061f, /* tst x16, #0x3 */
        0x540000a1, /* b.ne 0xa2c */
        0xd5385212, /* mrs x18, ESR_EL1 */
        0x91001210, /* add x16, x16, #4 */
        0xd5184030, /* msr ELR_EL1, x16 */
        0xd69f03e0, /* eret */
        0xd518403e, /* msr ELR_EL1, x30 */
        0xd69f03e0, /* eret */
};

/* fiq: the virtual timer in group 0: taken as FIQ at VBAR + 0x300. */
static const uint32_t fiq[] = {
        0xd2a12014, /* mov x20, #150994944 */
        0xd2a80100, /* mov x0, #1074266112 */
        0xb2750000, /* orr x0, x0, #0x800 */
        0xd518c000, /* msr VBAR_EL1, x0 */
        0xd2a1000a, /* mov x10, #134217728 */
        0x52800221, /* mov w1, #17 */
        0xb9000141, /* str w1, [x10] */
        0xd2a1014b, /* mov x11, #134873088 */
        0xb900157f, /* str wzr, [x11, #20] */
        0xd2a1016b, /* mov x11, #134938624 */
        0xb900817f, /* str wzr, [x11, #128] */
        0x52a10001, /* mov w1, #134217728 */
        0xb9010161, /* str w1, [x11, #256] */
        0xd2801fe1, /* mov x1, #255 */
        0xd5184601, /* msr ICC_PMR_EL1, x1 */
        0xd2800021, /* mov x1, #1 */
        0xd518ccc1, /* msr ICC_IGRPEN0_EL1, x1 */
        0xd5033fdf, /* isb */
        0xd2807d01, /* mov x1, #1000 */
        0xd51be301, /* msr CNTV_TVAL_EL0, x1 */
        0xd2800021, /* mov x1, #1 */
        0xd51be321, /* msr CNTV_CTL_EL0, x1 */
        0xd50341ff, /* msr DAIFClr, #1 */
        0xd503207f, /* wfi */
        0x17ffffff, /* b 0x5c */
};

static const uint32_t fiq_vector[] = {
        0xd538c801, /* mrs x1, ICC_IAR0_EL1 */
        0xf1006c3f, /* cmp x1, #27 */
        0x54000121, /* b.ne 0xb2c */
        0xd51be33f, /* msr CNTV_CTL_EL0, xzr */
        0xd518c821, /* msr ICC_EOIR0_EL1, x1 */
        0x528008c1, /* mov w1, #70 */
        0xb9000281, /* str w1, [x20] */
        0x52800921, /* mov w1, #73 */
        0xb9000281, /* str w1, [x20] */
        0x52800a21, /* mov w1, #81 */
        0xb9000281, /* str w1, [x20] */
        0x52800141, /* mov w1, #10 */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #-2080374784 */
        0x72800100, /* movk w0, #8 */
        0xd4000002, /* hvc #0 */
};

/* awake: fiq, but it does not write GICR_WAKER. */
static const uint32_t awake[] = {
        0xd2a12014, /* mov x20, #150994944 */
        0xd2a80100, /* mov x0, #1074266112 */
        0xb2750000, /* orr x0, x0, #0x800 */
        0xd518c000, /* msr VBAR_EL1, x0 */
        0xd2a1000a, /* mov x10, #134217728 */
        0x52800221, /* mov w1, #17 */
        0xb9000141, /* str w1, [x10] */
        0xd2a1016b, /* mov x11, #134938624 */
        0xb900817f, /* str wzr, [x11, #128] */
        0x52a10001, /* mov w1, #134217728 */
        0xb9010161, /* str w1, [x11, #256] */
        0xd2801fe1, /* mov x1, #255 */
        0xd5184601, /* msr ICC_PMR_EL1, x1 */
        0xd2800021, /* mov x1, #1 */
        0xd518ccc1, /* msr ICC_IGRPEN0_EL1, x1 */
        0xd5033fdf, /* isb */
        0xd2807d01, /* mov x1, #1000 */
        0xd51be301, /* msr CNTV_TVAL_EL0, x1 */
        0xd2800021, /* mov x1, #1 */
        0xd51be321, /* msr CNTV_CTL_EL0, x1 */
        0xd50341ff, /* msr DAIFClr, #1 */
        0xd503207f, /* wfi */
        0x17ffffff, /* b 0x5c */
};

/*
 * istatus: 2000 times, the virtual timer's interrupt is pending as soon as CNTV_CTL_EL0.ISTATUS
 * reads 1, and no longer once the timer is off. Says "I".
 */
static const uint32_t istatus[] = {
        0xd2a12014, /* mov x20, #0x9000000 */
        0xd2a1016b, /* mov x11, #0x80b0000 */
        0x5280fa09, /* mov w9, #0x7d0 */
        0xd53be041, /* mrs x1, cntvct_el0 */
        0x911f4021, /* add x1, x1, #0x7d0 */
        0xd51be341, /* msr cntv_cval_el0, x1 */
        0xd2800021, /* mov x1, #0x1 */
        0xd51be321, /* msr cntv_ctl_el0, x1 */
        0xd53be321, /* mrs x1, cntv_ctl_el0 */
        0x3617ffe1, /* tbz w1, #2, 20 */
        0xb9420162, /* ldr w2, [x11, #512] */
        0x36d80102, /* tbz w2, #27, 4c */
        0xd51be33f, /* msr cntv_ctl_el0, xzr */
        0xb9420162, /* ldr w2, [x11, #512] */
        0x37d800a2, /* tbnz w2, #27, 4c */
        0x71000529, /* subs w9, w9, #0x1 */
        0x54fffe61, /* b.ne c */
        0x52800921, /* mov w1, #0x49 */
        0x14000002, /* b 50 */
        0x52800f01, /* mov w1, #0x78 */
        0xb9000281, /* str w1, [x20] */
        0x52800141, /* mov w1, #0xa */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #0x84000000 */
        0x72800100, /* movk w0, #0x8 */
        0xd4000002, /* hvc #0x0 */
};

/*
 * fetch: jumps to where nobody answers, twice. The handler wants ESR_EL1 to be x24 (an instruction
 * abort from the same level, IL, synchronous external abort), FAR_EL1 and ELR_EL1 to be x25, and
 * goes on at x30. Says a full stop for each, x for one that is otherwise.
 */
static const uint32_t fetch[] = {
        0xd2a12014, /* mov x20, #0x9000000 */
        0xd2a80100, /* mov x0, #0x40080000 */
        0xb2750000, /* orr x0, x0, #0x800 */
        0xd518c000, /* msr vbar_el1, x0 */
        0xd5033fdf, /* isb */
        0xd2b0c018, /* mov x24, #0x86000000 */
        0xf2800218, /* movk x24, #0x10 */
        0xd2a6000a, /* mov x10, #0x30000000 */
        0xaa0a03f9, /* mov x25, x10 */
        0x1000005e, /* adr x30, 2c */
        0xd61f0140, /* br x10 */
        0xd2c00e0a, /* mov x10, #0x7000000000 */
        0xf282460a, /* movk x10, #0x1230 */
        0xaa0a03f9, /* mov x25, x10 */
        0x1000005e, /* adr x30, 40 */
        0xd63f0140, /* blr x10 */
        0x52800141, /* mov w1, #0xa */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #0x84000000 */
        0x72800100, /* movk w0, #0x8 */
        0xd4000002, /* hvc #0x0 */
};

static const uint32_t fetch_vector[] = {
        0xd5385201, /* mrs x1, esr_el1 */
        0xeb18003f, /* cmp x1, x24 */
        0x54000121, /* b.ne 2c */
        0xd5386001, /* mrs x1, far_el1 */
        0xeb19003f, /* cmp x1, x25 */
        0x540000c1, /* b.ne 2c */
        0xd5384021, /* mrs x1, elr_el1 */
        0xeb19003f, /* cmp x1, x25 */
        0x54000061, /* b.ne 2c */
        0x528005c1, /* mov w1, #0x2e */
        0x14000002, /* b 30 */
        0x52800f01, /* mov w1, #0x78 */
        0xb9000281, /* str w1, [x20] */
        0xd518403e, /* msr elr_el1, x30 */
        0xd69f03e0, /* eret */
};

/* echo: polls for input and sends it back, until a full stop. */
static const uint32_t echo[] = {
        0xd2a12014, /* mov x20, #150994944 */
        0x52806021, /* mov w1, #769 */
        0xb9003281, /* str w1, [x20, #48] */
        0x52800201, /* mov w1, #16 */
        0xb9002e81, /* str w1, [x20, #44] */
        0xb9401a81, /* ldr w1, [x20, #24] */
        0x3727ffe1, /* tbnz w1, #4, 0x14 */
        0xb9400281, /* ldr w1, [x20] */
        0xb9000281, /* str w1, [x20] */
        0x7100b83f, /* cmp w1, #46 */
        0x54ffff61, /* b.ne 0x14 */
        0x52800141, /* mov w1, #10 */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #-2080374784 */
        0x72800100, /* movk w0, #8 */
        0xd4000002, /* hvc #0 */
};

/*
 * code: writes a function, says so by IC IVAU, and calls it on both vCPUs, nine times:
 * 112233445566778899.
 */
static const uint32_t code[] = {
        0xd2a12014, /* mov x20, #150994944 */
        0xd2a80135, /* mov x21, #1074331648 */
        0x10000459, /* adr x25, #136 */
        0x52b88000, /* mov w0, #-1006632960 */
        0x72800060, /* movk w0, #3 */
        0xd2800021, /* mov x1, #1 */
        0xaa1903e2, /* mov x2, x25 */
        0xaa1503e3, /* mov x3, x21 */
        0xd4000002, /* hvc #0 */
        0x52800036, /* mov w22, #1 */
        0x52aa5001, /* mov w1, #1384120320 */
        0x2a161421, /* orr w1, w1, w22, lsl #5 */
        0x10000402, /* adr x2, #128 */
        0xb9000041, /* str w1, [x2] */
        0xd50b7b22, /* dc cvau, x2 */
        0xd5033b9f, /* dsb ish */
        0xd50b7522, /* ic ivau, x2 */
        0xd5033b9f, /* dsb ish */
        0xd5033fdf, /* isb */
        0x94000019, /* bl 0xb0 */
        0x1100c017, /* add w23, w0, #48 */
        0xb9000297, /* str w23, [x20] */
        0x889ffeb6, /* stlr w22, [x21] */
        0x88dffea1, /* ldar w1, [x21] */
        0x35ffffe1, /* cbnz w1, 0x5c */
        0xb94006a1, /* ldr w1, [x21, #4] */
        0x1100c021, /* add w1, w1, #48 */
        0xb9000281, /* str w1, [x20] */
        0x110006d6, /* add w22, w22, #1 */
        0x71002adf, /* cmp w22, #10 */
        0x54fffd83, /* b.lo 0x28 */
        0x52800141, /* mov w1, #10 */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #-2080374784 */
        0x72800100, /* movk w0, #8 */
        0xd4000002, /* hvc #0 */
        0xaa0003f5, /* mov x21, x0 */
        0x88dffea1, /* ldar w1, [x21] */
        0x34ffffe1, /* cbz w1, 0x94 */
        0xd5033fdf, /* isb */
        0x94000004, /* bl 0xb0 */
        0xb90006a0, /* str w0, [x21, #4] */
        0x889ffebf, /* stlr wzr, [x21] */
        0x17fffffa, /* b 0x94 */
        0x52800000, /* mov w0, #0 */
        0xd65f03c0, /* ret */
};

/*
 * psci: calls of PSCI from a table of function, x1, x2, wanted result; a full stop for each that is
 * right, else an X. */
static const uint32_t psci[] = {
        0xd2a12014, /* mov x20, #150994944 */
        0x10000255, /* adr x21, #72 */
        0x294006a0, /* ldp w0, w1, [x21] */
        0x29415aa2, /* ldp w2, w22, [x21, #8] */
        0x34000140, /* cbz w0, 0x38 */
        0x52800003, /* mov w3, #0 */
        0xd4000002, /* hvc #0 */
        0x6b16001f, /* cmp w0, w22 */
        0x528005c1, /* mov w1, #46 */
        0x54000040, /* b.eq 0x2c */
        0x52800b01, /* mov w1, #88 */
        0xb9000281, /* str w1, [x20] */
        0x910042b5, /* add x21, x21, #16 */
        0x17fffff5, /* b 0x8 */
        0x52800141, /* mov w1, #10 */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #-2080374784 */
        0x72800100, /* movk w0, #8 */
        0xd4000002, /* hvc #0 */
        0x84000000, /* 00 00 00 84 .word 0x84000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00010001, /* 01 00 01 00 .word 0x00010001 */
        0xc4000003, /* 03 00 00 c4 .word 0xc4000003 */
        0x00000002, /* 02 00 00 00 .word 0x00000002 */
        0x40080000, /* 00 00 08 40 .word 0x40080000 */
        0xfffffffe, /* fe ff ff ff .word 0xfffffffe */
        0xc4000003, /* 03 00 00 c4 .word 0xc4000003 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x40080000, /* 00 00 08 40 .word 0x40080000 */
        0xfffffffc, /* fc ff ff ff .word 0xfffffffc */
        0xc4000003, /* 03 00 00 c4 .word 0xc4000003 */
        0x00000001, /* 01 00 00 00 .word 0x00000001 */
        0x30000000, /* 00 00 00 30 .word 0x30000000 */
        0xfffffff7, /* f7 ff ff ff .word 0xfffffff7 */
        0xc4000003, /* 03 00 00 c4 .word 0xc4000003 */
        0x00000001, /* 01 00 00 00 .word 0x00000001 */
        0x40080002, /* 02 00 08 40 .word 0x40080002 */
        0xfffffff7, /* f7 ff ff ff .word 0xfffffff7 */
        0xc4000004, /* 04 00 00 c4 .word 0xc4000004 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0xc4000004, /* 04 00 00 c4 .word 0xc4000004 */
        0x00000001, /* 01 00 00 00 .word 0x00000001 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000001, /* 01 00 00 00 .word 0x00000001 */
        0xc4000004, /* 04 00 00 c4 .word 0xc4000004 */
        0x00000001, /* 01 00 00 00 .word 0x00000001 */
        0x00000001, /* 01 00 00 00 .word 0x00000001 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0xc4000004, /* 04 00 00 c4 .word 0xc4000004 */
        0x00000001, /* 01 00 00 00 .word 0x00000001 */
        0x00000004, /* 04 00 00 00 .word 0x00000004 */
        0xfffffffe, /* fe ff ff ff .word 0xfffffffe */
        0xc4000004, /* 04 00 00 c4 .word 0xc4000004 */
        0x00000009, /* 09 00 00 00 .word 0x00000009 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0xfffffffe, /* fe ff ff ff .word 0xfffffffe */
        0x84000006, /* 06 00 00 84 .word 0x84000006 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000002, /* 02 00 00 00 .word 0x00000002 */
        0x8400000a, /* 0a 00 00 84 .word 0x8400000a */
        0xc4000003, /* 03 00 00 c4 .word 0xc4000003 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x8400000a, /* 0a 00 00 84 .word 0x8400000a */
        0x84000005, /* 05 00 00 84 .word 0x84000005 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0xffffffff, /* ff ff ff ff .word 0xffffffff */
        0xc4000001, /* 01 00 00 c4 .word 0xc4000001 */
        0x00010000, /* 00 00 01 00 .word 0x00010000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0xfffffffe, /* fe ff ff ff .word 0xfffffffe */
        0x84000005, /* 05 00 00 84 .word 0x84000005 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0xffffffff, /* ff ff ff ff .word 0xffffffff */
        0x12345678, /* 78 56 34 12 .word 0x12345678 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0xffffffff, /* ff ff ff ff .word 0xffffffff */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
        0x00000000, /* 00 00 00 00 .word 0x00000000 */
};

static const struct guest {
        const char *name;
        const uint32_t *code;
        size_t n_code;
        const uint32_t *vector; /* exception handler, if any */
        size_t vector_at, n_vector;
} guests[] = {
        { .name = "hello", .code = hello, .n_code = COUNT(hello) },
        { .name = "spin", .code = spin, .n_code = COUNT(spin) },
        { .name = "alloff", .code = alloff, .n_code = COUNT(alloff) },
        { .name = "lost", .code = lost, .n_code = COUNT(lost) },
        { .name = "reset", .code = reset, .n_code = COUNT(reset) },
        { .name = "wild", .code = wild, .n_code = COUNT(wild),
          .vector = wild_vector, .vector_at = 0xa00, .n_vector = COUNT(wild_vector) },
        { .name = "fiq", .code = fiq, .n_code = COUNT(fiq),
          .vector = fiq_vector, .vector_at = 0xb00, .n_vector = COUNT(fiq_vector) },
        { .name = "awake", .code = awake, .n_code = COUNT(awake),
          .vector = fiq_vector, .vector_at = 0xb00, .n_vector = COUNT(fiq_vector) },
        { .name = "istatus", .code = istatus, .n_code = COUNT(istatus) },
        { .name = "fetch", .code = fetch, .n_code = COUNT(fetch),
          .vector = fetch_vector, .vector_at = 0xa00, .n_vector = COUNT(fetch_vector) },
        { .name = "echo", .code = echo, .n_code = COUNT(echo) },
        { .name = "code", .code = code, .n_code = COUNT(code) },
        { .name = "psci", .code = psci, .n_code = COUNT(psci) },
        { .name = "dir", .code = dir, .n_code = COUNT(dir),
          .vector = dir_vector, .vector_at = 0xa80, .n_vector = COUNT(dir_vector) },
        { .name = "ext", .code = ext, .n_code = COUNT(ext),
          .vector = ext_vector, .vector_at = 0xa80, .n_vector = COUNT(ext_vector) },
};

static void put_word(uint32_t word)
{
        for (unsigned shift = 0; shift < 32; shift += 8)
                putchar((int)(word >> shift & 0xff));
}

static void put_guest(const struct guest *guest)
{
        for (size_t i = 0; i < guest->n_code; i++)
                put_word(guest->code[i]);
        for (size_t at = 4 * guest->n_code; at < guest->vector_at; at += 4)
                put_word(0);
        for (size_t i = 0; i < guest->n_vector; i++)
                put_word(guest->vector[i]);
}

int main(int argc, char **argv)
{
        for (size_t i = 0; argc == 2 && i < COUNT(guests); i++) {
                if (strcmp(guests[i].name, argv[1]) == 0) {
                        put_guest(&guests[i]);
                        return fflush(stdout) == 0 ? 0 : 1;
                }
        }
        fputs("usage: flat-guest NAME\n", stderr);
        return 2;
}
