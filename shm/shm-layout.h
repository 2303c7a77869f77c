/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_LAYOUT_H
#define SHM_LAYOUT_H

/*
 * The segment: one VM's interrupt controller in a sealed memfd
 *
 * What    header | affinities | vCPU blocks | SPI lines | counters.  Areas are found through the
 *         header only.
 * Owner   Created by the daemon; mapped by VMMs (read-write) and observers (read-only).
 * Lines   64 bytes. Each comment names the writers of a line. Words that different vCPUs write for
 *         independent interrupts never share one.
 * Trust   Whoever maps it read-write can write anything. A reader copies a value once, checks the
 *         copy against its own bounds (struct shm_gic) and uses the copy; nothing here is ever an
 *         index or a size by itself.
 * ABI     Offsets are asserted below. Same major: same meaning. A participant refuses a segment
 *         with a bit in must_understand that it does not know. Reserved space is zero.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "gic-spec.h"
#include "shm-atomic.h"

#define SHM_MAGIC            UINT64_C(0x3147455343494756) /* "VGICSEG1" */
#define SHM_MAJOR            1
#define SHM_MINOR            4   /* 1: take-over, salt; 2: ports; 3: SLOT_ACK; 4: CLASSES */
/* whoever makes an interrupt pending or closes a gate places it: shm-oneofn.h */
#define SHM_UNDERSTAND_1_OF_N    (UINT64_C(1) << 0)
#define SHM_UNDERSTAND_EXTENDED  (UINT64_C(1) << 1) /* extended SPIs and PPIs */
#define SHM_UNDERSTAND_MIRROR    (UINT64_C(1) << 2) /* SHM_FLAG_MIRROR: nothing is delivered */
/* a vCPU may be a list-register port: resident words, the gate, counted rings */
#define SHM_UNDERSTAND_PORTS     (UINT64_C(1) << 3)
#define SHM_UNDERSTAND_SLOT_ACK  (UINT64_C(1) << 4) /* minor 3: slots, asks, salt */
#define SHM_UNDERSTAND_AWAKE     (UINT64_C(1) << 5) /* SHM_FLAG_AWAKE: who resets leaves it awake */
#define SHM_UNDERSTAND_CLASSES  (UINT64_C(1) << 6) /* minor 4: candidates by classes of priority */
#define SHM_MUST_UNDERSTAND  (SHM_UNDERSTAND_1_OF_N | SHM_UNDERSTAND_EXTENDED | \
                              SHM_UNDERSTAND_MIRROR | SHM_UNDERSTAND_PORTS | \
                              SHM_UNDERSTAND_SLOT_ACK | SHM_UNDERSTAND_AWAKE | \
                              SHM_UNDERSTAND_CLASSES) /* by this code */
/*
 * may_ignore: the VM has a lock file, which says who lives: shm-lock.h. Bit 0 said that once of
 * locks on the segment's own file.
 */
#define SHM_IGNORE_LOCKS     (UINT64_C(1) << 1)
/* Of owner_session, left_session: without the daemon nobody can tell whether it lives. */
#define SHM_SESSION_SILENT   (UINT64_C(1) << 63)
#define SHM_LINE             64u
#define SHM_NAME_BYTES       64u
#define SHM_MAX_VCPUS        4096u
#define SHM_N_CANDIDATE_WORDS  64u         /* 4096 candidates: see shm_candidate_index() */
#define SHM_N_CANDIDATES       (64u * SHM_N_CANDIDATE_WORDS)
#define SHM_N_CLASSES          32u         /* of priority: its upper 5 bits */
#define SHM_N_PRIVATE_WORDS    (GIC_N_PRIVATE + GIC_MAX_EPPIS)
#define SHM_N_APR              4u
#define SHM_N_MIRROR          16u
#define SHM_N_LIST_REGISTERS  16u
/* as many as can preempt one another, with 7 preemption bits */
#define SHM_N_ACK_ORDER      128u

/* Where an area lies. count == 0: there is none. */
struct shm_area {
        uint64_t offset;
        uint32_t stride;
        uint32_t count;
};

