/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef FLAT_LR_H
#define FLAT_LR_H

/*
 * Guests for list registers, as words: tests/guest/flat-guest.c
 *
 * dir     EOImode 1. Two vCPUs acknowledge SPIs and deactivate each other's: 64 to 87,
 *         edge-triggered, of 16 priorities, even ones to vCPU 0, odd ones to vCPU 1. The handler
 *         counts an SPI, drops the priority (ICC_EOIR1_EL1) and marks it as held. The other vCPU
 *         looks for held ones and ends them by ICC_DIR_EL1, 200 times each. It injects each again
 *         (GICD_ISPENDR2), by turns before its end, when it is still active, and after. Every
 *         eighth time it sends SGI 5 as well, which the receiver ends itself. An SPI that is taken
 *         again before its end, or by the wrong vCPU, or unknown, is noted. At the end each was
 *         injected, taken and ended 200 times, and none is pending or active. One byte of input
 *         begins it; it says "DIR", or "BAD"; one more byte powers off.
 * ext     Takes SPI 70 ten times, while it runs and while it waits, and says so by a full stop; an
 *         X is what else came.
 */
#include <stdint.h>

static const uint32_t dir[] = {
        /* waits for input; the distributor; CPU_ON */
        0xd2a12014, /* mov x20, #0x9000000 */
        0x52806021, /* mov w1, #0x301 */
        0xb9003281, /* str w1, [x20, #48] */
        0x52800201, /* mov w1, #0x10 */
        0xb9002e81, /* str w1, [x20, #44] */
        0xb9401a81, /* ldr w1, [x20, #24] */
        0x3727ffe1, /* tbnz w1, #4, 0x14 */
        0xb9400281, /* ldr w1, [x20] */
        0xd2a10018, /* mov x24, #0x8000000 */
        0x52800240, /* mov w0, #0x12 */
        0xb9000300, /* str w0, [x24] */
        0x12800000, /* mov w0, #0xffffffff */
        0xb9008b00, /* str w0, [x24, #136] */
        0x3201f3e0, /* mov w0, #0xaaaaaaaa */
        0xb90c1300, /* str w0, [x24, #3088] */
        0xb90c1700, /* str w0, [x24, #3092] */
        0xd2800001, /* mov x1, #0x0 */
        0x8b010302, /* add x2, x24, x1 */
        0x12000c20, /* and w0, w1, #0xf */
        0x531d7000, /* lsl w0, w0, #3 */
        0x39110040, /* strb w0, [x2, #1088] */
        0x8b010f02, /* add x2, x24, x1, lsl #3 */
        0xd28c4003, /* mov x3, #0x6200 */
        0x92400020, /* and x0, x1, #0x1 */
        0xf8236840, /* str x0, [x2, x3] */
        0x91000421, /* add x1, x1, #0x1 */
        0xf100603f, /* cmp x1, #0x18 */
        0x54fffec3, /* b.cc 0x44 */
        0x12bfe000, /* mov w0, #0xffffff */
        0xb9010b00, /* str w0, [x24, #264] */
        0x52b88000, /* mov w0, #0xc4000000 */
        0x72800060, /* movk w0, #0x3 */
        0xd2800021, /* mov x1, #0x1 */
        0x10000082, /* adr x2, 0x94 */
        0xd2800023, /* mov x3, #0x1 */
        0xd4000002, /* hvc #0x0 */
        0xd2800000, /* mov x0, #0x0 */
        /* each vCPU: x22 is its index, x21 the data */
        0xaa0003f6, /* mov x22, x0 */
        0xd2a12014, /* mov x20, #0x9000000 */
        0xd2a80135, /* mov x21, #0x40090000 */
        0xd2a10018, /* mov x24, #0x8000000 */
        0x52801917, /* mov w23, #0xc8 */
        0xd2a80100, /* mov x0, #0x40080000 */
        0xb2750000, /* orr x0, x0, #0x800 */
        0xd518c000, /* msr vbar_el1, x0 */
        0xd2a10140, /* mov x0, #0x80a0000 */
        0x8b164400, /* add x0, x0, x22, lsl #17 */
        0xb900141f, /* str wzr, [x0, #20] */
        0x91404000, /* add x0, x0, #0x10, lsl #12 */
        0x12800001, /* mov w1, #0xffffffff */
        0xb9008001, /* str w1, [x0, #128] */
        0x52800401, /* mov w1, #0x20 */
        0xb9010001, /* str w1, [x0, #256] */
        0xd2801fe0, /* mov x0, #0xff */
        0xd5184600, /* msr icc_pmr_el1, x0 */
        0xd2800040, /* mov x0, #0x2 */
        0xd518cc80, /* msr icc_ctlr_el1, x0 */
        0xd2800020, /* mov x0, #0x1 */
        0xd518cce0, /* msr icc_igrpen1_el1, x0 */
        0xd5033fdf, /* isb */
        0xd50342ff, /* msr daifclr, #0x2 */
        0xd280001a, /* mov x26, #0x0 */
        0x520002d9, /* eor w25, w22, #0x1 */
        /* injects each of the other's SPIs once */
        0x94000018, /* bl 0x15c */
        0x11000b39, /* add w25, w25, #0x2 */
        0x7100633f, /* cmp w25, #0x18 */
        0x54ffffa3, /* b.cc 0xfc */
        0x520002d9, /* eor w25, w22, #0x1 */
        0x5280001b, /* mov w27, #0x0 */
        /* looks for one that the other has taken */
        0x11002b39, /* add w25, w25, #0xa */
        0x7100633f, /* cmp w25, #0x18 */
        0x54000043, /* b.cc 0x124 */
        0x51006339, /* sub w25, w25, #0x18 */
        0x8b394aa8, /* add x8, x21, w25, uxtw #2 */
        0x88dffd00, /* ldar w0, [x8] */
        0x34000060, /* cbz w0, 0x138 */
        0x94000013, /* bl 0x17c */
        0x17fffff8, /* b 0x114 */
        /* all have been ended 200 times: done */
        0x7100337f, /* cmp w27, #0xc */
        0x54fffec1, /* b.ne 0x114 */
        0x52800020, /* mov w0, #0x1 */
        0x910812a1, /* add x1, x21, #0x204 */
        0x8b160821, /* add x1, x1, x22, lsl #2 */
        0x889ffc20, /* stlr w0, [x1] */
        0xb40005d6, /* cbz x22, 0x208 */
        0xd503207f, /* wfi */
        0x17ffffff, /* b 0x154 */
        /* makes SPI w25 pending, and counts that */
        0x8b394aa8, /* add x8, x21, w25, uxtw #2 */
        0xb9410100, /* ldr w0, [x8, #256] */
        0x11000400, /* add w0, w0, #0x1 */
        0xb9010100, /* str w0, [x8, #256] */
        0x52800021, /* mov w1, #0x1 */
        0x1ad92021, /* lsl w1, w1, w25 */
        0xb9020b01, /* str w1, [x24, #520] */
        0xd65f03c0, /* ret */
        /* ends what the other holds; injects it again, before (odd times) or after */
        0xaa1e03fc, /* mov x28, x30 */
        0x9100075a, /* add x26, x26, #0x1 */
        0xb9418102, /* ldr w2, [x8, #384] */
        0x11000442, /* add w2, w2, #0x1 */
        0xb9018102, /* str w2, [x8, #384] */
        0x6b17005f, /* cmp w2, w23 */
        0x54000061, /* b.ne 0x1a0 */
        0x1100077b, /* add w27, w27, #0x1 */
        0x14000008, /* b 0x1bc */
        0x360000e2, /* tbz w2, #0, 0x1bc */
        0x97ffffee, /* bl 0x15c */
        0x72000f5f, /* tst w26, #0xf */
        0x54000081, /* b.ne 0x1bc */
        0x52a00101, /* mov w1, #0x80000 */
        0x51000421, /* sub w1, w1, #0x1 */
        0x35ffffe1, /* cbnz w1, 0x1b4 */
        0x8b394aa8, /* add x8, x21, w25, uxtw #2 */
        0x889ffd1f, /* stlr wzr, [x8] */
        0x11010320, /* add w0, w25, #0x40 */
        0xd518cb20, /* msr icc_dir_el1, x0 */
        0xd5033fdf, /* isb */
        0x72000b5f, /* tst w26, #0x7 */
        0x54000101, /* b.ne 0x1f4 */
        0xd2a0a000, /* mov x0, #0x5000000 */
        0xd2800021, /* mov x1, #0x1 */
        0x520002c3, /* eor w3, w22, #0x1 */
        0x9ac32021, /* lsl x1, x1, x3 */
        0xaa010000, /* orr x0, x0, x1 */
        0xd518cba0, /* msr icc_sgi1r_el1, x0 */
        0xd5033fdf, /* isb */
        0x6b17005f, /* cmp w2, w23 */
        0x54000060, /* b.eq 0x204 */
        0x37000042, /* tbnz w2, #0, 0x204 */
        0x97ffffd7, /* bl 0x15c */
        0xd65f0380, /* ret x28 */
        /* vCPU 0: all counts are 200, nothing is pending or active */
        0x910822a1, /* add x1, x21, #0x208 */
        0x88dffc20, /* ldar w0, [x1] */
        0x34ffffc0, /* cbz w0, 0x208 */
        0x52a00401, /* mov w1, #0x200000 */
        0x51000421, /* sub w1, w1, #0x1 */
        0x35ffffe1, /* cbnz w1, 0x218 */
        0xb94202a5, /* ldr w5, [x21, #512] */
        0xb9420b00, /* ldr w0, [x24, #520] */
        0x2a0000a5, /* orr w5, w5, w0 */
        0xb9430b00, /* ldr w0, [x24, #776] */
        0x2a0000a5, /* orr w5, w5, w0 */
        0x52800001, /* mov w1, #0x0 */
        0x8b214aa8, /* add x8, x21, w1, uxtw #2 */
        0xb9408100, /* ldr w0, [x8, #128] */
        0xb9410102, /* ldr w2, [x8, #256] */
        0xb9418103, /* ldr w3, [x8, #384] */
        0x4a170000, /* eor w0, w0, w23 */
        0x4a170042, /* eor w2, w2, w23 */
        0x4a170063, /* eor w3, w3, w23 */
        0x2a0000a5, /* orr w5, w5, w0 */
        0x2a0200a5, /* orr w5, w5, w2 */
        0x2a0300a5, /* orr w5, w5, w3 */
        0x11000421, /* add w1, w1, #0x1 */
        0x7100603f, /* cmp w1, #0x18 */
        0x54fffe83, /* b.cc 0x238 */
        0xb94212a0, /* ldr w0, [x21, #528] */
        0xb94216a1, /* ldr w1, [x21, #532] */
        0x7100001f, /* cmp w0, #0x0 */
        0x7a401824, /* ccmp w1, #0x0, #0x4, ne */
        0x54000080, /* b.eq 0x28c */
        0x35000065, /* cbnz w5, 0x28c */
        0x10000186, /* adr x6, 0x2b4 */
        0x14000002, /* b 0x290 */
        0x10000186, /* adr x6, 0x2bc */
        0x384014c1, /* ldrb w1, [x6], #1 */
        0x34000061, /* cbz w1, 0x2a0 */
        0xb9000281, /* str w1, [x20] */
        0x17fffffd, /* b 0x290 */
        0xb9401a81, /* ldr w1, [x20, #24] */
        0x3727ffe1, /* tbnz w1, #4, 0x2a0 */
        0x52b08000, /* mov w0, #0x84000000 */
        0x72800100, /* movk w0, #0x8 */
        0xd4000002, /* hvc #0x0 */
        /* "DIR" */
        0x0a524944, /* .word 0x0a524944 */
        0x00000000, /* .word 0x00000000 */
        /* "BAD" */
        0x0a444142, /* .word 0x0a444142 */
        0x00000000, /* .word 0x00000000 */
};

