/*
 * The cut protocol for the model checker spin: the handlers of all CPUs, their memory and user space take their steps in
 * every order. cut_model_test.py runs it. docs/accounting.md says what that proves.
 *
 * Set by -D: X86 or ARM64, for how stores may pass each other; CPUS, SWITCHES of each CPU and CUTS; IN_TURN, where each
 * CPU goes from the process to idle and back, for fewer states; MISSES, where a switch may find that events were missed;
 * and a BUG_... that must be found.
 *
 * "Source", with a file, a function or type, and words, says what a part models: the test demands that the function or
 * type is there, and these words in it, in this order.
 *
 * Memory: what a handler stores lies in its CPU's buffer until it gets to memory, where everybody sees it: in the order
 * of the program (X86), or in any order between two full barriers (ARM64). A buffer is empty when its CPU's next switch
 * begins, for __schedule() has a full barrier ahead of the tracepoint (smp_mb__after_spinlock). What is in the buffer at
 * an instant is in memory a margin later (kMargin). Loads are never early: why, stands at each.
 *
 * Time passes when somebody looks at the clock, by 0 or 1 each time. There is one clock. Who sleeps may oversleep,
 * because others' looks move the clock.
 */

#if !defined(X86) && !defined(ARM64)
#error "say -DX86 or -DARM64"
#endif
#if !defined(CPUS) || !defined(SWITCHES) || !defined(CUTS)
#error "say -DCPUS=1 or 2, -DSWITCHES=, -DCUTS="
#endif

#define START 1
#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define LOOK_AT_CLOCK(instant) if :: instant = now :: now++; instant = now fi

byte now = START;

/* Source: bpf/cpu_time_records.h cut_control: cut settled[2] */
byte cut = 1; /* the instant, and in the lowest bit the bank */
byte settled[2];

/* Source: bpf/cpu_time_records.h cpu_slot: seq since key idle_ns[2] carry_cut carry_since carry_key */
typedef Slot {
	byte seq;
	byte since = START;
	bit key; /* 1: the process; 0: idle */
	byte idle_ns[2];
	byte carry_cut;
	byte carry_since;
	bit carry_key
};
Slot slots[CPUS];

/*
 * The process has a thread on each CPU, and one record that they share.
 * Source: bpf/cpu_time_records.h task_record: ns[2] read_ns[2]
 * Source: bpf/cpu_time_records.h record_marks: of[2]
 */
byte ns[2], read_ns[2];
bit marked[2];

/* Variables of the handler that runs on a CPU. Its stores take their values from here when they get to memory. */
typedef Handler {
	byte pending; /* stores in the buffer */
	byte began;   /* when the first of them was made, while it is there */
	bit next;
	byte now;
	byte cut;
	byte since;
	bit key;
	byte share;
	bit bank;
	byte seen
};
Handler handlers[CPUS];

#define S slots[cpu]
#define H handlers[cpu]
/* What is of no further use, so that spin sees that states are the same. */
#define FORGET H.next = 0; H.now = 0; H.cut = 0; H.since = 0; H.key = 0; H.share = 0; H.bank = 0

/* Stores, in the order of the program. Fields that are stored together and read together are one. */
#define ODD 1
#define CARRY 2 /* carry_since, carry_key, carry_cut */
#define MARK 4
#define ADD 8
#define OPEN 16 /* since, key */
#define EVEN 32

#ifdef X86
#define CAN_LEAVE(store) ((H.pending & store) && !(H.pending & (store - 1)))
#else
#define CAN_LEAVE(store) (H.pending & store)
#endif
#define LEAVES(store) H.pending = H.pending & ~(store)

/* Time that was used less time that user space has found. */
short missing_of_process, missing_idle;
byte last_cut;
bit read_all;
byte resting; /* CPUs */

/* The way of a CPU's stores to memory. */
proctype Buffer(byte cpu)
{
end:	do
	:: d_step { CAN_LEAVE(ODD) -> LEAVES(ODD); H.began = 0; S.seq++ }
	:: d_step {
		CAN_LEAVE(CARRY) -> LEAVES(CARRY);
		S.carry_since = H.since;
		S.carry_key = H.key;
		S.carry_cut = H.cut / 2
	   }
	:: d_step { CAN_LEAVE(MARK) -> LEAVES(MARK); marked[H.bank] = 1 }
	:: d_step {
		CAN_LEAVE(ADD) -> LEAVES(ADD);
		if
		:: H.key -> ns[H.bank] = ns[H.bank] + H.share
		:: else -> S.idle_ns[H.bank] = S.idle_ns[H.bank] + H.share
		fi
	   }
	:: d_step { CAN_LEAVE(OPEN) -> LEAVES(OPEN); S.since = H.now; S.key = H.next }
	:: d_step { CAN_LEAVE(EVEN) && !(H.pending & ODD) -> LEAVES(EVEN); S.seq++; FORGET }
	od
}

