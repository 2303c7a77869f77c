/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Handlers: the data path by message, for tools that map nothing
 *
 * Each does what a call of the library does on the segment, on behalf of a client that may not, or
 * does not want to, map it.
 */
#include <errno.h>
#include <inttypes.h>

#include "base-clock.h"
#include "gic-word.h"
#include "handlers.h"
#include "loop.h"
#include "proto-limits.h"
#include "registry.h"
#include "session.h"
#include "shm-line.h"
#include "shm-mirror.h"
#include "shm-read.h"
#include "shm-reset.h"
#include "vm.h"

#define LOADS_PER_IRQ_LIST  32768u      /* the acknowledgements of an SPI are one count per vCPU */

/*
 * Read from the segment, as a VMM would: the vCPU is not asked, and may run. The requests are
 * counted, so that a tool that polls by message shows in VM_INFO.
 */
enum proto_code handle_icc_ctlr_get(struct request *request)
{
        const Vgic__VmVcpu *ask = (const Vgic__VmVcpu *)request->message;
        Vgic__IccCtlrReply reply = VGIC__ICC_CTLR_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        struct shm_icc_ctlr ctlr;
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, ask->name, &vm);

        if (code != PROTO_OK)
                return code;
        if (shm_read_icc_ctlr(&vm->gic, ask->vcpu, &ctlr) < 0)
                return request_fail(request, PROTO_INVALID, "vcpu must be below %" PRIu32,
                                    vm->shape.n_vcpus);
        vm->n_icc_ctlr_messages++;
        reply.status = &status;
        reply.arch_default = ctlr.arch_default;
        reply.configured = ctlr.configured;
        reply.live = ctlr.live;
        reply.valid = ctlr.valid;
        return request_reply(request, &reply.base, NULL, 0);
}

/*
 * Drives the wire of the tools, which all of them share; the VMM's and the devices' stay as they
 * are. A VM that changes the word all the time gets BUSY, since the loop may not wait for it.
 */
enum proto_code handle_inject(struct request *request)
{
        const Vgic__Inject *ask = (const Vgic__Inject *)request->message;
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, ask->name, &vm);
        int r = -EINVAL;

        if (code != PROTO_OK)
                return code;
        if (ask->op == VGIC__LINE_OP__LINE_ASSERT || ask->op == VGIC__LINE_OP__LINE_DEASSERT)
                r = shm_line_set(&vm->gic, ask->vcpu, ask->intid, GIC_WIRE_TOOL,
                                 ask->op == VGIC__LINE_OP__LINE_ASSERT);
        else if (ask->op == VGIC__LINE_OP__LINE_PULSE)
                r = shm_line_pulse(&vm->gic, ask->vcpu, ask->intid);
        else
                return request_fail(request, PROTO_INVALID,
                                    "op is none of assert, deassert and pulse");
        if (r == -EIO)
                return request_fail(request, PROTO_BUSY,
                                    "the VM changes this interrupt without end");
        if (r < 0)
                return request_fail(request, PROTO_INVALID,
                                    "there is no PPI or SPI %" PRIu32 " (of vCPU %" PRIu32
                                    ") in this VM",
                                    ask->intid, ask->vcpu);
        vm->n_injections_socket++;
        metrics_injected(&vm->loop->metrics, METRICS_BY_MESSAGE, ask->intid,
                         ask->op == VGIC__LINE_OP__LINE_ASSERT     ? METRICS_ASSERT
                         : ask->op == VGIC__LINE_OP__LINE_DEASSERT ? METRICS_DEASSERT
                                                                   : METRICS_PULSE);
        return PROTO_OK;
}

/* But for .one_of_n, which clients without the feature EXTENDED do not get. */
static void fill_irq(const struct shm_irq_state *state, Vgic__IrqState *irq)
{
        vgic__irq_state__init(irq);
        irq->intid = state->intid;
        irq->vcpu = state->vcpu;
        irq->holder = state->holder;
        irq->enabled = state->enabled;
        irq->pending = state->pending;
        irq->active = state->active;
        irq->group = state->group;
        irq->edge = state->edge;
        irq->line = state->line;
        irq->latch = state->latch;
        irq->stale = state->stale;
        irq->priority = state->priority;
        irq->acknowledged = state->acknowledged;
}