enum shm_area_id {
        SHM_AREA_AFFINITY,  /* struct shm_affinity, sorted by affinity */
        SHM_AREA_VCPU,      /* struct shm_vcpu, by index */
        SHM_AREA_SPI,       /* struct shm_spi, by INTID - 32 */
        SHM_AREA_ESPI,      /* struct shm_spi, by INTID - 4096 */
        SHM_AREA_COUNTER,   /* per vCPU: one 64-bit count per interrupt: see shm_gic_counter() */
        SHM_AREA_LPI,       /* reserved */
        SHM_AREA_ITS,       /* reserved */
        SHM_AREA_SPARE,
        SHM_N_AREAS
};

/* All of it is constant once ready is set, up to the line of "ready". */
struct shm_header {
        uint64_t magic;
        uint16_t major;
        uint16_t minor;
        uint32_t header_bytes;
        uint64_t must_understand;
        uint64_t may_ignore;                /* SHM_IGNORE_* */
        uint64_t total_bytes;
        uint64_t vm_id;
        char name[SHM_NAME_BYTES];          /* NUL-terminated */
        uint32_t n_vcpus;
        uint32_t n_spis;
        uint32_t n_espis;
        uint32_t n_eppis;
        uint32_t n_priority_bits;
        uint32_t flags;                     /* SHM_FLAG_* */
        uint32_t gicd_iidr;                 /* pre-init registers */
        uint32_t gicd_typer2;
        struct shm_area areas[SHM_N_AREAS]; /* 144 */
        uint32_t features;                  /* SHM_FEATURE_* */
        uint8_t reserved0[748];

        /* 1024: written once, by the builder (READY-R1) */
        _Alignas(SHM_LINE) shm_atomic(uint32_t) ready;

        /* 1088: distributor, written by whoever executes a guest's access */
        _Alignas(SHM_LINE) shm_atomic(uint32_t) gicd_ctlr;
        shm_atomic(uint32_t) gicd_statusr;

        /* 1152: TDIR, written on its changes only: see shm-tdir.h */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) tdir;
        shm_atomic(uint32_t) tdir_cause;    /* INTID that set it last: for people */

        /*
         * 1216: written by the daemon: who wants to hear of TDIR (list-register ports and
         * subscribers)
         */
        _Alignas(SHM_LINE) shm_atomic(uint32_t) tdir_interest;
        /* result of the last scan: for people; so are these */
        shm_atomic(uint32_t) n_in_flight;
        shm_atomic(uint64_t) tdir_broadcasts;
        shm_atomic(uint64_t) tdir_suppressed;
        shm_atomic(uint64_t) tdir_heard;        /* generation of TDIR that was broadcast last */
        /*
         * INTID of an SPI in flight, in whose word NOTIFY is set: the daemon does not look at TDIR
         * before that one has ended, and whoever ends it takes this off and rings. 0: it looks
         */
        shm_atomic(uint32_t) tdir_awaited;

        /* 1280: written by the daemon: its liveness */
        /* start of this daemon process, CLOCK_BOOTTIME ns; 0: stopped in order */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) daemon_epoch;
        shm_atomic(uint64_t) daemon_beat;       /* reserved */

        /* 1344: written by anyone, off the hot path */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) guest_errors;

        /*
         * 1408: ends of interrupt that are owed to devices: set by the deactivating vCPU, taken by
         * the daemon
         */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) eoi_summary;
        _Alignas(SHM_LINE) shm_atomic(uint64_t) eoi[SHM_N_CANDIDATE_WORDS];

        /*
         * 1984: SPIs that have been pending as 1-of-N, for whoever changes who is eligible: set by
         * who places one for the first time, and never cleared
         */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) noted_summary;
        _Alignas(SHM_LINE) shm_atomic(uint64_t) noted[SHM_N_CANDIDATE_WORDS];

        /* 2560: a mirror's registers of the distributor: its VMM */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) mirror[SHM_N_MIRROR];

        uint8_t reserved1[1408];
};

/* no delivering controller, the shadow only: shm-mirror.h */
#define SHM_FLAG_MIRROR  (1u << 0)
/* GICR_WAKER resets to 0, as if firmware had been there */
#define SHM_FLAG_AWAKE   (1u << 1)
#define SHM_FLAGS_ALL    (SHM_FLAG_MIRROR | SHM_FLAG_AWAKE)

