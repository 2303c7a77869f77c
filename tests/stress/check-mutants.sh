#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# check-mutants.sh [STEPS [ONLY]] - break a protocol of shm/ on purpose, one at a time, and run
#         tests/stress until a law is found broken, or STEPS operations (default 20000000; a quarter
#         with hooks, unless only those can find it) were done
# check-mutants.sh --apply-only - TAP: each row changes something, once (part of make check:
#         tests/lint/check-mutants.sh)
#
# KEEP=DIRECTORY keeps what was printed. Each row: name, file, what sed does to it, which of the
# four runs (see below) is tried first. Run in a build directory with CC set or not; about twenty
# seconds per row. The exit status is 0 if each was found.
#
# First each of four runs with few operations, which mostly is enough, then all of STEPS; a row with
# an explanation has the first only. PART=I/N: every N-th row, from the I-th, so that N of these
# can run at once.
top=${top_srcdir:-..}
apply_only=0
test "$1" != --apply-only || { apply_only=1; shift; }
steps=${1:-20000000}
only=${2:-.}
cc=${CC:-cc}
ports=0
# --mix of the rounds in which such a fault shows first; empty: all. From 128 on: with hooks only
mix=
part=${PART:-0/1}
row=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
missed=0

cflags="-std=gnu11 -O2 -w -include config.h -I. -iquote $top/base -iquote $top/gic"
cflags="$cflags -iquote $work/shm -iquote $top/tests/lib -iquote $top/tests/shm"
cflags="$cflags -iquote $top/icv -I$top/client-lib/include"
sources="$top/icv/*.c $top/tests/stress/stress-*.c $top/tests/lib/laws.c $top/tests/lib/tap.c"
sources="$sources $top/gic/gic-*.c $top/base/base-*.c"

# compile FLAGS DIRECTORY SOURCE...
compile() {
        flags=$1
        objects=$2
        shift 2
        for source; do
                # shellcheck disable=SC2086
                $cc $cflags $flags -c -o "$objects/$(basename "$source" .c).o" "$source" || return 1
        done
}

# build PROGRAM FLAGS FILE - a source that is changed is compiled alone; of a header everybody may
# know something
build() {
        rm -rf "$work/objects"
        case $3 in
        *.c)
                cp -r "$work/whole-$1" "$work/objects" &&
                        compile "$2" "$work/objects" "$work/shm/$3" || return 1
                ;;
        *)
                # shellcheck disable=SC2086
                mkdir "$work/objects" &&
                        compile "$2" "$work/objects" $sources "$work"/shm/shm-*.c || return 1
                ;;
        esac
        $cc -o "$work/$1" "$work"/objects/*.o -lpthread
}

# Each run is of other seeds: what is noted is the first that finds it. The limit is above that of
# stress-round.c, after which a run that comes to no rest says so (law 3).
hunt_of() { # how many operations
        for run in "hooked --threads" "stress --threads" "hooked --processes" \
                "stress --processes"; do
                n=$1
                case $run,$mix in
                stress*128 | stress*384 | stress*768) continue ;;
                hooked*128 | hooked*384 | hooked*768) ;;
                hooked*) n=$(($1 / 4)) ;;
                esac
                # shellcheck disable=SC2086
                timeout 240 "$work"/$run --list-registers $ports $mix --steps $n >"$work/out" 2>&1
                if law=$(grep -o 'LAW [0-9] IS BROKEN.*' "$work/out"); then
                        done=$(grep -o '[0-9]* operations in' "$work/out" | head -1)
                        test -z "$KEEP" ||
                                cp "$work/out" "$KEEP/$(echo "$name" | tr -c 'a-zA-Z0-9\n' _)"
                        echo "found: $name: ${run}, ${done% in}: $law"
                        return 0
                fi
        done
        return 1
}

hunt() {
        few=$((steps / 20))
        hunt_of $few && return 0
        if [ -n "$1" ]; then
                echo "explained: $name: not found by $few operations, $1"
                return 0
        fi
        hunt_of "$steps" && return 0
        missed=$((missed + 1))
        echo "NOT FOUND: $name"
        return 1
}

# mutant NAME FILES SED [WHO NOTICES IT, if stress may not]
mutant() {
        name=$1
        echo "$name" | grep -q -e "$only" || return 0
        row=$((row + 1))
        [ $((row % ${part#*/})) = "${part%/*}" ] || return 0
        rm -rf "$work/shm"
        if [ $apply_only = 1 ]; then
                mkdir "$work/shm"
        else
                cp -r "$top/shm" "$work/shm"
        fi
        same=
        for file in $2; do
                sed -e "$3" "$top/shm/$file" >"$work/shm/$file"
                ! cmp -s "$top/shm/$file" "$work/shm/$file" || same=$file
        done
        if [ $apply_only = 1 ]; then
                test -z "$same" && echo "ok - $name" || {
                        echo "not ok - tests/stress/check-mutants.sh:" \
                                "sed changes nothing in shm/$same: $name"
                        missed=$((missed + 1))
                }
                return
        fi
        if [ -n "$same" ]; then
                echo "STALE: $name: sed changes nothing"
                missed=$((missed + 1))
                return 1
        fi
        if ! build stress "" "$2" 2>"$work/errors" ||
           ! build hooked -DSHM_ATOMIC_HOOKS "$2" 2>"$work/errors"; then
                echo "STALE: $name: does not compile"
                head -3 "$work/errors"
                missed=$((missed + 1))
                return 1
        fi
        hunt "$4"
}

