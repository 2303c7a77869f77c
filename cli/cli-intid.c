/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * INTIDs: their ranges, what they are called, and which of them a VM has
 */
#include <stdio.h>

#include "cli.h"

static const struct {
        const char *name;
        uint32_t first, n_max;
        enum cli_intids kind;
} intid_ranges[] = {     /* ascending */
        { "SGI", 0, VGIC_PPI_FIRST, CLI_PRIVATE },
        { "PPI", VGIC_PPI_FIRST, VGIC_SPI_FIRST - VGIC_PPI_FIRST, CLI_PRIVATE },
        { "SPI", VGIC_SPI_FIRST, VGIC_MAX_SPIS, CLI_SHARED },
        { "EPPI", VGIC_EPPI_FIRST, VGIC_MAX_EPPIS, CLI_PRIVATE },
        { "ESPI", VGIC_ESPI_FIRST, VGIC_MAX_ESPIS, CLI_SHARED },
};
#define INTID_N_RANGES (sizeof(intid_ranges) / sizeof(intid_ranges[0]))

/* How many of range @i the VM has. */
static uint32_t intid_count(const struct vgic_vm_info *info, size_t i)
{
        if (intid_ranges[i].first == VGIC_SPI_FIRST)
                return info->n_spis;
        if (intid_ranges[i].first == VGIC_EPPI_FIRST)
                return info->n_eppis;
        return intid_ranges[i].first == VGIC_ESPI_FIRST ? info->n_espis : intid_ranges[i].n_max;
}

char *cli_intid_name(uint32_t intid, char *name)
{
        const char *range = "INTID";

        for (size_t i = 0; i < INTID_N_RANGES; i++)
                if (intid - intid_ranges[i].first < intid_ranges[i].n_max)
                        range = intid_ranges[i].name;
        snprintf(name, 16, "%s%u", range, intid);
        return name;
}

bool cli_intid_has_wire(uint32_t intid, enum cli_intids kind)
{
        for (size_t i = 1; i < INTID_N_RANGES; i++) /* all but SGIs */
                if (intid_ranges[i].kind == kind &&
                    intid - intid_ranges[i].first < intid_ranges[i].n_max)
                        return true;
        return false;
}

uint32_t cli_intid_next(const struct vgic_vm_info *info, enum cli_intids kinds, uint32_t intid)
{
        for (size_t i = 0; i < INTID_N_RANGES; i++) {
                uint32_t first = intid_ranges[i].first, n = intid_count(info, i);

                if (!(intid_ranges[i].kind & kinds) || n == 0)
                        continue;
                if (intid < first)
                        return first;
                if (intid - first < n)
                        return intid;
        }
        return CLI_NO_INTID;
}
