/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * WakeRequest: a vCPU whose GICR_WAKER.ProcessorSleep is set and that is parked is woken by what
 * arrives
 *
 * IHI 0069 section 12.11.42: with ProcessorSleep 1 "all interrupts that arrive at the Redistributor
 * assert a WakeRequest signal"; none is signalled to the CPU interface. What arrives is pending,
 * enabled, for this PE, its group enabled in GICD_CTLR (section 4.8). The CPU interface does not
 * count.
 */
#include "rig.h"
#include "shm-port.h"

enum { SPI = 40, PPI = 27, SGI = 3 };

static struct rig rig;

/* vCPU 0 as Linux leaves it in CPU_PM_ENTER: its group closed at the interface, then asleep. */
static void set_up(unsigned n_list_registers)
{
        rig_create(&rig, 2, 64, 5);
        rig_boot(&rig);
        if (n_list_registers)
                shm_port_configure(&rig.gic, 0, n_list_registers);
        set_edge(&rig, 0, SPI, true);
        set_edge(&rig, 0, PPI, true);
        enable(&rig, 0, SPI);
        enable(&rig, 0, PPI);
        enable(&rig, 0, SGI);
        msr(&rig, 0, ICC_IGRPEN1, 0);
        msr(&rig, 0, ICC_PMR, 0);
        waker(&rig, 0, 2);
}

static bool sleeps(void)
{
        rig.rings[0] = 0;
        return !shm_park_is_due(&rig.gic, 0, shm_park_begin(&rig.gic, 0, SHM_PARK_PARKED));
}

static void nothing(void)
{
}

static void pulse_spi(void)
{
        pulse(&rig, SPI);
}

static void pulse_ppi(void)
{
        shm_line_pulse(&rig.gic, 0, PPI);
}

static void send_sgi(void)
{
        msr(&rig, 1, ICC_SGI1R, (uint64_t)SGI << 24 | 1);
}

static void close_group(void)
{
        gicd(&rig, 0, 0);
        pulse_spi();
}

static void open_group(void)
{
        gicd(&rig, 0, 3);
}

static void disable_spi(void)
{
        set_bit(&rig, 0, ICENABLER, SPI);
        pulse_spi();
}

static void enable_spi(void)
{
        enable(&rig, 0, SPI);
}

static void route_away(void)
{
        route(&rig, SPI, 1);
        pulse_spi();
}

static void route_here(void)
{
        route(&rig, SPI, 0);
}

static void wake_with_mask(void)
{
        waker(&rig, 0, 0);
        pulse_spi();
}

static void sleep_again(void)
{
        waker(&rig, 0, 2);
}

static const struct way {
        const char *name;
        void (*before)(void), (*arrive)(void);
} ways[] = {
        { "an SPI", nothing, pulse_spi },
        { "a PPI", nothing, pulse_ppi },
        { "an SGI", nothing, send_sgi },
        { "GICD_CTLR is opened", close_group, open_group },
        { "GICD_ISENABLER", disable_spi, enable_spi },
        { "GICD_IROUTER", route_away, route_here },
        { "ProcessorSleep is set from outside, an SPI masked by PMR", wake_with_mask, sleep_again },
};

/* Parked before it arrives, and after. */
static void arrives(unsigned n_list_registers, const char *kind)
{
        for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
                set_up(n_list_registers);
                ways[i].before();
                tap_ok(sleeps(), "%s, %s: nothing has arrived, it sleeps", kind, ways[i].name);
                ways[i].arrive();
                tap_ok(rig.rings[0] > 0, "%s, %s: it is rung", kind, ways[i].name);
                tap_ok(shm_cpuif_asks_to_wake(&rig.gic, 0), "%s, %s: it is asked to wake", kind,
                       ways[i].name);
                tap_eq(shm_cpuif_lines(&rig.gic, 0), 0, "%s, %s: no line", kind, ways[i].name);
                shm_park_end(&rig.gic, 0);
                tap_ok(!sleeps(), "%s, %s: pending when it parks, it does not sleep", kind,
                       ways[i].name);
                rig_destroy(&rig);
        }
}

static void is_not_woken_by(const char *what, void (*act)(void))
{
        set_up(0);
        act();
        tap_ok(sleeps(), "%s: a vCPU with ProcessorSleep set sleeps", what);
        rig_destroy(&rig);
}

static void any_vcpu(void)
{
        route(&rig, SPI, UINT64_C(1) << 31);
        pulse_spi();
}

static void turn_off(void)
{
        pulse_spi();
        shm_power(&rig.gic, 0, false);
}

static void awake_and_masked(void)
{
        wake_with_mask();
}

/*
 * A PE that is asleep is not chosen for 1-of-N (GICD_CTLR.E1NWF is RAZ/WI); when nobody is awake it
 * waits.
 */
static void one_of_n(void)
{
        set_up(0);
        waker(&rig, 1, 2);
        any_vcpu();
        tap_ok(sleeps(), "1-of-N, both asleep: nobody is chosen, and nobody is woken");
        waker(&rig, 0, 0);
        msr(&rig, 0, ICC_PMR, 0xf0);
        msr(&rig, 0, ICC_IGRPEN1, 1);
        tap_eq(ack(&rig, 0), SPI, "1-of-N: who wakes gets it");
        rig_destroy(&rig);
}

static void goes_on(void)
{
        set_up(0);
        pulse_spi();
        waker(&rig, 0, 0);
        msr(&rig, 0, ICC_PMR, 0xf0);
        msr(&rig, 0, ICC_IGRPEN1, 1);
        tap_ok(!shm_cpuif_asks_to_wake(&rig.gic, 0), "awake: no WakeRequest");
        tap_eq(shm_cpuif_lines(&rig.gic, 0), SHM_LINE_IRQ, "awake: the line");
        tap_eq(ack(&rig, 0), SPI, "awake: it is acknowledged");
        rig_destroy(&rig);
}

int main(void)
{
        arrives(0, "trap port");
        arrives(4, "list-register port");
        is_not_woken_by("nothing is pending", nothing);
        is_not_woken_by("its group closed in GICD_CTLR", close_group);
        is_not_woken_by("not enabled", disable_spi);
        is_not_woken_by("routed to another vCPU", route_away);
        is_not_woken_by("1-of-N, another vCPU awake", any_vcpu);
        is_not_woken_by("told to be off", turn_off);
        is_not_woken_by("awake, masked by PMR", awake_and_masked);
        one_of_n();
        goes_on();
        return tap_done();
}