/*
 * The increments of seq at the handler's begin and end. On x86 they are stores like others, and loads may pass the first.
 * On arm64 they are full barriers: what is before is in memory, and what is after has not begun.
 * Source: bpf/cpu_time_handler.h ordered_increment: asm volatile *)number += 1 asm volatile __sync_fetch_and_add
 *         asm volatile "r"(before)
 */
#if defined(X86) || defined(BUG_NO_BARRIER)
#define BEGIN H.pending = ODD; H.began = now
#define STORE_AND_END(stores) H.pending = H.pending | stores | EVEN
#else
#define BEGIN S.seq++
#define STORE_AND_END(stores) H.pending = H.pending | stores; d_step { !H.pending -> S.seq++; FORGET }
#endif

/* share_slice, of the slice up to `end`. */
#define SHARE(end) \
	H.share = MAX(H.since, settled[H.cut & 1]); \
	H.bank = H.cut & 1; \
	if \
	:: end <= H.cut / 2 -> H.bank = 1 - H.bank \
	:: end > H.cut / 2 && H.share < H.cut / 2 -> \
		H.share = H.cut / 2; \
		H.pending = H.pending | CARRY \
	:: else \
	fi; \
	H.share = (end > H.share -> end - H.share : 0)

#define USED(end) \
	if \
	:: H.key -> missing_of_process = missing_of_process + (end - H.since) \
	:: else -> missing_idle = missing_idle + (end - H.since) \
	fi

/*
 * A CPU and its handler. Each slice has a record already (births, hints and overflows are not modelled), and nobody is
 * moved.
 * Source: bpf/cpu_time_handler.h handle_switch: ordered_increment clock_ns control.cut control.settled[cut & 1]
 *         close_slice open_slice ordered_increment
 */
proctype Cpu(byte cpu)
{
	byte switches = SWITCHES;
#ifdef MISSES
	byte split;
#endif

	do
	:: atomic {
		switches && !read_all && !H.pending ->
		switches--;
		if
#ifndef IN_TURN
		:: S.key -> H.next = 1 /* to another thread */
#endif
		:: S.key -> H.next = 0
		:: !S.key -> H.next = 1
		fi;
		H.since = S.since;
		H.key = S.key;
		BEGIN
	   }
	   /* The cut is not loaded before the clock: bpf_ktime_get_ns() ends in a read barrier (read_seqcount_latch_retry).
	    * Source: bpf/cpu_time.bpf.c clock_ns: bpf_ktime_get_ns */
#ifdef BUG_CUT_BEFORE_CLOCK
	   H.cut = cut;
	   atomic { LOOK_AT_CLOCK(H.now) }
#else
	   atomic { LOOK_AT_CLOCK(H.now) }
	   H.cut = cut;
#endif
#ifdef MISSES
	   /* The slot does not name the task that has been running. What is booked here goes past the buffer.
	    * Source: bpf/cpu_time_handler.h repaired_since: !pid return slot->since takeover_instant close_part
	    * Source: bpf/cpu_time_handler.h close_part: close_slice slot->since = now
	    * Source: bpf/cpu_time_slices.h split_instant: since < instant && instant < now && at <= instant ? instant + 1 : at
	    * Source: bpf/cpu_time_slices.h takeover_instant: split_instant(since own_ns < now - since ? now - own_ns : since */
	   if
	   :: skip
	   :: H.key -> H.key = 0 /* it is idle, and all is */
	   :: atomic {
		!H.pending ->
		split = H.since;
		do
		:: split < H.now -> split++ /* by any account of the task's own */
		:: break
		od;
		d_step {
#ifndef BUG_SPLIT_BEFORE_CUT
			if
			:: H.since < H.cut / 2 && H.cut / 2 < H.now && split <= H.cut / 2 -> split = H.cut / 2 + 1
			:: else
			fi;
#endif
			SHARE(split);
			if
			:: H.pending & CARRY ->
				H.pending = 0;
				S.carry_since = H.since;
				S.carry_key = H.key;
				S.carry_cut = H.cut / 2
			:: else
			fi;
			if
			:: H.share && H.key ->
				marked[H.bank] = marked[H.bank] || ns[H.bank] == read_ns[H.bank];
				ns[H.bank] = ns[H.bank] + H.share
			:: else -> S.idle_ns[H.bank] = S.idle_ns[H.bank] + H.share
			fi;
			USED(split);
			H.since = split;
			H.key = 1;
			split = 0
		}
	      }
	   fi;
#endif
	   atomic {
		/* `settled` and, below, ns and read_ns are found by the cut's bank: no processor loads them before the cut.
		 * Source: bpf/cpu_time_slices.h share_slice: since < settled since = settled now <= instant share.bank ^= 1
		 *         since < instant share.crossed = 1 since = instant now > since
		 * Source: bpf/cpu_time_handler.h close_slice: share_slice(slot->since share.crossed carry_since carry_key
		 *         carry_cut !share.ns add_time idle_ns */
		d_step { SHARE(H.now); USED(H.now) }
		if
		:: !H.share -> STORE_AND_END(OPEN)
		:: H.share && !H.key -> STORE_AND_END(ADD | OPEN)
		:: H.share && H.key ->
			H.seen = ns[H.bank];
			goto add_to_record
		fi
	   }
	   goto ended;
	   /* Source: bpf/cpu_time_handler.h add_to_record: ns[bank] == read_ns[bank] mark __sync_fetch_and_add ns[bank] */
add_to_record:
	   atomic {
		if
		:: H.seen == read_ns[H.bank] -> H.pending = H.pending | MARK
		:: else
		fi;
		H.seen = 0;
#if defined(BUG_PLAIN_ADD)
	   }
	   H.seen = ns[H.bank];
	   d_step { ns[H.bank] = H.seen + H.share; H.seen = 0 }
	   atomic { STORE_AND_END(OPEN) }
#elif defined(X86)
		/* A locked instruction waits for all stores before it. */
		d_step { !H.pending -> ns[H.bank] = ns[H.bank] + H.share }
		STORE_AND_END(OPEN)
	   }