if [ $apply_only = 0 ]; then
        cp -r "$top/shm" "$work/shm"
        mkdir "$work/whole-stress" "$work/whole-hooked"
        # shellcheck disable=SC2086
        compile "" "$work/whole-stress" $sources "$work"/shm/shm-*.c &&
                compile -DSHM_ATOMIC_HOOKS "$work/whole-hooked" $sources "$work"/shm/shm-*.c ||
                exit 1
fi

# --- candidates, classes, park: law 3
mutant "a class is cleared without another look" shm-candidate.c \
        '/^void shm_candidate_drop_class/,/^}/s/look_again(.*/;/' \
        "tests/litmus: wake-class"
mutant "a candidate is cleared without another look" shm-candidate.c \
        '/^void shm_candidate_drop(/,/^}/s/shm_candidate_mark_again(.*/;/' \
        "in another series by 2 million (tests/litmus: wake-clean)"
mutant "the class is looked for before the candidate is set" shm-word-step.h \
        '/void shm_word_mark/,/^}/{/candidates/d;s/^}/'\
'        shm_or(\&vcpu->candidates[index \/ 64], UINT64_C(1) << (index % 64), CAND_R1);\n}/}' \
        "tests/litmus: wake-class"
mutant "a class that is chosen from loses a word that has candidates" shm-candidate.c \
        '/^void shm_candidate_drop_words/,/^}/s/look_again(.*/;/' \
        "tests/litmus: wake-class"
mutant "the injector looks at park before it marks" "shm-word.h shm-word-pay.h" \
        '/unsigned shm_word_pay_effects/,/^}/{'\
's/^\( *\)shm_word_mark(&gic->vcpus\[target\], intid, now)'\
';/\1uint32_t asleep = atomic_load(\&gic->vcpus[target].park);\n&/;s/shm_word_ring(gic, target)'\
';/if (asleep) shm_word_ring(gic, target);/};/ shm_word_pay_request(/,/^}/{/park = shm_load/d'\
';s/^\( *\)shm_word_mark(target, intid, now);/\1park = atomic_load(\&target->park);\n&/}'
mutant "the vCPU looks before it says that it sleeps" shm-park.h \
        '/unsigned shm_park_begin/,/^}/{'\
's/^\( *\)shm_store(&self->park.*/\1unsigned lines = shm_cpuif_lines(gic, vcpu);\n&/'\
';s/return shm_cpuif_lines(gic, vcpu);/return lines;/}'
mutant "a change of priority does not mark" shm-word-pay.h \
        '/unsigned shm_word_pay_effects/,/^}/'\