/* shm_header.features: what the architecture leaves to the implementation */
#define SHM_FEATURE_1_OF_N  (1u << 0)       /* GICD_TYPER.No1N = 0, GICR_TYPER.DPGS = 1 */
#define SHM_FEATURE_AFF3    (1u << 1)       /* A3V = 1 */
#define SHM_FEATURE_RSS     (1u << 2)       /* RSS = 1 */
#define SHM_FEATURE_ALL     (SHM_FEATURE_1_OF_N | SHM_FEATURE_AFF3 | SHM_FEATURE_RSS)

struct shm_affinity {
        shm_atomic(uint32_t) affinity;                  /* Aff3.Aff2.Aff1.Aff0, a byte each */
        shm_atomic(uint32_t) vcpu;
};

/* One SPI. The line is written by injectors and by the vCPU that handles it. */
struct shm_spi {
        _Alignas(SHM_LINE) shm_atomic(uint64_t) word; /* gic-word.h */
        /* GICD_IROUTER<n> as written; the word's route is derived from it */
        shm_atomic(uint64_t) irouter;
        uint64_t reserved[6];
};

/* shm_vcpu.cpuif: the CPU interface but for ICC_CTLR_EL1 and the active priorities */
#define SHM_CPUIF_PMR_SHIFT      0          /* 8 bits */
#define SHM_CPUIF_BPR0_SHIFT     8          /* 3 bits */
#define SHM_CPUIF_BPR1_SHIFT    11          /* 3 bits */
#define SHM_CPUIF_GRPEN_SHIFT   14          /* 1 bit per group */
#define SHM_CPUIF_ASLEEP_SHIFT  16
#define SHM_CPUIF_POWERED_SHIFT 17
#define SHM_CPUIF_ASLEEP   (UINT64_C(1) << SHM_CPUIF_ASLEEP_SHIFT)  /* GICR_WAKER.ProcessorSleep */
#define SHM_CPUIF_POWERED  (UINT64_C(1) << SHM_CPUIF_POWERED_SHIFT) /* PSCI: on */
/* GICR_CTLR.DPG0, .DPG1NS: 1 bit per group: no 1-of-N interrupts of it */
#define SHM_CPUIF_DPG_SHIFT     18
#define SHM_CPUIF_ABSENT_SHIFT  20
#define SHM_CPUIF_OFF_SHIFT     21
/* nobody runs it: given back, or its owner died */
#define SHM_CPUIF_ABSENT   (UINT64_C(1) << SHM_CPUIF_ABSENT_SHIFT)
/* PSCI: told to be off; neither before the first word of it */
#define SHM_CPUIF_OFF      (UINT64_C(1) << SHM_CPUIF_OFF_SHIFT)
#define SHM_CPUIF_OWNED_SHIFT   22
#define SHM_CPUIF_SEIZED_SHIFT  23
#define SHM_CPUIF_STALE_SHIFT   24
/* registered: unless it was told to be off, it may be running */
#define SHM_CPUIF_OWNED    (UINT64_C(1) << SHM_CPUIF_OWNED_SHIFT)
#define SHM_CPUIF_SEIZED   (UINT64_C(1) << SHM_CPUIF_SEIZED_SHIFT)  /* see the table below */
/* the active priorities count as 0 until the owner clears them */
#define SHM_CPUIF_STALE    (UINT64_C(1) << SHM_CPUIF_STALE_SHIFT)
/*
 * Who runs a vCPU: OWNED, ABSENT, POWERED, OFF. It *runs* if its owner may be operating it
 * (shm_takeover_runs()); an outsider may reset one that does not, and asks the owner of one that
 * does. OWNED and ABSENT are never both set, nor are POWERED and OFF.
 *
 *   OWNED ABSENT  POWERED OFF  runs  when
 *   -     -       -       -    no    built, and registered by nobody yet
 *   -     -       set     -    yes   the same, but restored from an image in which it was on
 *   -     -       -       set  no    the same, but restored as off
 *   set   -       -       -    yes   registered, and told neither to be on nor to be off
 *   set   -       set     -    yes   registered and on
 *   set   -       -       set  no    registered and off
 *   -     set     as left      no    given up, or its owner died
 *
 *   SEIZED  Only of one that does not run: an outsider resets it. What makes it run takes SEIZED
 *           off in the same compare-and-swap: a reset comes before that, or not at all.
 *   STALE   With any of these. An outsider has reset the vCPU, but not the active priorities, which
 *           only their owner writes: they read 0, and the owner clears them before it operates.
 *
 *   changes                      by                       who
 *   OWNED set, ABSENT clear      shm_reset_own()          the daemon, which registers a vCPU
 *   ABSENT set, OWNED clear      shm_reset_disown()       the daemon; a VMM that finds it dead
 *   POWERED set, OFF clear       shm_power()              the owner's process (PSCI)
 *   OFF set, POWERED clear       shm_power()              the owner's process
 *   POWERED, OFF as in an image  shm_snapshot_restore()   the VMM, while no vCPU runs; ends STALE
 *   SEIZED set                   shm_takeover_seize()     any outsider
 *   SEIZED, from one to another  shm_takeover_steal()     an outsider that finds the first one dead
 *   STALE set, SEIZED clear      shm_takeover_apply()     the outsider that has it: reset, let go
 *   SEIZED clear                 shm_takeover_change()    what makes it run
 *   SEIZED clear                 shm_takeover_revoke()    a restore
 *   STALE clear                  shm_apr_apply_posted()   the owner, or a repair; so does its reset
 */
