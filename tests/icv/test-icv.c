/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "icv.h"
#include "tap.h"

int main(void)
{
        const struct icv_params params = { .n_list_registers = 4, .n_priority_bits = 5 };
        struct vgic_lr_bank bank;
        uint64_t value;

        icv_reset(&params, &bank);
        tap_eq(icv_read(&params, &bank, VGIC_ICC_IAR1_EL1, &value), ICV_DONE, "a read");
        tap_eq((int64_t)value, 1023, "nothing pending");
        return tap_done();
}
