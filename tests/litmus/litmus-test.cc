/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "litmus-weaken.h"

int main()
{
        return litmus_test();
}