/* 1-of-N: 1 bit per group: somebody is about to close a gate of it; chosen if no other can be */
#define SHM_CPUIF_LEAVING_SHIFT 25
#define SHM_CPUIF_BITS          27
#define SHM_CPUIF_SEIZES_SHIFT  32          /* 16 bits: counts seizures, and their ends */
#define SHM_CPUIF_SEIZES_WIDTH  16

/* shm_vcpu.flags */
/* GICR_TYPER.Last: ends a contiguous redistributor region */
#define SHM_VCPU_LAST      (1u << 0)

/* shm_vcpu.icc_ctlr: three ICC_CTLR_EL1 values of 20 bits, and which of them are known */
#define SHM_ICC_CTLR_BITS         20
#define SHM_ICC_CTLR_LIVE_SHIFT        0
#define SHM_ICC_CTLR_CONFIGURED_SHIFT 20
#define SHM_ICC_CTLR_DEFAULT_SHIFT    40
#define SHM_ICC_CTLR_LIVE_VALID        (UINT64_C(1) << 60)
#define SHM_ICC_CTLR_CONFIGURED_VALID  (UINT64_C(1) << 61)
#define SHM_ICC_CTLR_DEFAULT_VALID     (UINT64_C(1) << 62)
#define SHM_ICC_CTLR_VALID             (SHM_ICC_CTLR_LIVE_VALID | SHM_ICC_CTLR_CONFIGURED_VALID | \
                                        SHM_ICC_CTLR_DEFAULT_VALID)
/* an outsider resets it, a fold writes it */
#define SHM_ICC_CTLR_ASKED             (UINT64_C(1) << 63)

/* shm_vcpu.park */
/* looks for itself before it sleeps or enters the guest */
#define SHM_PARK_RUNNING   0u
#define SHM_PARK_PARKED    1u               /* asleep: ring */
#define SHM_PARK_IN_GUEST  2u               /* executes guest code: ring */

/* shm_vcpu.request: what outsiders ask of the owner */
#define SHM_REQUEST_RESET  (1u << 0)
#define SHM_REQUEST_WAKE   (1u << 1)
#define SHM_REQUEST_APR    (1u << 2)        /* take shm_vcpu.posted_apr: see shm-apr.h */
#define SHM_REQUEST_FORGET (1u << 3)        /* of RESET: what the guest configured, too */
#define SHM_REQUEST_ONE_ASK (1u << 4)       /* 28 bits: how many resets were asked for */

/* One operation that changes several words; written before its first store: see shm-slot.h */
struct shm_slot {
        /* 0: none. enum shm_slot_op | step << 8 | INTID << 32 */
        shm_atomic(uint64_t) op;
        shm_atomic(uint64_t) old_word;
        /* priority bit of the active-priority registers, group << 8 */
        shm_atomic(uint64_t) argument;
        /* FOLD: 0, or what ICC_CTLR_EL1 was before the fold began to write over it */
        shm_atomic(uint64_t) icc_ctlr;
        uint64_t reserved[4];
};

