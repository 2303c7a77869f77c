# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (c) 2026 The vgicd authors
#
# What qemu-system-aarch64-vgicd has: -M virt, and what a guest wants of virtio.
CONFIG_ARM_VIRT=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_PCI=y
# -device loader: guests without an operating system
CONFIG_GENERIC_LOADER=y
# target/arm does not link without these.
CONFIG_ARM_V7M=y
CONFIG_ARM_COMPATIBLE_SEMIHOSTING=y