's/unsigned effects = .*/&\n        if (!((old ^ now) >> 8)) return effects;/'
mutant "an end of interrupt does not look at the level" shm-cpuif.c \
        '/^static void deactivate/,/^}/s/shm_word_pay_effects(.*/;/'

# --- gates, requests: law 3
mutant "GICD_CTLR opens and rings nobody" shm-regs.c \
        '/^static void write_gicd_ctlr/,/^}/s/shm_word_ring.*/;/'
mutant "GICD_CTLR rings before it opens" shm-regs.c \
        '/^static void write_gicd_ctlr/,/^}/{'\
's/^\( *\)uint32_t old = .*/\1for (uint32_t i = 0; i < gic->n_vcpus; i++) shm_word_ring(gic,'\
' i);\n&/;s/(now | old) && i </false \&\& i </}'
mutant "an offer that goes away rings nobody" shm-cpuif-admit.c \
        '/^void shm_cpuif_withdrawn/,/^}/s/shm_word_ring.*/;/' \
        "in another series by 1 million (tests/shm/test-park says so)"
mutant "WAKER opens and does not ring" shm-regs.c \
        '/^static void write_gicr_waker/,/^}/s/shm_word_ring.*/;/'
mutant "a register set from outside does not ring" shm-sysreg.c \
        '/^int shm_sysreg_poke/,/^}/s/shm_word_ring.*/;/'
mutant "a reset that was asked for does not ring" shm-reset.c \
        '/^static void see_to_reset/,/^}/s/shm_word_ring.*/;/'

# --- posted active priorities: laws 3 and 5
mix="--mix 17"
mutant "posted active priorities: asked for before they are there" shm-apr.h \
        '/void shm_apr_post/,/^}/{/shm_or/d'\
';s/^\( *\)shm_store(shm_apr_posted_at.*/\1shm_or(\&self->request, SHM_REQUEST_APR,'\
' REQUEST_R1);\n&/}'
mutant "posted active priorities: cleared by a store" shm-apr.h \
        '/void shm_apr_apply_posted/,/^}/'\
's/if (shm_cas(at, &posted, 0, APR_R1) ||/if ((shm_store(at, 0, APR_R3), true) ||/'
mutant "posted active priorities: the request is taken after them" shm-apr.h \
        '/void shm_apr_apply_posted/,/^}/{/shm_and(&self->request/d'\
';s/^}/        shm_and(\&self->request, ~SHM_REQUEST_APR, REQUEST_A1);\n}/}'

# --- resets, take-over: laws 3 and 5
mix="--mix 34"
mutant "a request is taken after the reset" shm-reset.c \
        '/^static void reset_private/,/^}/{s/since = shm_and(.*/;/'\
';s/^}/        shm_and(\&self->request, ~bits, REQUEST_A1);\n}/}'
mutant "take-over: a reset asked for since is struck off, too" shm-takeover.c \
        's/while ((asked & bits) && !((old ^ asked) & exact) &&/while ((asked \& bits) \&\&/'
mutant "a reset: who stops running does not look for it" shm-reset.c \
        '/^static void stop_running(/,/^}/s/see_to_reset(.*/;/'
mutant "take-over: no look at the ticket before a word" shm-takeover.c \
        '/^static bool change_word(/,/^}/s/if (!shm_takeover_is_still_seized(.*/if (false)/' \
        "tests/death/test-points says so"

mix=

# --- 1-of-N: law 3. Who places one stands still while gates change, with hooks only
mix="--mix 768"
mutant "1-of-N: given without another look at the gates" shm-oneofn.c \
        '/^static bool holds/,/^}/s/is_good(.*/true) ||/'
mutant "1-of-N: given to nobody without another look" shm-oneofn.c \
        '/^static bool holds/,/^}/s/choose(.*/vcpu >= gic->n_vcpus;/'
mix=
mutant "1-of-N: a gate that closes moves nothing" shm-oneofn.c \
        '/^void shm_oneofn_closed(/,/^}/s/see_to_all(.*/;/'\
