/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * libvgic against something that is no daemon: its frames, its descriptors, its segment,
 * and its end of a ring
 *
 *   byte 0   role: VMM that creates, VMM, observer, device; bit 2: all of the cold path is called
 *            first
 *   byte 1   so many bytes say how the liar answers (fuzz-client.h)
 *   rest     steps: what the client does meanwhile, and what the liar does to the ring
 *
 * Law      Each call returns what its manual says it can; no descriptor is left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vgic/vgic.h>

#include "fuzz-client.h"
#include "tap.h"

#define TIMEOUT_MS  30u /* only where a lie promises more than comes */

struct host {
        struct liar liar;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;
};

static const int documented[] = { -ENOTCONN, -EPROTO, -EBADMSG, -EPROTONOSUPPORT, -ENODATA,
                                  -ENOENT, -EACCES, -EINVAL, -EEXIST, -EBUSY,
                                  -ENOSPC, -EMFILE, -ENOMEM, -EAGAIN, -EOPNOTSUPP, -ENXIO,
                                  -E2BIG, -EISCONN, -EFAULT, -EIO, -ETIMEDOUT, -EALREADY,
                                  -ESTALE };

/* Return: it succeeded. */
static bool ok(int r)
{
        bool known = r >= 0;

        for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++)
                known = known || r == documented[i];
        FUZZ_ASSERT(known);
        return r >= 0;
}

static void process(struct host *host)
{
        int r = vgic_conn_process(host->conn);

        FUZZ_ASSERT(r >= 0 || r == -ENOTCONN || r == -EPROTO);
}

/* --- calls --- */

static void ask_everything(struct host *host)
{
        struct vgic_vm_info *infos = NULL, info = { .size = sizeof(info) };
        struct vgic_irq_state irqs[8];
        struct vgic_icc_ctlr ctlr;
        struct vgic_tdir tdir;
        uint64_t value = 0;
        size_t n = 0;
        int r;

        if (ok(vgic_vm_list(host->conn, &infos, &n)))
                for (size_t i = 0; i < n; i++)
                        FUZZ_ASSERT(memchr(infos[i].name, 0, sizeof(infos[i].name)));
        free(infos);
        ok(vgic_vm_query(host->conn, "v", &info));
        ok(vgic_msg_icc_ctlr(host->conn, "v", 0, &ctlr));
        ok(vgic_msg_tdir(host->conn, "v", &tdir));
        r = vgic_msg_irqs(host->conn, "v", 0, 0, irqs, 8);
        FUZZ_ASSERT(r <= 8);
        ok(r);
        ok(vgic_msg_inject(host->conn, "v", 0, 33, VGIC_LINE_PULSE));
        ok(vgic_msg_reset_vcpu(host->conn, "v", 0));
        ok(vgic_msg_attr_get(host->conn, "v", 1, 0, &value));
        ok(vgic_msg_mirror_read(host->conn, "v", 0, 0xc664, 1, &value));
}

static bool get_vm(struct host *host, unsigned role)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "v", .n_vcpus = 2,
                                         .n_spis = 32 };

        switch (role) {
        case 0:
                return ok(vgic_vm_create(host->conn, &config, &host->vm)) &&
                       ok(vgic_vm_init(host->vm));
        case 1:
                return ok(vgic_vm_attach(host->conn, "v", VGIC_ROLE_VMM, &host->vm)) &&
                       ok(vgic_vm_init(host->vm));
        case 2:
                return ok(vgic_vm_attach(host->conn, "v", VGIC_ROLE_OBSERVER, &host->vm));
        default:
                return ok(vgic_device_attach(host->conn, "v", "0123456789abcdef0123456789abcdef",
                                             &host->vm));
        }
}

static void use_vm(struct host *host)
{
        struct vgic_vcpu_options options = { .size = sizeof(options) };
        char token[64];
        struct vgic_vm_info info = { .size = sizeof(info) };
        uint32_t intid = 34;

        ok(vgic_vm_get_info(host->vm, &info));
        ok(vgic_tdir_watch(host->vm));
        ok(vgic_grant(host->vm, "g", &intid, 1, token));
        if (!ok(vgic_vcpu_register(host->vm, 0, &options, &host->vcpu)))
                host->vcpu = NULL;
        if (host->vcpu)
                ok(vgic_tdir_subscribe(host->vcpu, vgic_vcpu_fd(host->vcpu)));
}

