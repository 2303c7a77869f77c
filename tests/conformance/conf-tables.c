/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The tables of the conformance suite, in the order in which they run
 */
#include "conf-tables.h"

const struct conf_test *const conf_tables[] = {
        conf_config_tests,
        conf_dist_tests,
        conf_array_tests,
        conf_extended_array_tests,
        conf_line_tests,
        conf_cpuif_tests,
        conf_prio_tests,
        conf_eoi_tests,
        conf_map_tests,
        conf_status_tests,
        conf_redist_tests,
        conf_wake_tests,
        conf_group_tests,
        conf_sgi_tests,
        conf_route_tests,
        conf_oneofn_tests,
        conf_hostile_tests,
        conf_extended_tests,
        conf_reset_tests,
        conf_thread_tests,
        conf_state_tests,
        conf_tdir_tests,
        conf_choice_tests,
        conf_exact_tests,
        conf_parallel_tests,
        NULL,
};