/* How many interrupts one reply describes, so that no request keeps the loop long. */
static uint32_t irqs_per_page(const struct vm *vm, uint32_t asked)
{
        uint32_t n = LOADS_PER_IRQ_LIST / vm->shape.n_vcpus;

        if (n > PROTO_IRQS_PER_PAGE)
                n = PROTO_IRQS_PER_PAGE;
        return asked < n ? asked : n;
}

/* The first INTID from @intid on that the VM has. Return: it; UINT32_MAX: there is none. */
static uint32_t next_intid(const struct shm_gic *gic, uint32_t intid, bool extended)
{
        const struct {
                uint32_t first, n;
        } ranges[] = {
                { 0, GIC_SPI_FIRST + gic->n_spis },
                { GIC_EPPI_FIRST, extended ? gic->n_eppis : 0 },
                { GIC_ESPI_FIRST, extended ? gic->n_espis : 0 },
        };

        for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
                if (ranges[i].n > 0 && intid < ranges[i].first)
                        return ranges[i].first;
                if (intid >= ranges[i].first && intid - ranges[i].first < ranges[i].n)
                        return intid;
        }
        return UINT32_MAX;
}

/*
 * Load each vCPU's counts of the page that is asked for, the first and the last, as many as fit
 * into a turn: memory that nobody has used yet takes the kernel a microsecond a page and more, and
 * the sums of a large VM are over thousands of pages. Return: there are more.
 */
static bool load_counts(struct vm *vm, struct session_rest *rest)
{
        const uint32_t first = rest->page.first_intid, last = first + rest->page.n - 1;
        uint64_t start = base_clock_ns(), count;

        while (rest->at < vm->shape.n_vcpus) {
                (void)shm_read_count(&vm->gic, rest->at, first, &count);
                (void)shm_read_count(&vm->gic, rest->at, last, &count);
                rest->at++;
                if (turn_is_over(start, base_clock_ns()))
                        break;
        }
        return rest->at < vm->shape.n_vcpus;
}

/*
 * One page from first_intid on. Its length is bounded by what reading it costs, so a client asks
 * until a page is empty; interrupts change between pages.
 */
static enum proto_code reply_irqs(struct request *request, struct vm *vm,
                                  const struct session_rest *rest)
{
        Vgic__IrqListReply reply = VGIC__IRQ_LIST_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        Vgic__IrqState irqs[PROTO_IRQS_PER_PAGE], *page[PROTO_IRQS_PER_PAGE];
        struct shm_irq_state state;
        bool extended = request->session->proto.features & PROTO_FEATURE_EXTENDED;
        uint32_t intid;

        for (intid = next_intid(&vm->gic, rest->page.first_intid, extended);
             intid != UINT32_MAX && reply.n_irqs < rest->page.n;
             intid = next_intid(&vm->gic, intid + 1, extended)) {
                if (shm_read_irq(&vm->gic, rest->page.vcpu, intid, &state) < 0)
                        continue;
                fill_irq(&state, &irqs[reply.n_irqs]);
                irqs[reply.n_irqs].one_of_n = extended && state.one_of_n;
                page[reply.n_irqs] = &irqs[reply.n_irqs];
                reply.n_irqs++;
        }
        reply.status = &status;
        reply.irqs = page;
        return request_reply(request, &reply.base, NULL, 0);
}

/* struct session_rest.serve. The VM may have been destroyed between two turns. */
static bool list_rest(struct session *session)
{
        struct session_rest *rest = &session->rest;
        struct request request = {
                .registry = rest->registry, .session = session,
                .row = proto_table_find(PROTO_IRQ_LIST),
        };
        struct vm *vm = registry_find_id(rest->registry, rest->vm_id);
        enum proto_code code;

        if (vm && load_counts(vm, rest))
                return true;
        code = vm ? reply_irqs(&request, vm, rest) : PROTO_NOT_FOUND;
        if (code != PROTO_OK)
                request_send_status(session, PROTO_IRQ_LIST, code, proto_code_text(code));
        return false;
}

