/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */

/*
 * arm-gicv3-vgicd: a GICv3 whose state vgicd keeps
 *
 * In place of arm-gicv3 in "-M virt,gic-version=vgicd". The interrupts are words in shared memory,
 * which the vCPU threads work on by libvgic; tools see and drive them from outside, and the guest
 * goes on when the daemon dies. Properties (-global arm-gicv3-vgicd.NAME=VALUE):
 *
 *   socket       the daemon's; default: libvgic's
 *   name         of the VM at the daemon; default: -name, or qemu-PID
 *   persistent   the VM stays at the daemon when QEMU ends, for tools to look at; a QEMU of the
 *                same shape and name takes it over. Default off
 *   global-lock  on: ICC_* and the frames take QEMU's global lock, as with QEMU's own GICv3.
 *                Default off
 *   snapshot     migrate vgicd's image of the controller beside what QEMU's GICv3 migrates; off:
 *                so that a machine with gic-version=3 can take it. Default on
 *
 * One security state and no LPIs: not with secure=on, virtualization=on, its=on.
 * Threads: "conn" calls of the library with the global lock held; the others as it allows.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "hw/core/cpu.h"
#include "hw/qdev-properties.h"
#include "cpu.h"
#if QEMU_VERSION_MAJOR < 10
#include "sysemu/cpu-timers.h"
#include "sysemu/reset.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#else
#include "system/cpu-timers.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "system/system.h"
#endif
#include "gicv3_internal.h"
#include "arm_gicv3_vgicd.h"

#define ANSWER_MS       30000   /* for one answer of the daemon: a busy machine has to be patient */
#define BEREFT_MS       100     /* <vgic/vgic.h>, "Without" */
#define REDIST_BYTES    0x20000 /* of one vCPU */

static unsigned n_cpus(const VgicdState *s)
{
    return s->parent_obj.num_cpu;
}

static unsigned n_spis(const VgicdState *s)
{
    return s->parent_obj.num_irq - GIC_INTERNAL;
}

static const char *socket_path(const VgicdState *s)
{
    static char path[VGIC_SOCKET_MAX];

    if (s->socket) {
        return s->socket;
    }
    return vgic_default_socket(path, sizeof(path)) == 0 ? path : "$VGICD_SOCKET";
}

static const char *reason(const VgicdState *s, int r)
{
    const char *words = s->conn ? vgic_conn_error(s->conn) : "";

    return *words ? words : strerror(-r);
}

static unsigned priority_bits(const VgicdState *s, CPUState *cs)
{
    return s->parent_obj.force_8bit_prio ? 8 : ARM_CPU(cs)->gic_pribits ?: 5;
}

/*
 * Frames and input wires
 */

/* What a write to a frame took from a vCPU is looked for where a line is up. */
static void after_write(VgicdState *s)
{
    for (unsigned i = 0; i < n_cpus(s); i++) {
        vgicd_cpu_fallen(&s->cpus[i]);
    }
    vgicd_wake(s);
}

static uint64_t dist_read(void *opaque, hwaddr offset, unsigned size)
{
    VgicdState *s = opaque;
    uint64_t value = 0;

    vgic_gicd_read(s->vm, offset, size, &value);
    return value;
}

static void dist_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    VgicdState *s = opaque;

    vgic_gicd_write(s->vm, offset, size, value);
    after_write(s);
}

/* The library counts on over all regions. */
static uint64_t redist_offset(const GICv3RedistRegion *region, hwaddr offset)
{
    return (uint64_t)region->cpuidx * REDIST_BYTES + offset;
}

static uint64_t redist_read(void *opaque, hwaddr offset, unsigned size)
{
    GICv3RedistRegion *region = opaque;
    uint64_t value = 0;

    vgic_gicr_read(((VgicdState *)region->gic)->vm, redist_offset(region, offset), size, &value);
    return value;
}

static void redist_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    GICv3RedistRegion *region = opaque;
    VgicdState *s = (VgicdState *)region->gic;

    vgic_gicr_write(s->vm, redist_offset(region, offset), size, value);
    after_write(s);
}

/* Whatever the guest does is the library's to judge: unknown is RAZ/WI, and counted. */
#define FRAME_ACCESS \
    { .min_access_size = 1, .max_access_size = 8, .unaligned = true }

static const MemoryRegionOps frames[] = {
    {
        .read = dist_read,
        .write = dist_write,
        .endianness = DEVICE_LITTLE_ENDIAN,
        .valid = FRAME_ACCESS,
        .impl = FRAME_ACCESS,
    },
    {
        .read = redist_read,
        .write = redist_write,
        .endianness = DEVICE_LITTLE_ENDIAN,
        .valid = FRAME_ACCESS,
        .impl = FRAME_ACCESS,
    },
};