';/^bool shm_oneofn_leave(/,/^}/s/see_to_all(.*/;/'
mutant "1-of-N: a gate that opens takes nothing" shm-oneofn.c \
        '/^void shm_oneofn_opened(/,/^}/s/see_to_all(.*/;/'

# --- IROUTER, ends of interrupt: law 3
mutant "IROUTER: the route is not looked at again" shm-irouter.c \
        '/^void shm_irouter_reroute/,/^}/s/} while (raw != derived.*/} while (false);/'
mutant "ends of interrupt: the bits go before their summary" shm-line.c \
        '/^size_t shm_eoi_take/,/^}/{/shm_and(/d'\
';s/^\( *\)bits = shm_exchange.*/&\n\1shm_and(\&gic->header->eoi_summary, ~(UINT64_C(1) << i),'\
' EOI_R3);/}' \
        "in another series by 8 million (tests/litmus: eoi)"

# --- TDIR: law 4
mutant "TDIR is cleared in one step" shm-tdir.c \
        '/^int shm_tdir_try_clear/,/^}/{'\
's/clearing = with_state(old, SHM_TDIR_CLEARING)/clearing = old/'\
';s/if (!shm_cas(tdir, &old, clearing, [A-Z0-9_]*))/if (false)/}'
mutant "TDIR: CLEARING counts as set" shm-tdir.h \
        '/bool shm_tdir_is_set/,/^}/s/== SHM_TDIR_SET/!= SHM_TDIR_CLEAR/'
mutant "TDIR: raised before the word" "shm-word.h shm-word-pay.h" \
        '/ shm_word_change(/,/^}/{s/^\( *\)} else if (shm_word_cas(word, &old, now)) {'\
'/\1} else if ((gic_irq_effects(old, now) \& GIC_EFFECT_FLIGHT ? '\
'(void)shm_tdir_raise(gic, intid) : (void)0), shm_word_cas(word, \&old, now)) {/}'\
';/unsigned shm_word_pay_effects/,/^}/{/shm_tdir_raise/s/.*/;/};/ shm_word_request(/,/^}/'\
's/shm_word_cas(word, &old, now))/(shm_tdir_raise(gic, intid), shm_word_cas(word, \&old, now)))/'\
';/ shm_word_pay_request(/,/^}/s/if (!gic_intid_is_private(intid) &&/if (false \&\&/' \
        "in another series by 20 million (tests/litmus: tdir)"
mutant "TDIR: an acknowledge does not raise" shm-cpuif.c \
        '/^static bool pass_gate/,/^}/s/shm_tdir_raise(gic, intid)/shm_load(\&gic->header->tdir,'\
' TDIR_A4)/' \
        "in another series by 2 million (tests/litmus: tdir)"
mutant "TDIR: extended SPIs are not scanned" shm-tdir.c \
        '/^static uint32_t count_in_flight/,/^}/s/shm_gic_n_spis(gic)/gic->n_spis/'
mutant "TDIR: 1-of-N is placed and does not raise" shm-oneofn.c \
        '/^static bool commit_choice/,/^}/s/shm_tdir_raise.*/;/'

# --- words: laws 1 and 2
mutant "an acknowledge stores its word" shm-cpuif-straight.h \
        '/uint32_t shm_straight_ack_pick(/,/^}/s/!shm_word_cas(pick->at, &old, now)/'\
'(atomic_store(pick->at, now), false)/'
mutant "an end of interrupt takes requests, too" shm-cpuif.c \
        '/^static void deactivate/,/^}/s/gic_irq_deactivate(old)/gic_irq_deactivate(old) \&'\
' ~(GIC_WORD_EDGE | GIC_WORD_LATCH)/'
mutant "an acknowledge takes no request" shm-cpuif-straight.h \
        '/uint32_t shm_straight_ack_pick(/,/^}/'\
's/gic_irq_acknowledge(old, (uint16_t)cpu->vcpu)/& | (old \& (GIC_WORD_EDGE | GIC_WORD_LATCH))/'
mutant "a change of a word is stored" shm-word.h \
        '/ shm_word_change(/,/^}/s/shm_word_cas(word, &old, now)/(atomic_store(word, now), true)/'\