/* IRQ */
static const uint32_t dir_vector[] = {
        0xd538cc09, /* mrs x9, icc_iar1_el1 */
        0x7100413f, /* cmp w9, #0x10 */
        0x54000203, /* b.cc 0x48 */
        0x5101012a, /* sub w10, w9, #0x40 */
        0x7100615f, /* cmp w10, #0x18 */
        0x540002c2, /* b.cs 0x6c */
        0x8b2a4aab, /* add x11, x21, w10, uxtw #2 */
        0x4a16014c, /* eor w12, w10, w22 */
        0x3700026c, /* tbnz w12, #0, 0x6c */
        0xb940016c, /* ldr w12, [x11] */
        0x3500022c, /* cbnz w12, 0x6c */
        0xb940816c, /* ldr w12, [x11, #128] */
        0x1100058c, /* add w12, w12, #0x1 */
        0xb900816c, /* str w12, [x11, #128] */
        0xd518cc29, /* msr icc_eoir1_el1, x9 */
        0x5280002c, /* mov w12, #0x1 */
        0x889ffd6c, /* stlr w12, [x11] */
        0xd69f03e0, /* eret */
        /* an SGI is ended here */
        0x7100153f, /* cmp w9, #0x5 */
        0x54000101, /* b.ne 0x6c */
        0xd518cc29, /* msr icc_eoir1_el1, x9 */
        0xd518cb29, /* msr icc_dir_el1, x9 */
        0x8b160aab, /* add x11, x21, x22, lsl #2 */
        0xb942116c, /* ldr w12, [x11, #528] */
        0x1100058c, /* add w12, w12, #0x1 */
        0xb902116c, /* str w12, [x11, #528] */
        0xd69f03e0, /* eret */
        /* what should not have come */
        0xb90202a9, /* str w9, [x21, #512] */
        0xd518cc29, /* msr icc_eoir1_el1, x9 */
        0xd518cb29, /* msr icc_dir_el1, x9 */
        0xd69f03e0, /* eret */
};

