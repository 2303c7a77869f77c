/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_ORDER_H
#define SHM_ORDER_H

/*
 * The memory orders of "ready", by their labels in doc/memory-order.md
 *
 * Here, and not at the operations, because tests/litmus checks these very orders: it includes this file with a memory
 * model's names in place of C11's.
 */
#define SHM_ORDER_READY_R1  memory_order_release        /* store of ready, after the whole build */
#define SHM_ORDER_READY_A1  memory_order_acquire        /* load of ready, before anything else of the segment */
#define SHM_ORDER_LOCAL_R1  memory_order_release        /* store of a flag or function, after what it stands for */
#define SHM_ORDER_LOCAL_A1  memory_order_acquire        /* load of it, before what it stands for */

#endif