';/ shm_word_request(/,/^}/s/shm_word_cas(word, &old, now)/(atomic_store(word, now), true)/'
mutant "an end of interrupt is stored" shm-cpuif-straight.h \
        '/void shm_straight_deactivate(/,/^}/'\
's/!shm_word_cas(word, &old, gic_irq_end(old))/(atomic_store(word, gic_irq_end(old)), false)/'
mutant "a reset ends what another vCPU holds" shm-reset-value.c \
        '/^uint64_t shm_reset_held/,/^}/s/ && gic_word_holder(w) == vcpu//' \
        "tests/death/test-points-lr says so"
mutant "a look at HPPIR acknowledges" shm-cpuif.c \
        '/^uint32_t shm_cpuif_hppir/,/^}/s/shm_cpuif_pick(gic, vcpu, &pick)'\
';/&\n        if (pick.intid != GIC_INTID_SPURIOUS) shm_word_cas(pick.at, \&pick.word,'\
' gic_irq_deactivate(gic_irq_acknowledge(pick.word, (uint16_t)vcpu)));/'

# --- disabled, asleep, routed away: law 6
mix="--mix 64"
mutant "off: an acknowledge does not look at the gates after its slot" shm-cpuif-straight.h \
        '/bool shm_straight_gates_hold(/,/^}/s/return .*/return true ||/'
mutant "off: an acknowledge is not seen in its slot" shm-rwp.c \
        '/^static bool is_acknowledging/,/^}/s/if (!shm_slot_is_acknowledging(.*/if (true)/'
mutant "off: an acknowledge stores what it found enabled" shm-cpuif-straight.h \
        '/uint32_t shm_straight_ack_pick(/,/^}/s/!shm_word_cas(pick->at, &old, now)/'\
'(((shm_word_load(pick->at) ^ old) \& ~(GIC_WORD_ENABLE | UINT64_C(0xffff00))) ?'\
' !shm_word_cas(pick->at, \&old, now) : (atomic_store(pick->at, now), false))/'
mutant "off: asleep at once, whatever is in its slot" shm-regs.c \
        '/^static uint64_t read_gicr_waker/,/^}/s/shm_rwp_of_waker(.*) ? 0 :/false ? 0 :/'
mix=

# --- one that injects stands still in the middle of it: laws 3 and 4, with hooks only
mix="--mix 128"
mutant "still: who finds it pending pays nothing" shm-word-pay.c \
        '/^void shm_word_pay_again/,/^}/s/^{/{ (void)intid; if (w || gic) return;/'
mutant "still: who finds it pending does not ring" shm-word-pay.c \
        '/^void shm_word_pay_again/,/^}/s/shm_cpuif_ring_again(.*/;/'
mutant "still: who finds it pending does not mark" shm-word-pay.c \
        '/^void shm_word_pay_again/,/^}/s/shm_word_mark(.*/;/'
mix="--mix 384"
mutant "still: who finds it pending does not raise TDIR" shm-word-pay.c \
        '/^void shm_word_pay_again/,/^}/s/shm_tdir_raise_again(.*/;/'
mix=

# --- WakeRequest: law 3
mutant "asleep by GICR_WAKER: who injects does not ring" shm-word-pay.h \
        '/unsigned shm_word_pay_effects/,/^}/s/shm_word_ring(gic, target);/'\
'if (!(atomic_load(\&gic->vcpus[target].cpuif) \& SHM_CPUIF_ASLEEP)) &/'
mutant "asleep by GICR_WAKER: what was masked does not wake" shm-regs.c \
        '/^static void write_gicr_waker/,/^}/s/ || shm_cpuif_has_masked(.*))$/)/'

# --- list-register ports ---
ports=any
mix="--mix 64"
mutant "ports: off: what is listed as pending is not seen" shm-rwp.c \
        '/^static bool may_be_taken/,/^}/s/return port < .*/return false \&\& port;/'
mix=
mutant "ports: there is no gate" shm-gate.h \
        '/^static inline bool shm_gate_is_open/,/^}/s/return .*/return true;/'