static const uint32_t ext[] = {
        0xd2a12014, /* mov x20, #0x9000000 */
        0xd2a10018, /* mov x24, #0x8000000 */
        0x52800240, /* mov w0, #0x12 */
        0xb9000300, /* str w0, [x24] */
        0x12800000, /* mov w0, #0xffffffff */
        0xb9008b00, /* str w0, [x24, #136] */
        0x3201f3e0, /* mov w0, #0xaaaaaaaa */
        0xb90c1300, /* str w0, [x24, #3088] */
        0x52800800, /* mov w0, #0x40 */
        0xb9010b00, /* str w0, [x24, #264] */
        0xd2a80100, /* mov x0, #0x40080000 */
        0xb2750000, /* orr x0, x0, #0x800 */
        0xd518c000, /* msr vbar_el1, x0 */
        0xd2a10140, /* mov x0, #0x80a0000 */
        0xb900141f, /* str wzr, [x0, #20] */
        0xd2801fe0, /* mov x0, #0xff */
        0xd5184600, /* msr icc_pmr_el1, x0 */
        0xd2800020, /* mov x0, #0x1 */
        0xd518cce0, /* msr icc_igrpen1_el1, x0 */
        0xd5033fdf, /* isb */
        0x52800013, /* mov w19, #0x0 */
        0xd50342ff, /* msr daifclr, #0x2 */
        0x528007c1, /* mov w1, #0x3e */
        0xb9000281, /* str w1, [x20] */
        /* spins when it has taken an odd number, else waits */
        0x37000013, /* tbnz w19, #0, 0x60 */
        0xd503207f, /* wfi */
        0x17fffffe, /* b 0x60 */
};

static const uint32_t ext_vector[] = {
        0xd538cc09, /* mrs x9, icc_iar1_el1 */
        0x52800b01, /* mov w1, #0x58 */
        0x7101193f, /* cmp w9, #0x46 */
        0x54000081, /* b.ne 0x1c */
        0xd518cc29, /* msr icc_eoir1_el1, x9 */
        0x11000673, /* add w19, w19, #0x1 */
        0x528005c1, /* mov w1, #0x2e */
        0xb9000281, /* str w1, [x20] */
        0x71002a7f, /* cmp w19, #0xa */
        0x54000040, /* b.eq 0x2c */
        0xd69f03e0, /* eret */
        0x52800141, /* mov w1, #0xa */
        0xb9000281, /* str w1, [x20] */
        0x52b08000, /* mov w0, #0x84000000 */
        0x72800100, /* movk w0, #0x8 */
        0xd4000002, /* hvc #0x0 */
};

#endif
