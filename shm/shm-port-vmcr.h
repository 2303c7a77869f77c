/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_PORT_VMCR_H
#define SHM_PORT_VMCR_H

/*
 * ICH_HCR_EL2 and ICH_VMCR_EL2 for the two files of a list-register port (IHI 0069 sections 12.4.8,
 * 12.4.13): an entry fills them, the fold takes back what the guest wrote
 */
#include "base-bits.h"
#include "shm-layout.h"

#define HCR_EN              (UINT64_C(1) << 0)
#define HCR_UIE             (UINT64_C(1) << 1)
#define HCR_NPIE            (UINT64_C(1) << 3)
#define HCR_VGRP_EIE(g)     (UINT64_C(1) << (4 + 2 * (g)))
#define HCR_VGRP_DIE(g)     (UINT64_C(1) << (5 + 2 * (g)))
#define HCR_TDIR            (UINT64_C(1) << 14)
#define HCR_EOICOUNT_SHIFT  27
#define HCR_EOICOUNT_WIDTH  5
#define VMCR_VFIQEN         (UINT64_C(1) << 3)
#define VMCR_VCBPR          (UINT64_C(1) << 4)
#define VMCR_BPR1_SHIFT     18

/* Which fields of ICH_VMCR_EL2 are which of the CPU interface's word. */
static const struct vmcr_field {
        uint8_t shift, width, cpuif_shift;
} vmcr_fields[] = {
        { 0, 1, SHM_CPUIF_GRPEN_SHIFT },
        { 1, 1, SHM_CPUIF_GRPEN_SHIFT + 1 },
        { 24, 8, SHM_CPUIF_PMR_SHIFT },
        { 21, 3, SHM_CPUIF_BPR0_SHIFT },
        { VMCR_BPR1_SHIFT, 3, SHM_CPUIF_BPR1_SHIFT },
};
#define VMCR_VENG_MASK    UINT64_C(3)   /* the group enables */
#define VMCR_CPUIF_MASK   (VMCR_VENG_MASK | UINT64_C(0xfffc0000)) /* all of these fields */
#define N_VMCR_FIELDS  (sizeof(vmcr_fields) / sizeof(vmcr_fields[0]))

#endif
