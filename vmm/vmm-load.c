/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Load: kernel and initial RAM disk, and where they go
 *
 * What    An arm64 Image says in its header where it wants to be (Linux:
 *         Documentation/arm64/booting.rst); any other file is a flat binary at RAM + 0x80000. The
 *         device tree has the last 2 MiB of memory, the initial RAM disk ends below it.
 * Trust   The files are the user's; what their headers say is checked against the size of the
 *         memory.
 */
#include "vmm-load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm-fdt.h"
#include "vmm-log.h"
#include "vmm-machine.h"

#define FLAT_OFFSET       UINT64_C(0x80000)
#define INITRD_ALIGN      UINT64_C(0x10000)
#define IMAGE_HEADER_SIZE 64
#define IMAGE_MAGIC_AT    56
#define IMAGE_OFFSET_AT   8
#define IMAGE_SIZE_AT     16

/* A copy, not a mapping: a file that is truncated while the guest runs must not end in SIGBUS. */
static int read_all(int fd, struct vmm_file *ret_file)
{
        struct stat status;
        uint8_t *bytes;
        size_t size, done = 0;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
        if (status.st_size == 0)
                return -ENODATA;
        size = (size_t)status.st_size;
        bytes = malloc(size);
        if (!bytes)
                return -ENOMEM;
        while (done < size) {
                ssize_t n = read(fd, bytes + done, size - done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0) {
                        free(bytes);
                        return n < 0 ? -errno : -EIO;
                }
                done += (size_t)n;
        }
        *ret_file = (struct vmm_file){ .bytes = bytes, .size = size };
        return 0;
}

/*
 * Each failure counts as wrong usage: mostly it is the name on the command line that has to change.
 */
static int open_file(const char *path, struct vmm_file *ret_file)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        int r = fd < 0 ? -errno : read_all(fd, ret_file);

        if (fd >= 0)
                close(fd);
        if (r == -ENODATA)
                vmm_error("%s: the file is empty", path);
        else if (r < 0)
                vmm_error("%s: %s", path, strerror(-r));
        return r < 0 ? VMM_STATUS_USAGE : 0;
}

int vmm_load_open(struct vmm_payload *payload, const struct vmm_options *options)
{
        int status;

        *payload = (struct vmm_payload){ 0 };
        status = open_file(options->kernel_path, &payload->kernel);
        if (status == 0 && options->initrd_path)
                status = open_file(options->initrd_path, &payload->initrd);
        return status;
}

void vmm_load_close(struct vmm_payload *payload)
{
        free((void *)payload->kernel.bytes);
        free((void *)payload->initrd.bytes);
        *payload = (struct vmm_payload){ 0 };
}

/* Fields of an Image's header are little-endian, also for a big-endian kernel or host. */
static uint64_t little_endian_64(const uint8_t *bytes)
{
        uint64_t value = 0;

        for (unsigned i = 0; i < 8; i++)
                value |= (uint64_t)bytes[i] << (8 * i);
        return value;
}

/* Where the kernel starts, from the start of memory, and how much it needs there. */
static void kernel_extent(const struct vmm_file *kernel, uint64_t *ret_offset, uint64_t *ret_size)
{
        *ret_offset = FLAT_OFFSET;
        *ret_size = kernel->size;
        if (kernel->size < IMAGE_HEADER_SIZE ||
            memcmp(kernel->bytes + IMAGE_MAGIC_AT, "ARM\x64", 4) != 0)
                return;
        if (little_endian_64(kernel->bytes + IMAGE_SIZE_AT) == 0)
                return; /* before Linux 3.17: the offset is not to be trusted either */
        *ret_offset = little_endian_64(kernel->bytes + IMAGE_OFFSET_AT);
        if (little_endian_64(kernel->bytes + IMAGE_SIZE_AT) > *ret_size)
                *ret_size = little_endian_64(kernel->bytes + IMAGE_SIZE_AT);
}

/* Offsets from the start of memory. */
static int place(struct vmm_machine *machine)
{
        struct vmm_payload *payload = &machine->payload;
        uint64_t offset, size, limit = machine->ram_size - VMM_FDT_SIZE;

        payload->dtb_at = VMM_RAM_BASE + limit;
        if (payload->initrd.size > limit)
                return -ENOSPC;
        limit = (limit - payload->initrd.size) & ~(INITRD_ALIGN - 1);
        payload->initrd_at = VMM_RAM_BASE + limit;
        kernel_extent(&payload->kernel, &offset, &size);
        if (offset > limit || size > limit - offset)
                return -ENOSPC;
        payload->kernel_at = VMM_RAM_BASE + offset;
        return 0;
}

/*
 * At power-on and again at each system reset: the guest before has written over its kernel, and
 * places in memory are worked out anew from the same files.
 */
int vmm_load_apply(struct vmm_machine *machine)
{
        const struct vmm_payload *payload = &machine->payload;
        int r = place(machine);

        if (r < 0) {
                vmm_error("kernel and initial RAM disk do not fit into %llu MiB: give more by "
                          "--memory",
                          (unsigned long long)(machine->ram_size >> 20));
                return r;
        }
        memcpy(machine->ram + (payload->kernel_at - VMM_RAM_BASE), payload->kernel.bytes,
               payload->kernel.size);
        if (payload->initrd.size > 0)
                memcpy(machine->ram + (payload->initrd_at - VMM_RAM_BASE), payload->initrd.bytes,
                       payload->initrd.size);
        return vmm_fdt_write(machine, machine->ram + (payload->dtb_at - VMM_RAM_BASE),
                             VMM_FDT_SIZE);
}