/* As with every GIC here: first the SPIs, then 32 for each vCPU, of which 16 to 31 are PPIs. */
static void set_wire(void *opaque, int n, int level)
{
    VgicdState *s = opaque;
    unsigned spis = n_spis(s);
    unsigned vcpu, intid;

    if (n < spis) {
        intid = n + GIC_INTERNAL;
        if (level) {
            vgic_spi_assert(s->vm, intid);
            vgicd_wake(s);
        } else {
            vgic_spi_deassert(s->vm, intid);
            after_write(s);
        }
        return;
    }
    vcpu = (n - spis) / GIC_INTERNAL;
    intid = (n - spis) % GIC_INTERNAL;
    if (level) {
        vgic_ppi_assert(s->vm, vcpu, intid);
    } else {
        vgic_ppi_deassert(s->vm, vcpu, intid);
        vgicd_cpu_fallen(&s->cpus[vcpu]);
    }
    vgicd_wake(s);
}

/*
 * A region that takes the global lock knows that it is not called from within itself; one that does
 * not is called by several vCPUs at once, which is no such mistake.
 */
static void unlock_frame(MemoryRegion *frame)
{
    frame->lockless = true;
    frame->disable_reentrancy_guard = true;
}

static void make_frames(VgicdState *s)
{
    GICv3State *gic = &s->parent_obj;

    gicv3_init_irqs_and_mmio(gic, set_wire, frames);
    if (s->global_lock) {
        return;
    }
    unlock_frame(&gic->iomem_dist);
    for (unsigned i = 0; i < gic->nb_redist_regions; i++) {
        unlock_frame(&gic->redist_regions[i].iomem);
    }
}

/*
 * The daemon
 */

static void on_bereft(void *opaque)
{
    VgicdState *s = opaque;

    vgic_conn_process(s->conn);
    vgicd_wake(s);
    timer_mod(s->bereft_timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + BEREFT_MS);
}

/* The guest needs no daemon; what died beside it is looked for by this process from now on. */
static void daemon_is_gone(VgicdState *s, int r)
{
    warn_report("vgicd is gone (%s): the guest goes on without it, and out of reach of its tools",
                reason(s, r));
    qemu_set_fd_handler(vgic_conn_fd(s->conn), NULL, NULL, NULL);
    s->bereft_timer = timer_new_ms(QEMU_CLOCK_REALTIME, on_bereft, s);
    on_bereft(s);
}

/* Another process has made something due. It kicks the vCPUs; those that sleep are woken here. */
static void on_bells(void *opaque)
{
    VgicdState *s = opaque;

    vgic_vm_process(s->vm);
    vgicd_wake(s);
}

static void on_message(void *opaque)
{
    VgicdState *s = opaque;
    struct vgic_event event;
    int r = vgic_conn_process(s->conn);

    while (vgic_conn_next_event(s->conn, &event) > 0) {
        if (event.kind == VGIC_EVENT_REVOKED && event.intid == 0) {
            error_report("VM '%s' was destroyed at vgicd: the machine stops", s->name);
            qemu_system_vmstop_request_prepare();
            qemu_system_vmstop_request(RUN_STATE_INTERNAL_ERROR);
        }
    }
    if (r < 0) {
        daemon_is_gone(s, r);
    }
    vgicd_wake(s);
}

