/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "litmus-weaken.h"

int main(int argc, char **argv)
{
        return litmus_test(argc, argv);
}
