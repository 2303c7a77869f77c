/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The data path by plain messages, for tools that map nothing
 *
 * Each call is one request and its reply, but for vgic_msg_irqs(), which asks page by page. What
 * the daemon answers is checked before it is given on.
 */
#include <errno.h>

#include "proto-message.h"
#include "vgic-vm.h"

static int vgic_msg_begin(struct vgic_conn *conn, const char *name)
{
        int r = vgic_conn_begin(conn);

        return r < 0 ? r : vgic_vm_name_check(&conn->error, name);
}

int vgic_msg_inject(struct vgic_conn *conn, const char *name, uint32_t index, uint32_t intid,
                    enum vgic_line_op op)
{
        Vgic__Inject inject = VGIC__INJECT__INIT;
        int r = vgic_msg_begin(conn, name);

        if (r < 0)
                return r;
        inject.name = vgic_string(name);
        inject.vcpu = index;
        inject.intid = intid;
        inject.op = op;
        return vgic_call(conn, PROTO_INJECT, &inject.base, NULL, 0, NULL, NULL);
}

int vgic_msg_icc_ctlr(struct vgic_conn *conn, const char *name, uint32_t index,
                      struct vgic_icc_ctlr *ret_ctlr)
{
        Vgic__VmVcpu ask = VGIC__VM_VCPU__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__IccCtlrReply *reply;
        int r = vgic_msg_begin(conn, name);

        if (r < 0)
                return r;
        ask.name = vgic_string(name);
        ask.vcpu = index;
        r = vgic_call(conn, PROTO_ICC_CTLR_GET, &ask.base, NULL, 0, &message, NULL);
        if (r < 0)
                return r;
        reply = (const Vgic__IccCtlrReply *)message;
        ret_ctlr->arch_default = reply->arch_default;
        ret_ctlr->configured = reply->configured;
        ret_ctlr->live = reply->live;
        ret_ctlr->valid = reply->valid;
        return 0;
}

/* TDIR_GET of any VM by its name. The caller cuts the result to what its own version knows. */
static int vgic_msg_ask_tdir(struct vgic_conn *conn, const char *name,
                             struct vgic_tdir_stats *ret_stats)
{
        Vgic__VmName ask = VGIC__VM_NAME__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__TdirReply *reply;
        int r = vgic_msg_begin(conn, name);

        if (r < 0)
                return r;
        ask.name = vgic_string(name);
        r = vgic_call(conn, PROTO_TDIR_GET, &ask.base, NULL, 0, &message, NULL);
        if (r < 0)
                return r;
        reply = (const Vgic__TdirReply *)message;
        *ret_stats = (struct vgic_tdir_stats) {
                .set = reply->set, .generation = reply->generation,
                .n_in_flight = reply->n_in_flight, .cause = reply->cause,
                .traps = reply->traps, .broadcasts = reply->broadcasts,
                .suppressed = reply->suppressed,
        };
        return 0;
}

int vgic_msg_tdir(struct vgic_conn *conn, const char *name, struct vgic_tdir *ret_tdir)
{
        struct vgic_tdir_stats stats;
        int r = vgic_msg_ask_tdir(conn, name, &stats);

        if (r < 0)
                return r;
        *ret_tdir = (struct vgic_tdir){ .set = stats.set, .generation = stats.generation,
                                        .n_in_flight = stats.n_in_flight };
        return 0;
}

int vgic_msg_tdir_stats(struct vgic_conn *conn, const char *name, struct vgic_tdir_stats *ret_stats)
{
        struct vgic_tdir_stats stats;
        int r = vgic_msg_ask_tdir(conn, name, &stats);

        return r < 0 ? r : vgic_options_give(&conn->error, &stats, sizeof(stats), ret_stats);
}

/* UINT32_MAX as .vcpu and .holder means none on the wire and in the API alike. */
static void vgic_msg_take_irq(const Vgic__IrqState *from, struct vgic_irq_state *ret_state)
{
        *ret_state = (struct vgic_irq_state){
                .intid = from->intid, .vcpu = from->vcpu, .holder = from->holder,
                .enabled = from->enabled, .pending = from->pending, .active = from->active,
                .group = (uint8_t)from->group, .edge = from->edge, .line = from->line,
                .latch = from->latch,
                .priority = (uint8_t)from->priority, .one_of_n = from->one_of_n != 0,
                .stale = from->stale != 0,
                .acknowledged = from->acknowledged,
        };
}