/*
 * The saved bank of a list-register port (IHI 0069 section 12.4): the list registers as they were
 * filled, the rest as it was read back
 */
struct shm_bank {
        shm_atomic(uint64_t) ich_lr[SHM_N_LIST_REGISTERS];
        shm_atomic(uint64_t) ich_vmcr;
        shm_atomic(uint64_t) ich_hcr;
        shm_atomic(uint32_t) ich_ap0r[SHM_N_APR];
        shm_atomic(uint32_t) ich_ap1r[SHM_N_APR];
        shm_atomic(uint64_t) filled_vmcr;
        shm_atomic(uint32_t) filled_ap0r[SHM_N_APR];
        shm_atomic(uint32_t) filled_ap1r[SHM_N_APR];
        uint64_t reserved[5];
};

/*
 * shm_vcpu.port: see shm-port.h. Number of list registers, and how the vCPU stands at the gate of
 * TDIR (shm-gate.h). TRAPS without IN does not exist, nor does GATED with IN and without TRAPS:
 * an entry takes GATED off, and asks with TRAPS set.
 *
 *   number IN   TRAPS GATED  when
 *   0      -    -     -      a trap port
 *   0      -    -     set    a trap port that was refused an SPI, and is rung when the gate opens
 *   n      -    -     -      a list-register port, not in guest
 *   n      -    -     set    the same, refused an SPI: it has a trapped access done, or has left
 *   n      set  -     -      in guest, and does not trap ICC_DIR_EL1: if TDIR is set now, nobody
 *                            may have an SPI before it has left
 *   n      set  set   -      in guest, and traps ICC_DIR_EL1
 *   n      set  set   set    the same; it asked for an SPI on entry, was refused, and runs without
 *
 *   changes             by                     who
 *   number, all others  shm_port_configure()   the owner's process, while the vCPU is not in guest
 *   IN set, TRAPS       shm_port_enter()       the owner thread; takes GATED off
 *   TRAPS set           shm_port_enter()       the owner thread: TDIR is set after it has set IN
 *   IN, TRAPS clear     shm_port_exit()        the owner thread
 *   IN, TRAPS clear     shm_port_repair()      the repair of its vCPU
 *   GATED set           shm_gate_ask()         the owner thread, which is refused
 *   GATED clear         shm_gate_ask()         whoever finds that all ports in guest trap, and then
 *                       shm_gate_left()        rings it
 */
#define SHM_PORT_IN         (1u << 0)       /* a list-register port, in guest */
/* in guest with ICH_HCR_EL2.TDIR set: it has acknowledged TDIR */
#define SHM_PORT_TRAPS      (1u << 1)
/* of either kind: waits until all that are in guest trap */
#define SHM_PORT_GATED      (1u << 2)
#define SHM_PORT_N_SHIFT    8               /* 5 bits: number of list registers; 0: a trap port */
#define SHM_PORT_N_WIDTH    5

/* Statistics, not truth. Writer: the owner thread, relaxed. */
struct shm_vcpu_counters {
        shm_atomic(uint64_t) acknowledged;
        shm_atomic(uint64_t) parks;
        shm_atomic(uint64_t) resets;
        shm_atomic(uint64_t) sgis_sent;
        shm_atomic(uint64_t) dir_traps;     /* list-register port: trapped writes of ICC_DIR_EL1 */
        uint64_t reserved[3];
};

