/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CONF_TABLES_H
#define CONF_TABLES_H

/*
 * One table of tests per source file; each ends with a row without a name
 */
#include "conf.h"

extern const struct conf_test conf_dist_tests[];
extern const struct conf_test conf_array_tests[];
extern const struct conf_test conf_extended_array_tests[];
extern const struct conf_test conf_config_tests[];
extern const struct conf_test conf_line_tests[];
extern const struct conf_test conf_cpuif_tests[];
extern const struct conf_test conf_prio_tests[];
extern const struct conf_test conf_eoi_tests[];
extern const struct conf_test conf_map_tests[];
extern const struct conf_test conf_status_tests[];
extern const struct conf_test conf_redist_tests[];
extern const struct conf_test conf_wake_tests[];
extern const struct conf_test conf_group_tests[];
extern const struct conf_test conf_sgi_tests[];
extern const struct conf_test conf_route_tests[];
extern const struct conf_test conf_oneofn_tests[];
extern const struct conf_test conf_hostile_tests[];
extern const struct conf_test conf_extended_tests[];
extern const struct conf_test conf_reset_tests[];
extern const struct conf_test conf_thread_tests[];
extern const struct conf_test conf_state_tests[];
extern const struct conf_test conf_tdir_tests[];
extern const struct conf_test conf_choice_tests[];
extern const struct conf_test conf_exact_tests[];
extern const struct conf_test conf_parallel_tests[];

#endif