mutant "ports: an entry does not ask at the gate" shm-port.c \
        '/^static bool ask_gate/,/^}/s/return shm_gate_is_open.*/return true;/'
mutant "ports: an acknowledge does not ask at the gate" shm-cpuif.c \
        '/^static bool pass_gate/,/^}/s/return .*/return shm_tdir_raise(gic, intid), true;/'
mutant "ports: no slot of an acknowledge" shm-slot.h '/ shm_slot_ack/,/^}/s/(void)shm_exch.*/;/' \
        "tests/death/test-points says so"
mutant "ports: TDIR is cleared in one step" shm-tdir.c \
        '/^int shm_tdir_try_clear/,/^}/{'\
's/clearing = with_state(old, SHM_TDIR_CLEARING)/clearing = old/'\
';s/if (!shm_cas(tdir, &old, clearing, [A-Z0-9_]*))/if (false)/}'
mutant "ports: TDIR is looked at before it says that it is in guest" shm-port.c \
        '/^static bool publish_in_guest/,/^}/{s/^\( *\)bool traps = own_trap'\
';/&\n\1uint64_t tdir = shm_load(\&gic->header->tdir, TDIR_A4);/'\
';s/SHM_TDIR_STATE(shm_load(&gic->header->tdir, TDIR_A4))/SHM_TDIR_STATE(tdir)/}' \
        "tests/litmus says so: gate-enter"
mutant "ports: an entry does not serve after it said that it is in guest" shm-port.c \
        '/^void shm_port_enter/,/^}/{/what was asked before this/d}'
mutant "ports: who is refused at the gate does not look again" shm-gate.c \
        '/^bool shm_gate_ask/,/^}/{/TDIR_R6/,/untrapped/{/if (try_open(gic))/d;/return true;/d}}' \
        "tests/litmus says so: gate-leave, without the second look"
mutant "ports: what is listed is not marked" shm-port.c \
        '/^SHM_IN_LINE bool list_one(/,/^}/s/if (shm_word_cas(choice->at, &choice->word, now))/'\
'now \&= ~GIC_WORD_RESIDENT;\n                &/'
mutant "ports: what changed meanwhile stays listed" shm-port.c \
        '/^SHM_IN_LINE bool list_one(/,/^}/s/\*ret_lr = 0;.*/;/' \
        "tests/death/test-guest says so"
mutant "ports: a changed word rings nobody" shm-word-pay.h \
        '/void shm_word_tell_port/,/^}/s/(effects \& GIC_EFFECT_FOLD) \&\&/0 \&\&/'
mutant "ports: a fold settles nothing" shm-port-fold.c \
        '/^SHM_IN_LINE bool fold_straight(/,/^}/s/shm_word_mark(.*/;/;'\
'/ fold_one(/,/^}/s/shm_word_pay_effects(.*/;/'
mutant "ports: who leaves does not open the gate" shm-port-fold.c \
        '/^static void leave_guest(/,/^}/s/shm_gate_left(gic)/(void)gic/' \
        "tests/death/test-guest says so"
mutant "ports: what is ended from elsewhere is not" shm-cpuif.c \
        '/^static void deactivate(/,/^}/'\
's/gic_lr_mark(old, gic_irq_deactivate(old))/(old \& GIC_WORD_RESIDENT ? '\
'old : gic_irq_deactivate(old))/'
mutant "ports: EOIcount is not walked" shm-port-fold.c \
        '/^SHM_IN_LINE void fold_all(/,/^}/s/shm_eoicount_walk(.*/(void)walk;/'
mutant "ports: EOIcount ends the oldest" shm-held.c \
        '/^uint32_t shm_held_latest_ack/,/^}/'\
's/self->ack_order\[n - 1\]/self->ack_order[(shm_load(\&self->n_ack_order, PORT_X1) <'\
' SHM_N_ACK_ORDER ? shm_load(\&self->n_ack_order, PORT_X1) : SHM_N_ACK_ORDER) - n]/'

[ $apply_only = 1 ] || echo "$missed not found"
[ "$missed" = 0 ]