struct shm_vcpu {
        /* 0: read-mostly; the guest's writes of ICC_CTLR_EL1 and resets */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) icc_ctlr;
        uint32_t affinity;                  /* constant */
        uint32_t index;                     /* constant */
        uint32_t flags;                     /* constant: SHM_VCPU_* */

        /* 64: CPU interface. cpuif: CAS by anyone; the active priorities: the owner thread */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) cpuif;
        shm_atomic(uint32_t) ap0r[SHM_N_APR];
        shm_atomic(uint32_t) ap1r[SHM_N_APR];

        /* 128: the owner thread; after its death, whoever takes over */
        _Alignas(SHM_LINE) struct shm_slot slot;

        /* 192: park: the owner thread; request: anyone */
        _Alignas(SHM_LINE) shm_atomic(uint32_t) park;
        shm_atomic(uint32_t) request;
        shm_atomic(uint32_t) rings;         /* of its doorbell: anyone, before the write */
        /* as many as were read from the doorbell: the owner thread */
        shm_atomic(uint32_t) heard;

        /* 256: written by the daemon: which session owns it (0: none), and that process */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) owner_session;
        shm_atomic(uint32_t) owner_pid;
        /* owned it before, and nobody has repaired it since; 0: nothing is left */
        shm_atomic(uint64_t) left_session;

        /*
         * 320: list-register port: which of its interrupts may be active outside of list registers;
         * the owner thread
         */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) actives_summary;

        /* 384: SHM_PORT_*: the owner thread; GATED: who ends the wait */
        _Alignas(SHM_LINE) shm_atomic(uint32_t) port;
        shm_atomic(uint32_t) folds;         /* counts them: shm-fold.h. The owner thread */

        /*
         * 448: classes of priority that have candidates, and those: injectors and the owner. An
         * interrupt that comes alone changes both: in one line, which travels once
         */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) classes;
        shm_atomic(uint64_t) candidates[SHM_N_CANDIDATE_WORDS];

        /*
         * 1024: words of SGIs, PPIs (and EPPIs): whoever sends an SGI or drives a PPI, and the
         * owner
         */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) words[SHM_N_PRIVATE_WORDS];

        /* 1792 */
        _Alignas(SHM_LINE) struct shm_bank bank;

        /* 2048 */
        _Alignas(SHM_LINE) struct shm_vcpu_counters counters;

        /* 2112: redistributor registers that are no interrupt state; the rest is reserved (LPIs) */
        _Alignas(SHM_LINE) shm_atomic(uint32_t) gicr_ctlr;
        shm_atomic(uint32_t) gicr_statusr;
        uint8_t reserved1[56];

        /*
         * 2176: active priorities that somebody else than the owner wrote: AP0R<n>, then AP1R<n>;
         * see shm-apr.h
         */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) posted_apr[2 * SHM_N_APR];

        /*
         * 2240: a mirror's registers but ICC_CTLR_EL1, see shm-mirror.h: its VMM; not used by a
         * delivering controller
         */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) mirror[SHM_N_MIRROR];

        /* 2368: under actives_summary */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) actives[SHM_N_CANDIDATE_WORDS];

        /*
         * 2880: list-register port: what it acknowledged, in that order; some of it has ended
         * since. The owner thread
         */
        _Alignas(SHM_LINE) shm_atomic(uint32_t) n_ack_order;
        shm_atomic(uint32_t) leftovers;     /* it may hold some without priority: shm-eoicount.h */
        _Alignas(SHM_LINE) shm_atomic(uint32_t) ack_order[SHM_N_ACK_ORDER];

        /* 3456: under classes: words that have candidates of that class. Injectors and the owner */
        _Alignas(SHM_LINE) shm_atomic(uint64_t) class_words[SHM_N_CLASSES];
        uint8_t reserved2[384];
};

/*
 * Candidate of an INTID: 0..1023 as is, EPPIs at 1024, ESPIs at 2048. The owner's candidate bit is
 * bit (index % 64) of word i = index / 64; bit i is set in class_words[c] for the class c of its
 * priority, and bit c in classes. All three say "may be": they outlive what they were set for.
 */
static inline uint32_t shm_candidate_index(uint32_t intid)
{
        if (intid < 1024)
                return intid;
        return intid < GIC_ESPI_FIRST ? 1024 + (intid - GIC_EPPI_FIRST) : 2048 +
               (intid - GIC_ESPI_FIRST);
}

static inline uint32_t shm_candidate_intid(uint32_t index)
{
        if (index < 1024)
                return index;
        return index < 2048 ? GIC_EPPI_FIRST + (index - 1024) : GIC_ESPI_FIRST + (index - 2048);
}