static bool is_name(const char *name)
{
    return name && *name && strlen(name) <= VGIC_NAME_MAX && *name != '.' && *name != '-' &&
           !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

static void choose_name(VgicdState *s)
{
    if (s->name) {
        return;
    }
    s->name = is_name(qemu_get_vm_name()) ? g_strdup(qemu_get_vm_name())
                                          : g_strdup_printf("qemu-%ld", (long)getpid());
}

static bool connect_daemon(VgicdState *s, Error **errp)
{
    const struct vgic_conn_options options = {
        .size = sizeof(options),
        .socket_path = s->socket,
        .client_name = "qemu",
        .timeout_ms = ANSWER_MS,
    };
    int r = vgic_connect(&options, &s->conn);

    if (r == 0) {
        return true;
    }
    error_setg(errp, "cannot reach vgicd at '%s': %s", socket_path(s), reason(s, r));
    error_append_hint(errp, "Start it by 'vgicd --socket %s', or name its socket by "
                      "-global " TYPE_ARM_GICV3_VGICD ".socket=PATH\n", socket_path(s));
    return false;
}

/* A VM that a QEMU before this one left: only one of the same shape will do. */
static bool take_over(VgicdState *s, const struct vgic_vm_config *config, Error **errp)
{
    struct vgic_vm_info info = { .size = sizeof(info) };
    int r = vgic_vm_query(s->conn, s->name, &info);

    if (r == 0 && (info.n_vcpus != config->n_vcpus || info.n_spis != config->n_spis ||
                   info.n_priority_bits != config->n_priority_bits ||
                   info.n_redist_regions != config->n_redist_regions)) {
        error_setg(errp, "VM '%s' at vgicd has %u vCPUs and %u SPIs, this machine %u and %u",
                   s->name, info.n_vcpus, info.n_spis, config->n_vcpus, config->n_spis);
        error_append_hint(errp, "Destroy it by 'vgicctl destroy %s', or choose another name\n",
                          s->name);
        return false;
    }
    if (r == 0) {
        r = vgic_vm_attach(s->conn, s->name, VGIC_ROLE_VMM, &s->vm);
    }
    if (r < 0) {
        error_setg(errp, "cannot take over VM '%s' at vgicd: %s", s->name, reason(s, r));
    }
    return r == 0;
}

/* MPIDR_EL1 of each vCPU: interrupts are routed by it. */
static uint64_t *affinities(VgicdState *s)
{
    uint64_t *mpidrs = g_new(uint64_t, n_cpus(s));

    for (unsigned i = 0; i < n_cpus(s); i++) {
        mpidrs[i] = object_property_get_uint(OBJECT(qemu_get_cpu(i)), "mp-affinity", &error_abort);
    }
    return mpidrs;
}

static bool make_vm(VgicdState *s, Error **errp)
{
    g_autofree uint64_t *mpidrs = affinities(s);
    const struct vgic_vm_config config = {
        .size = sizeof(config),
        .name = s->name,
        .n_vcpus = n_cpus(s),
        .n_spis = n_spis(s),
        .n_priority_bits = priority_bits(s, qemu_get_cpu(0)),
        /* QEMU stands for the firmware that would wake the redistributors. */
        .flags = VGIC_VM_AWAKE | (s->persistent ? 0 : VGIC_VM_EPHEMERAL),
        .mpidrs = mpidrs,
        .n_redist_regions = s->parent_obj.nb_redist_regions,
        .redist_regions = s->parent_obj.redist_region_count,
    };
    int r = vgic_vm_create(s->conn, &config, &s->vm);

    if (r == -EEXIST && s->persistent) {
        if (!take_over(s, &config, errp)) {
            return false;
        }
        r = 0;
    }
    if (r == 0) {
        r = vgic_vm_init(s->vm);
    }
    if (r == 0) {
        return true;
    }
    error_setg(errp, "vgicd cannot make VM '%s': %s", s->name, reason(s, r));
    if (r == -EEXIST) {
        error_append_hint(errp, "Choose another by -name or -global " TYPE_ARM_GICV3_VGICD
                          ".name=NAME; 'vgicctl list' has those that are there\n");
    }
    return false;
}

static bool open_vcpus(VgicdState *s, Error **errp)
{
    for (unsigned i = 0; i < n_cpus(s); i++) {
        int r = vgicd_cpu_open(s, i);

        if (r < 0) {
            error_setg(errp, "vgicd cannot register vCPU %u of VM '%s': %s", i, s->name,
                       reason(s, r));
            return false;
        }
    }
    s->bells = vgic_vm_fd(s->vm);
    if (s->bells < 0) {
        error_setg(errp, "vgicd: the doorbells of VM '%s' cannot be watched: %s", s->name,
                   reason(s, s->bells));
        return false;
    }
    return true;
}

static void close_daemon(VgicdState *s)
{
    for (unsigned i = 0; s->cpus && i < n_cpus(s); i++) {
        vgicd_cpu_close(&s->cpus[i]);
    }
    if (s->bereft_timer) {
        timer_free(s->bereft_timer);
        s->bereft_timer = NULL;
    } else if (s->conn && vgic_conn_fd(s->conn) >= 0) {
        qemu_set_fd_handler(vgic_conn_fd(s->conn), NULL, NULL, NULL);
    }
    if (s->bells >= 0) {
        qemu_set_fd_handler(s->bells, NULL, NULL, NULL);
        s->bells = -1;
    }
    vgic_vm_detach(s->vm);
    vgic_disconnect(s->conn);
    s->vm = NULL;
    s->conn = NULL;
}

/*
 * Machine: reset, stop, go, end
 */

/* All vCPUs are stopped: QEMU pauses them before it resets. Each resets its own part. */
static void on_reset(void *opaque)
{
    VgicdState *s = opaque;

    vgic_vm_reset_distributor(s->vm);
    for (unsigned i = 0; i < n_cpus(s); i++) {
        vgicd_cpu_look(&s->cpus[i]);
    }
}

static void on_machine(void *opaque, bool running, RunState state)
{
    VgicdState *s = opaque;

    if (s->resting == !running) {
        return;
    }
    s->resting = !running;
    for (unsigned i = 0; i < n_cpus(s); i++) {
        (running ? vgicd_cpu_go : vgicd_cpu_rest)(&s->cpus[i]);
    }
    if (running) {
        vgicd_wake(s);
    }
}

/*
 * The daemon need not find out by itself. A vCPU that calls exit() (semihosting does) leaves the
 * others running, and what they work on in its place: it goes with the process.
 */
static void on_exit_of_qemu(Notifier *notifier, void *data)
{
    VgicdState *s = container_of(notifier, VgicdState, exit_notifier);

    if (s->conn && s->resting) {
        vgic_disconnect(s->conn);
        s->conn = NULL;
    }
}

/*
 * The device
 */

static bool check_machine(VgicdState *s, Error **errp)
{
    const GICv3State *gic = &s->parent_obj;

    if (gic->security_extn) {
        error_setg(errp, TYPE_ARM_GICV3_VGICD " has one security state: it needs secure=off");
    } else if (gic->revision != 3 || gic->lpi_enable) {
        error_setg(errp, TYPE_ARM_GICV3_VGICD " is a GICv3 without LPIs: it needs its=off");
    } else if (arm_feature(&ARM_CPU(qemu_get_cpu(0))->env, ARM_FEATURE_EL2)) {
        error_setg(errp, TYPE_ARM_GICV3_VGICD " has no ICH_* registers: it needs "
                   "virtualization=off");
    } else if (s->name && !is_name(s->name)) {
        error_setg(errp, "'%s' is no name for a VM: up to %u of [A-Za-z0-9._-], and no '.' or '-' "
                   "first", s->name, VGIC_NAME_MAX);
    } else {
        return true;
    }
    return false;
}

static void vgicd_realize(DeviceState *dev, Error **errp)
{
    VgicdState *s = ARM_GICV3_VGICD(dev);
    Error *err = NULL;

    if (!check_machine(s, errp)) {
        return;
    }
    ARM_GICV3_VGICD_GET_CLASS(s)->parent_realize(dev, &err);
    if (err) {
        error_propagate(errp, err);
        return;
    }
    /* What counts instructions counts on accesses that are made one after the other. */
    s->icount = icount_enabled() != 0;
    s->global_lock |= s->icount;
    choose_name(s);
    s->cpus = g_new0(VgicdCPU, n_cpus(s));
    s->bells = -1;
    s->resting = true;
    if (!connect_daemon(s, errp) || !make_vm(s, errp) || !open_vcpus(s, errp)) {
        close_daemon(s);
        return;
    }
    make_frames(s);
    vgicd_state_open(s);
    qemu_set_fd_handler(vgic_conn_fd(s->conn), on_message, NULL, s);
    qemu_set_fd_handler(s->bells, on_bells, NULL, s);
    qemu_register_reset(on_reset, s);
    s->state_entry = qemu_add_vm_change_state_handler(on_machine, s);
    s->exit_notifier.notify = on_exit_of_qemu;
    qemu_add_exit_notifier(&s->exit_notifier);
}

static void vgicd_unrealize(DeviceState *dev)
{
    VgicdState *s = ARM_GICV3_VGICD(dev);

    qemu_remove_exit_notifier(&s->exit_notifier);
    qemu_del_vm_change_state_handler(s->state_entry);
    qemu_unregister_reset(on_reset, s);
    vgicd_state_close(s);
    close_daemon(s);
    g_free(s->cpus);
    s->cpus = NULL;
}

#if QEMU_VERSION_MAJOR < 10
static Property vgicd_properties[] = {
#else
static const Property vgicd_properties[] = {
#endif
    DEFINE_PROP_STRING("socket", VgicdState, socket),
    DEFINE_PROP_STRING("name", VgicdState, name),
    DEFINE_PROP_BOOL("persistent", VgicdState, persistent, false),
    DEFINE_PROP_BOOL("global-lock", VgicdState, global_lock, false),
    DEFINE_PROP_BOOL("snapshot", VgicdState, snapshot, true),
#if QEMU_VERSION_MAJOR < 10
    DEFINE_PROP_END_OF_LIST(),
#endif
};

static void vgicd_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    VgicdClass *vgc = ARM_GICV3_VGICD_CLASS(klass);

    dc->desc = "GICv3 that vgicd keeps";
    device_class_set_props(dc, vgicd_properties);
    device_class_set_parent_realize(dc, vgicd_realize, &vgc->parent_realize);
    dc->unrealize = vgicd_unrealize;
    vgicd_state_class_init(dc);
}

static const TypeInfo vgicd_type = {
    .name = TYPE_ARM_GICV3_VGICD,
    .parent = TYPE_ARM_GICV3_COMMON,
    .instance_size = sizeof(VgicdState),
    .class_size = sizeof(VgicdClass),
    .class_init = vgicd_class_init,
};

static void vgicd_register_type(void)
{
    type_register_static(&vgicd_type);
}

type_init(vgicd_register_type)