enum proto_code handle_irq_list(struct request *request)
{
        const Vgic__IrqList *ask = (const Vgic__IrqList *)request->message;
        struct session_rest rest = { .serve = list_rest, .registry = request->registry };
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, ask->name, &vm);

        if (code != PROTO_OK)
                return code;
        if (ask->vcpu >= vm->shape.n_vcpus)
                return request_fail(request, PROTO_INVALID, "vcpu must be below %" PRIu32,
                                    vm->shape.n_vcpus);
        rest.vm_id = vm->id;
        rest.page.vcpu = ask->vcpu;
        rest.page.first_intid = ask->first_intid;
        rest.page.n = irqs_per_page(vm, ask->count);
        if (!load_counts(vm, &rest))
                return reply_irqs(request, vm, &rest);
        request->session->rest = rest;
        request->replied = true;
        return PROTO_OK;
}

/* As many vCPUs from *@at on as fit into a turn. Return: there are more. */
static bool reset_some(struct vm *vm, uint32_t *at)
{
        uint64_t start = base_clock_ns();

        while (*at < vm->shape.n_vcpus) {
                shm_reset_request(&vm->gic, (*at)++, SHM_RESET_SYSTEM);
                if (turn_is_over(start, base_clock_ns()))
                        break;
        }
        return *at < vm->shape.n_vcpus;
}

/* The VM may have been destroyed between two turns. */
static bool reset_rest(struct session *session)
{
        struct session_rest *rest = &session->rest;
        struct vm *vm = registry_find_id(rest->registry, rest->vm_id);

        if (vm && reset_some(vm, &rest->at))
                return true;
        if (rest->wants_answer)
                request_send_status(session, PROTO_RESET, vm ? PROTO_OK : PROTO_NOT_FOUND,
                                    vm ? "" : "the VM was destroyed meanwhile");
        return false;
}

/* What does not fit into this turn is served in the next ones; the answer comes at its end. */
static enum proto_code reset_system(struct request *request, struct vm *vm)
{
        struct session_rest rest = {
                .serve = reset_rest, .registry = request->registry, .vm_id = vm->id,
                .wants_answer = request->wants_answer,
        };

        shm_reset_distributor(&vm->gic);
        if (reset_some(vm, &rest.at)) {
                request->session->rest = rest;
                request->replied = true;
        }
        return PROTO_OK;
}

/*
 * A mirror has no vCPUs to apply a reset: what it published is taken back instead. doc/resets.md
 * says what each kind gives.
 */
enum proto_code handle_reset(struct request *request)
{
        const Vgic__Reset *ask = (const Vgic__Reset *)request->message;
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, ask->name, &vm);

        if (code != PROTO_OK)
                return code;
        if (vm_is_mirror(vm))
                return shm_mirror_reset(&vm->gic, ask->vcpu, ask->kind) == 0 ? PROTO_OK :
                       request_fail(request, PROTO_INVALID,
                                    "no such kind, or vcpu is not below %" PRIu32,
                                     vm->shape.n_vcpus);
        if (ask->kind == VGIC__RESET_KIND__RESET_SYSTEM)
                return reset_system(request, vm);
        if (ask->kind == VGIC__RESET_KIND__RESET_NONE || ask->kind > VGIC__RESET_KIND__RESET_LAZY)
                return request_fail(request, PROTO_INVALID,
                                    "kind is none of CPU_ON, SYSTEM, POST_LOAD and LAZY");
        if (shm_reset_request(&vm->gic, ask->vcpu, (enum shm_reset_kind)ask->kind) < 0)
                return request_fail(request, PROTO_INVALID, "vcpu must be below %" PRIu32,
                                    vm->shape.n_vcpus);
        return PROTO_OK;
}

/*
 * A register that is not valid is an answer, not an error: its VMM has not published it yet, or has
 * invalidated it.
 */
enum proto_code handle_mirror_get(struct request *request)
{
        const Vgic__MirrorGet *ask = (const Vgic__MirrorGet *)request->message;
        Vgic__MirrorReply reply = VGIC__MIRROR_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        uint64_t value = 0;
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, ask->name, &vm);
        int r;

        if (code != PROTO_OK)
                return code;
        if (!vm_is_mirror(vm))
                return request_fail(request, PROTO_NOT_SUPPORTED, "this VM is no mirror");
        r = shm_mirror_read(&vm->gic, ask->vcpu, ask->reg, ask->kind, &value);
        if (r == -EINVAL)
                return request_fail(request, PROTO_INVALID, "no such vcpu, reg or kind");
        reply.status = &status;
        reply.valid = r == 0;
        reply.value = value;
        return request_reply(request, &reply.base, NULL, 0);
}