#define SHM_AT(type, member, offset) \
        static_assert(offsetof(type, member) == (offset), #type "." #member)
SHM_AT(struct shm_header, magic, 0);
SHM_AT(struct shm_header, major, 8);
SHM_AT(struct shm_header, minor, 10);
SHM_AT(struct shm_header, header_bytes, 12);
SHM_AT(struct shm_header, must_understand, 16);
SHM_AT(struct shm_header, may_ignore, 24);
SHM_AT(struct shm_header, total_bytes, 32);
SHM_AT(struct shm_header, vm_id, 40);
SHM_AT(struct shm_header, name, 48);
SHM_AT(struct shm_header, n_vcpus, 112);
SHM_AT(struct shm_header, n_spis, 116);
SHM_AT(struct shm_header, n_espis, 120);
SHM_AT(struct shm_header, n_eppis, 124);
SHM_AT(struct shm_header, n_priority_bits, 128);
SHM_AT(struct shm_header, flags, 132);
SHM_AT(struct shm_header, gicd_iidr, 136);
SHM_AT(struct shm_header, gicd_typer2, 140);
SHM_AT(struct shm_header, areas, 144);
SHM_AT(struct shm_header, features, 272);
SHM_AT(struct shm_header, ready, 1024);
SHM_AT(struct shm_header, gicd_ctlr, 1088);
SHM_AT(struct shm_header, gicd_statusr, 1092);
SHM_AT(struct shm_header, tdir, 1152);
SHM_AT(struct shm_header, tdir_cause, 1160);
SHM_AT(struct shm_header, tdir_interest, 1216);
SHM_AT(struct shm_header, n_in_flight, 1220);
SHM_AT(struct shm_header, tdir_broadcasts, 1224);
SHM_AT(struct shm_header, tdir_suppressed, 1232);
SHM_AT(struct shm_header, tdir_heard, 1240);
SHM_AT(struct shm_header, tdir_awaited, 1248);
SHM_AT(struct shm_header, daemon_epoch, 1280);
SHM_AT(struct shm_header, daemon_beat, 1288);
SHM_AT(struct shm_header, guest_errors, 1344);
SHM_AT(struct shm_header, eoi_summary, 1408);
SHM_AT(struct shm_header, eoi, 1472);
SHM_AT(struct shm_header, noted_summary, 1984);
SHM_AT(struct shm_header, noted, 2048);
SHM_AT(struct shm_header, mirror, 2560);
SHM_AT(struct shm_area, offset, 0);
SHM_AT(struct shm_area, stride, 8);
SHM_AT(struct shm_area, count, 12);
SHM_AT(struct shm_affinity, affinity, 0);
SHM_AT(struct shm_affinity, vcpu, 4);
SHM_AT(struct shm_spi, word, 0);
SHM_AT(struct shm_spi, irouter, 8);
SHM_AT(struct shm_slot, op, 0);
SHM_AT(struct shm_slot, old_word, 8);
SHM_AT(struct shm_slot, argument, 16);
SHM_AT(struct shm_slot, icc_ctlr, 24);
SHM_AT(struct shm_bank, ich_lr, 0);
SHM_AT(struct shm_bank, ich_vmcr, 128);
SHM_AT(struct shm_bank, ich_hcr, 136);
SHM_AT(struct shm_bank, ich_ap0r, 144);
SHM_AT(struct shm_bank, ich_ap1r, 160);
SHM_AT(struct shm_bank, filled_vmcr, 176);
SHM_AT(struct shm_bank, filled_ap0r, 184);
SHM_AT(struct shm_bank, filled_ap1r, 200);
SHM_AT(struct shm_vcpu_counters, acknowledged, 0);
SHM_AT(struct shm_vcpu_counters, parks, 8);
SHM_AT(struct shm_vcpu_counters, resets, 16);
SHM_AT(struct shm_vcpu_counters, sgis_sent, 24);
SHM_AT(struct shm_vcpu_counters, dir_traps, 32);
SHM_AT(struct shm_vcpu, icc_ctlr, 0);
SHM_AT(struct shm_vcpu, affinity, 8);
SHM_AT(struct shm_vcpu, index, 12);
SHM_AT(struct shm_vcpu, flags, 16);
SHM_AT(struct shm_vcpu, cpuif, 64);
SHM_AT(struct shm_vcpu, ap0r, 72);
SHM_AT(struct shm_vcpu, ap1r, 88);
SHM_AT(struct shm_vcpu, slot, 128);
SHM_AT(struct shm_vcpu, park, 192);
SHM_AT(struct shm_vcpu, request, 196);
SHM_AT(struct shm_vcpu, rings, 200);
SHM_AT(struct shm_vcpu, heard, 204);
SHM_AT(struct shm_vcpu, owner_session, 256);
SHM_AT(struct shm_vcpu, owner_pid, 264);
SHM_AT(struct shm_vcpu, left_session, 272);
SHM_AT(struct shm_vcpu, classes, 448);
SHM_AT(struct shm_vcpu, port, 384);
SHM_AT(struct shm_vcpu, candidates, 456);
SHM_AT(struct shm_vcpu, words, 1024);
SHM_AT(struct shm_vcpu, bank, 1792);
SHM_AT(struct shm_vcpu, counters, 2048);
SHM_AT(struct shm_vcpu, gicr_ctlr, 2112);
SHM_AT(struct shm_vcpu, gicr_statusr, 2116);
SHM_AT(struct shm_vcpu, posted_apr, 2176);
SHM_AT(struct shm_vcpu, mirror, 2240);
SHM_AT(struct shm_vcpu, actives_summary, 320);
SHM_AT(struct shm_vcpu, actives, 2368);
SHM_AT(struct shm_vcpu, folds, 388);
SHM_AT(struct shm_vcpu, n_ack_order, 2880);
SHM_AT(struct shm_vcpu, leftovers, 2884);
SHM_AT(struct shm_vcpu, ack_order, 2944);
SHM_AT(struct shm_vcpu, class_words, 3456);
static_assert(SHM_CPUIF_PMR_SHIFT == 0 && SHM_CPUIF_BPR0_SHIFT == 8 && SHM_CPUIF_BPR1_SHIFT == 11,
              "cpuif: PMR, BPR");
static_assert(SHM_CPUIF_GRPEN_SHIFT == 14 && SHM_CPUIF_ASLEEP_SHIFT == 16,
              "cpuif: group enables, asleep");
static_assert(SHM_CPUIF_POWERED_SHIFT == 17 && SHM_CPUIF_DPG_SHIFT == 18 &&
              SHM_CPUIF_ABSENT_SHIFT == 20 &&
              SHM_CPUIF_OFF_SHIFT == 21, "cpuif: powered, DPG, absent, off");
static_assert(SHM_CPUIF_OWNED_SHIFT == 22 && SHM_CPUIF_SEIZED_SHIFT == 23 &&
              SHM_CPUIF_STALE_SHIFT == 24 && SHM_CPUIF_LEAVING_SHIFT == 25 &&
              SHM_CPUIF_BITS == 27 &&
              SHM_CPUIF_SEIZES_SHIFT == 32, "cpuif: owned, seized, stale, leaving, seizes");
static_assert(SHM_ICC_CTLR_LIVE_SHIFT == 0 && SHM_ICC_CTLR_CONFIGURED_SHIFT == 20 &&
              SHM_ICC_CTLR_DEFAULT_SHIFT == 40 && SHM_ICC_CTLR_BITS == 20, "icc_ctlr: values");
static_assert(SHM_ICC_CTLR_LIVE_VALID == UINT64_C(1) << 60 &&
              SHM_ICC_CTLR_CONFIGURED_VALID == UINT64_C(1) << 61 &&
              SHM_ICC_CTLR_DEFAULT_VALID == UINT64_C(1) << 62, "icc_ctlr: validity");
static_assert(sizeof(struct shm_header) == 4096, "header is one page");
static_assert(sizeof(struct shm_spi) == SHM_LINE, "an SPI has a line of its own");
static_assert(sizeof(struct shm_slot) == SHM_LINE, "the slot is one line");
static_assert(sizeof(struct shm_affinity) == 8, "affinity entry");
static_assert(sizeof(struct shm_area) == 16, "area entry");
static_assert(sizeof(struct shm_vcpu) == 4096, "a vCPU block is one page");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
              "the segment needs lock-free 32- and 64-bit atomics");
static_assert(sizeof(shm_atomic(uint64_t)) == 8 && sizeof(shm_atomic(uint32_t)) == 4,
              "atomics have the size of their value");

#endif
