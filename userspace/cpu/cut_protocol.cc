#include "userspace/cpu/cut_protocol.h"

#include <algorithm>
#include <utility>

namespace brahe::cpu {
namespace {

// How far in the future a cut is published. It doubles whenever that was not enough (a virtual CPU was taken away), and
// shrinks again after so many cuts in time.
constexpr Nanoseconds kMaxLead = Milliseconds(64);
constexpr uint32_t kCutsToShrinkLead = 64;
// From the cut, or from its publication if that was later: so that small differences between the CPUs' clocks do not
// matter, and a handler that has not seen the cut shows in its seq.
constexpr Nanoseconds kMargin = {50'000};
constexpr Nanoseconds kPatience = {20'000};  // between looks at a slot whose handler is running

}  // namespace

void CutProtocol::Cut() {
  volatile cut_control& control = *memory_.control;
  const uint32_t receiving = 1 - new_bank(control.cut);
  lead_ = std::max(lead_, least_lead_);
  const uint64_t instant = (clock_.Now() + lead_).value & ~uint64_t{1};
  // All time before the last cut has been read. Whoever sees the new cut sees this, too.
  __atomic_store_n(&control.settled[receiving], at_.cut, __ATOMIC_RELEASE);
  __atomic_store_n(&control.cut, instant | receiving, __ATOMIC_SEQ_CST);
  published_ = clock_.Now();
  NotePunctuality(published_.value < instant);
  at_ = {at_.cut, instant};
  old_bank_ = 1 - receiving;
  unread_ = true;
  clock_.SleepUntil({instant});
}

// A handler past the instant of a late cut may have used the old bank: its time then counts for the epoch before.
void CutProtocol::NotePunctuality(bool in_time) {
  begin_is_exact_ = std::exchange(end_is_exact_, in_time);
  if (!in_time) {
    ++late_cuts_;
    lead_ = std::min(lead_ * 2, kMaxLead);
    cuts_in_time_ = 0;
  } else if (++cuts_in_time_ % kCutsToShrinkLead == 0) {
    lead_ = std::max(lead_ / 2, least_lead_);
  }
}

void CutProtocol::ReadSlots(const Readers& readers) {
  clock_.SleepUntil(std::max(Nanoseconds{at_.cut}, published_) + kMargin);
  totals_ = {};
  totals_.moves = __atomic_load_n(&memory_.control->moves, __ATOMIC_ACQUIRE);
  for (size_t cpu = 0; cpu < memory_.cpus; ++cpu) {
    const cpu_slot slot = ReadSlot(cpu);
    totals_.switches += slot.seq / 2;
    totals_.repaired += slot.repaired + slot.repaired_to_idle;
    totals_.births += slot.births;
    totals_.overflows += slot.overflows;

    Reading& last = readings_[cpu];
    const uint32_t bank = old_bank_;
    readers.closed_idle(cpu, slot.idle_ns[bank] - std::exchange(last.idle_ns[bank], slot.idle_ns[bank]));
    readers.lost(cpu, slot.lost_ns[bank] - std::exchange(last.lost_ns[bank], slot.lost_ns[bank]));
    const uint64_t moves = __atomic_load_n(&memory_.control->moves, __ATOMIC_ACQUIRE);
    TakeSliceAcrossCut(slot, at_, memory_.moves, moves, running_[cpu], [&](const task_key& key, uint64_t ns) {
      if (key.tgid != 0) {
        readers.running(key, ns);
      } else {
        readers.open_idle(cpu, ns);
      }
    });
  }
  unread_ = false;
}

// A consistent copy, made at an instant at which the handler was not running. Waits for a handler that is (a stolen
// virtual CPU can stop one for milliseconds).
cpu_slot CutProtocol::ReadSlot(size_t cpu) const {
  cpu_slot copy;
  for (int attempt = 1; !TryReadSlot(memory_.slots[cpu], copy); ++attempt) {
    if (attempt % 64 == 0) clock_.SleepUntil(clock_.Now() + kPatience);
  }
  return copy;
}

}  // namespace brahe::cpu