/* Can an INTID be that of an interrupt with state? */
static bool vgic_msg_is_intid(uint32_t intid)
{
        return intid < GIC_INTID_SPECIAL || intid - GIC_EPPI_FIRST < GIC_MAX_EPPIS ||
               intid - GIC_ESPI_FIRST < GIC_MAX_ESPIS;
}

/* One page. Return: how many were stored; a negative errno. */
static int vgic_msg_irqs_page(struct vgic_conn *conn, const Vgic__IrqList *ask,
                              struct vgic_irq_state *ret_states)
{
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__IrqListReply *reply;
        uint32_t next = ask->first_intid;
        int r = vgic_call(conn, PROTO_IRQ_LIST, &ask->base, NULL, 0, &message, NULL);

        if (r < 0)
                return r;
        reply = (const Vgic__IrqListReply *)message;
        if (reply->n_irqs > ask->count)
                return base_error_set(&conn->error, -EPROTO,
                                      "IRQ_LIST: more interrupts than were asked for");
        for (size_t i = 0; i < reply->n_irqs; i++) {
                uint32_t intid = reply->irqs[i]->intid;

                if (intid < next || !vgic_msg_is_intid(intid))
                        return base_error_set(&conn->error, -EPROTO,
                                              "IRQ_LIST: the interrupts are not in order");
                next = intid + 1;
                vgic_msg_take_irq(reply->irqs[i], &ret_states[i]);
        }
        return (int)reply->n_irqs;
}

int vgic_msg_irqs(struct vgic_conn *conn, const char *name, uint32_t index, uint32_t first_intid,
                  struct vgic_irq_state *ret_states, size_t n)
{
        Vgic__IrqList ask = VGIC__IRQ_LIST__INIT;
        size_t got = 0;
        int r = vgic_msg_begin(conn, name);

        if (r < 0)
                return r;
        ask.name = vgic_string(name);
        ask.vcpu = index;
        ask.first_intid = first_intid;
        while (got < n && ask.first_intid < GIC_ESPI_FIRST + GIC_MAX_ESPIS) {
                ask.count = n - got < PROTO_IRQS_PER_PAGE ? (uint32_t)(n - got)
                                                          : PROTO_IRQS_PER_PAGE;
                r = vgic_msg_irqs_page(conn, &ask, ret_states + got);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                got += (size_t)r;
                ask.first_intid = ret_states[got - 1].intid + 1;
        }
        return (int)got;
}

int vgic_msg_reset(struct vgic_conn *conn, const char *name, uint32_t index, enum vgic_reset kind)
{
        Vgic__Reset reset = VGIC__RESET__INIT;
        int r = vgic_msg_begin(conn, name);

        if (r < 0)
                return r;
        reset.name = vgic_string(name);
        reset.vcpu = index;
        reset.kind = kind;
        return vgic_call(conn, PROTO_RESET, &reset.base, NULL, 0, NULL, NULL);
}

int vgic_msg_mirror_read(struct vgic_conn *conn, const char *name, uint32_t index, uint32_t reg,
                         unsigned kind, uint64_t *ret_value)
{
        Vgic__MirrorGet ask = VGIC__MIRROR_GET__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__MirrorReply *reply;
        int r = vgic_msg_begin(conn, name);

        if (r < 0)
                return r;
        ask.name = vgic_string(name);
        ask.vcpu = index;
        ask.reg = reg;
        ask.kind = kind;
        r = vgic_call(conn, PROTO_MIRROR_GET, &ask.base, NULL, 0, &message, NULL);
        if (r < 0)
                return r;
        reply = (const Vgic__MirrorReply *)message;
        if (!reply->valid)
                return base_error_set(&conn->error, -ENODATA,
                                      "it was never published, or was invalidated since");
        *ret_value = reply->value;
        return 0;
}

int vgic_msg_reset_vcpu(struct vgic_conn *conn, const char *name, uint32_t index)
{
        return vgic_msg_reset(conn, name, index, VGIC_RESET_CPU_ON);
}