/* Every reader, on whatever the segment is. */
static void read_everything(struct host *host)
{
        struct vgic_irq_state irq;
        struct vgic_vcpu_state vcpu;
        struct vgic_icc_ctlr ctlr;
        struct vgic_tdir tdir;
        uint64_t value = 0;
        void *image = NULL;
        unsigned flags;
        size_t n = 0;

        for (uint32_t i = 0; i < 70; i++) {
                ok(vgic_vm_irq_state(host->vm, i % 3, i, &irq));
                ok(vgic_vm_ack_count(host->vm, i % 3, i, &value));
        }
        for (uint32_t i = 0; i < 3; i++) {
                ok(vgic_vm_vcpu_state(host->vm, i, &vcpu));
                ok(vgic_vm_icc_ctlr(host->vm, i, &ctlr));
                ok(vgic_gicr_read(host->vm, i * 0x20000 + 0x10300, 4, &value));
        }
        ok(vgic_vm_tdir(host->vm, &tdir));
        for (uint32_t offset = 0; offset < 0x1000; offset += 0x80)
                ok(vgic_gicd_read(host->vm, offset, 4, &value));
        if (ok(vgic_snapshot_save(host->vm, &image, &n, &flags)))
                free(image);
}

static void operate_vcpu(struct host *host, uint64_t value)
{
        if (!host->vcpu)
                return;
        vgic_vcpu_lines(host->vcpu);
        vgic_vcpu_eoi(host->vcpu, value & 1, vgic_vcpu_ack(host->vcpu, value & 1));
        vgic_vcpu_dir(host->vcpu, (uint32_t)value);
        if (value & 2)
                vgic_vcpu_reset(host->vcpu);
        if (vgic_vcpu_park_begin(host->vcpu) == 0)
                vgic_vcpu_park_end(host->vcpu);
}

/* --- steps --- */

static void scribble(uint8_t *at, size_t bytes, struct fuzz_input *in)
{
        size_t where = (size_t)fuzz_take(in, 3) % (bytes - 8);
        uint64_t what = fuzz_take(in, 4);

        memcpy(at + where, &what, 4);
}

static void make_step(struct host *host, struct fuzz_input *in)
{
        const uint64_t one = 1;
        struct vgic_event event;
        uint64_t value;

        switch (fuzz_take(in, 1) % 8) {
        case 0:
                scribble((uint8_t *)host->liar.ring.page, SHM_RING_BYTES, in);
                break;
        case 1: /* notes, as a daemon would tell them */
                value = fuzz_take(in, 4);
                (void)!shm_ring_put(&host->liar.ring,
                                    (value & 0xff) << 8 | (SHM_RING_TDIR + (value >> 8) % 4));
                (void)!write(host->liar.bells[1], &one, sizeof(one));
                break;
        case 2:
                process(host);
                break;
        case 3:
                while (vgic_conn_next_event(host->conn, &event))
                        process(host);
                break;
        case 4:
                ok(vgic_spi_assert(host->vm, 30 + (uint32_t)fuzz_take(in, 1)));
                break;
        case 5:
                value = fuzz_take(in, 1);
                ok(value & 1 ? vgic_spi_pulse(host->vm, 32 + (uint32_t)(value >> 1))
                             : vgic_spi_deassert(host->vm, 32 + (uint32_t)(value >> 1)));
                break;
        case 6:
                scribble((uint8_t *)host->liar.gic.header, host->liar.gic.bytes, in);
                break;
        default:
                read_everything(host);
                operate_vcpu(host, fuzz_take(in, 2));
        }
}

static void use_daemon(struct host *host, const char *path, unsigned role, struct fuzz_input *in)
{
        struct vgic_conn_options options = { .size = sizeof(options), .socket_path = path,
                                             .timeout_ms = TIMEOUT_MS };

        if (!ok(vgic_connect(&options, &host->conn)))
                return;
        if (role & 4)
                ask_everything(host);
        if (!get_vm(host, role & 3))
                return;
        if (role & 8)
                use_vm(host);
        /* As it is at first, whatever the liar did to its segment before. */
        while (in->size)
                make_step(host, in);
        read_everything(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct host host;
        static const enum { VMM = 1, OBSERVER, DEVICE } roles[] = { VMM, VMM, OBSERVER, DEVICE };
        char dir[] = "/tmp/vgic-fuzz-XXXXXX", path[64];
        struct fuzz_input in = { data, size }, answers;
        unsigned role = (unsigned)fuzz_take(&in, 1);
        size_t n = (size_t)fuzz_take(&in, 1);
        int n_open = tap_fd_count();

        host = (struct host){ .liar = { .role = (uint32_t)roles[role & 3],
                                        .initialised = (role & 3) != 0 } };
        n = n < in.size ? n : in.size;
        answers = (struct fuzz_input){ in.data, n };
        in.data += n;
        in.size -= n;
        FUZZ_ASSERT(mkdtemp(dir));
        snprintf(path, sizeof(path), "%s/s", dir);
        liar_start(&host.liar, path, answers);
        use_daemon(&host, path, role, &in);
        vgic_vm_detach(host.vm);
        vgic_disconnect(host.conn);
        liar_stop(&host.liar);
        unlink(path);
        rmdir(dir);
        FUZZ_ASSERT(tap_fd_count() == n_open);
        return 0;
}
