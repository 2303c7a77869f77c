/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Rings: the other side stores anything between our operations
 *
 * Law     Every call answers with one of its documented values, and no more entries come out than a ring holds per turn.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fuzz-input.h"
#include "shm-ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fuzz_input in = { data, size };
        struct shm_ring ring, peer;
        uint64_t entry;
        uint8_t *bytes;
        int fd, r;

        FUZZ_ASSERT(shm_ring_create(&fd, &ring) == 0);
        bytes = (uint8_t *)ring.page;
        while (in.size) {
                switch (fuzz_take(&in, 1) & 3) {
                case 0:
                        r = shm_ring_get(&ring, &entry);
                        FUZZ_ASSERT(r == 0 || r == 1 || r == -EBADMSG);
                        break;
                case 1:
                        r = shm_ring_put(&ring, fuzz_take(&in, 2));
                        FUZZ_ASSERT(r == 0 || r == 1 || r == -EAGAIN || r == -EBADMSG);
                        break;
                case 2:
                        r = shm_ring_sleep(&ring);
                        FUZZ_ASSERT(r == 0 || r == 1 || r == -EBADMSG);
                        break;
                default:
                        r = (int)(fuzz_take(&in, 2) % (SHM_RING_BYTES - 8));
                        entry = fuzz_take(&in, 4);
                        memcpy(bytes + r, &entry, 4);
                }
        }
        if (shm_ring_map(fd, &peer) == 0)
                shm_ring_unmap(&peer);
        shm_ring_unmap(&ring);
        close(fd);
        return 0;
}