#else
		/* Nobody uses the result of this addition, so that it orders nothing. */
		STORE_AND_END(ADD | OPEN)
	   }
#endif
ended:	   skip
	:: atomic { (!switches || read_all) && !H.pending -> resting++; break }
	od
}

/* The cut's own way to memory. All else that user space stores is in memory before it: it is a store-release. */
bit publishing;
#ifdef ARM64
byte new_cut;
proctype PublisherBuffer()
{
end:	do
	:: d_step { publishing -> publishing = 0; cut = new_cut }
	od
}
#endif

#ifdef BUG_WRONG_BANK
#define OLD_BANK (1 - old_bank)
#else
#define OLD_BANK old_bank
#endif

#ifdef BUG_MARGIN_FROM_CUT
#define MARGIN_BEGIN instant
#else
#define MARGIN_BEGIN MAX(instant, published)
#endif

#define IS_IN_MEMORY(i) (!handlers[i].began || handlers[i].began > MARGIN_BEGIN)
#if CPUS == 1
#define ALL_IS_IN_MEMORY IS_IN_MEMORY(0)
#else
#define ALL_IS_IN_MEMORY (IS_IN_MEMORY(0) && IS_IN_MEMORY(1))
#endif

proctype UserSpace()
{
	byte cuts = CUTS, previous, instant, published, cpu, before, found;
	bit old_bank, backwards, in_time, was_in_time = 1;
	byte since, carry_cut, carry_since, idle;
	bit key, carry_key;
	byte last_idle[CPUS * 2];

	do
	:: cuts ->
	   cuts--;
	   /* Source: userspace/cpu/cut_protocol.cc Cut: clock_.Now() + lead_ settled[receiving], at_.cut, __ATOMIC_RELEASE
	    *         control.cut, instant | receiving, __ATOMIC_SEQ_CST WaitForStores published_ = clock_.Now()
	    *         published_.value < instant old_bank_ = 1 - receiving SleepUntil({instant}) */
	   atomic {
		instant = now + 1;
		published = 0;
		old_bank = cut & 1;
#ifndef BUG_SETTLED_AFTER_CUT
		settled[1 - old_bank] = previous
#endif
	   }
#ifdef X86
	   cut = instant * 2 + 1 - old_bank; /* an exchange: in memory at once */
#else
	   d_step { new_cut = instant * 2 + 1 - old_bank; publishing = 1 }
#ifndef BUG_NOT_WAITED_FOR
	   !publishing; /* WaitForStores */
#endif
#endif
#ifdef BUG_SETTLED_AFTER_CUT
	   settled[1 - old_bank] = previous;
#endif
	   atomic { LOOK_AT_CLOCK(published); in_time = published < instant }
	   /* Source: userspace/cpu/cut_protocol.cc ReadSlots: SleepUntil(std::max(Nanoseconds{at_.cut}, published_) + kMargin)
	    *         ReadSlot closed_idle idle_ns[bank] TakeSliceAcrossCut */
#ifdef BUG_NO_MARGIN
	   now = MAX(now, instant);
#else
	   d_step { !publishing && ALL_IS_IN_MEMORY -> now = MAX(now, MARGIN_BEGIN + 1) }
#endif
	   do
	   :: cpu < CPUS ->
		/* The first load of seq is an acquire, the last is behind a barrier: all others are between them, in any order.
		 * Source: bpf/cpu_time_reader.h TryReadSlot: slot.seq, __ATOMIC_ACQUIRE memcpy KeepLoadsInOrder
		 *         before % 2 == 0 slot.seq, __ATOMIC_RELAXED) == before
		 * Source: userspace/cpu/cut_protocol.cc ReadSlot: !TryReadSlot */
again:		atomic {
			S.seq % 2 == 0 ->
			before = S.seq;
			if
			:: backwards = 0
			:: backwards = 1
			fi
		}
		if
		:: !backwards ->
			d_step { since = S.since; key = S.key }
			idle = S.idle_ns[OLD_BANK];
			d_step { carry_cut = S.carry_cut; carry_since = S.carry_since; carry_key = S.carry_key }
		:: else ->
			d_step { carry_cut = S.carry_cut; carry_since = S.carry_since; carry_key = S.carry_key }
			idle = S.idle_ns[OLD_BANK];
			d_step { since = S.since; key = S.key }
		fi;
		atomic {
#ifndef BUG_ONE_LOOK /* on arm64 this is what comes of no KeepLoadsInOrder, too */
			if
			:: S.seq != before -> goto again
			:: else
			fi;
#endif
			/* Source: bpf/cpu_time_reader.h TakeSliceAcrossCut: slot.since < at.cut slot.carry_cut != at.cut
			 *         slot.key : slot.carry_key slot.since : slot.carry_since std::max(begin, at.previous)
			 *         at.cut - since */
			d_step {
				missing_idle = missing_idle - (idle - last_idle[cpu * 2 + OLD_BANK]);
				found = found + (idle - last_idle[cpu * 2 + OLD_BANK]);
				last_idle[cpu * 2 + OLD_BANK] = idle;
				if
				:: since < instant
				:: since >= instant && carry_cut == instant -> since = carry_since; key = carry_key
				:: else -> since = instant
				fi;
				since = MAX(since, previous);
				found = found + (instant - since);
				if
				:: key -> missing_of_process = missing_of_process - (instant - since)
				:: else -> missing_idle = missing_idle - (instant - since)
				fi;
				since = 0; key = 0; idle = 0; carry_cut = 0; carry_since = 0; carry_key = 0; before = 0;
				backwards = 0;
				cpu++
			}
		}
	   :: else -> cpu = 0; break
	   od;
	   /* Behind the acquires of each slot's seq.
	    * Source: userspace/cpu/record_table.cc Read: marks.of[bank][byte] == 0 ReadRecord
	    * Source: userspace/cpu/record_table.cc ReadRecord: ns[bank] NoteRead read_ns[bank]
	    * Source: userspace/cpu/record_table.cc Acknowledge: read_ns[taken.bank], taken.ns &mark, 0 */
	   if
	   :: marked[OLD_BANK] ->
		idle = ns[OLD_BANK];
		d_step {
			missing_of_process = missing_of_process - (idle - read_ns[OLD_BANK]);
			found = found + (idle - read_ns[OLD_BANK]);
			read_ns[OLD_BANK] = idle
		}
		d_step { marked[OLD_BANK] = 0; idle = 0 }
	   :: else
	   fi;
	   /* Between two cuts that were published in time (is_exact), what is found is the wall time. */
	   d_step {
		assert(!in_time || !was_in_time || found == CPUS * (instant - MAX(previous, START)));
		was_in_time = in_time;
		previous = instant;
		found = 0
	   }
	:: else -> break
	od;
	atomic {
		last_cut = previous;
		read_all = 1;
		resting == CPUS -> skip
	}
	/* Be cuts late or not: each ns that was used is found, of the one who used it, or is where the next epoch finds it. */
	d_step {
		do
		:: cpu < CPUS ->
			found = (S.since < last_cut -> last_cut - S.since : 0);
			if
			:: S.key -> missing_of_process = missing_of_process + found
			:: else -> missing_idle = missing_idle + found
			fi;
			missing_idle = missing_idle - (S.idle_ns[0] - last_idle[cpu * 2]) - (S.idle_ns[1] - last_idle[cpu * 2 + 1]);
			cpu++
		:: else -> break
		od;
		missing_of_process = missing_of_process - (ns[0] - read_ns[0]) - (ns[1] - read_ns[1]);
#ifdef MISSES /* whose it was cannot be known to the ns */
		assert(missing_of_process + missing_idle == 0);
#else
		assert(missing_of_process == 0);
		assert(missing_idle == 0);
#endif
		assert(ns[0] == read_ns[0] || marked[0]);
		assert(ns[1] == read_ns[1] || marked[1])
	}
}

init {
	byte cpu;

	atomic {
		do
		:: cpu < CPUS ->
			S.key = 1;
			run Buffer(cpu);
			run Cpu(cpu);
			cpu++
		:: else -> break
		od;
#ifndef X86
		run PublisherBuffer();
#endif
		run UserSpace()
	}
}
