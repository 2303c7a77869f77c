/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef UNSEEN_SLOT_H
#define UNSEEN_SLOT_H

/* LITMUS_SLOT_UNSEEN: for who waits for an acknowledge. */
#include "shm-slot.h"

#define shm_slot_is_acknowledging(vcpu, ret_intid) \
        (!litmus_has_fault(LITMUS_SLOT_UNSEEN) && (shm_slot_is_acknowledging)(vcpu, ret_intid))

#endif
