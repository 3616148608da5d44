#include "userspace/cpu/cut_protocol.h"

#include <algorithm>
#include <string>
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

Status CutProtocol::Resume(const CutState& state) {
  if (state.cpus.size() != memory_.cpus) {
    return MakeError("it counts " + std::to_string(memory_.cpus) + " CPUs and the kept state has " +
                     std::to_string(state.cpus.size()));
  }
  const uint64_t cut = __atomic_load_n(&memory_.control->cut, __ATOMIC_ACQUIRE);
  const uint64_t kept = cut_instant(state.cut);
  // The cut that follows the kept one has left that one's instant as what is settled.
  const bool is_next = cut_instant(cut) > kept && new_bank(cut) != new_bank(state.cut) &&
                       memory_.control->settled[new_bank(cut)] == kept;
  if (cut != state.cut && !is_next) return MakeError("epochs were cut since that are not in the kept state");
  for (size_t cpu = 0; cpu < memory_.cpus; ++cpu) {
    const CutState::Cpu& from = state.cpus[cpu];
    for (size_t bank = 0; bank < 2; ++bank) {
      readings_[cpu].idle_ns[bank] = from.idle_ns[bank];
      readings_[cpu].lost_ns[bank] = from.lost_ns[bank];
    }
    running_[cpu] = {from.slice_begin, from.slice_moves, from.slice_cgroup_id};
  }
  at_ = {is_next ? kept : 0, cut_instant(cut)};  // what was before the kept one has been read
  old_bank_ = 1 - new_bank(cut);
  published_ = clock_.Now();  // or before
  unread_ = is_next;
  in_time_ = state.in_time && !is_next;
  late_cuts_ = state.late_cuts;
  totals_ = {state.switches, state.repaired, state.births, state.overflows, state.moves};
  return {};
}

CutState CutProtocol::State() const {
  CutState state;
  state.cut = at_.cut | (1 - old_bank_);
  state.in_time = in_time_;
  for (size_t cpu = 0; cpu < memory_.cpus; ++cpu) {
    const Reading& last = readings_[cpu];
    const running_slice& slice = running_[cpu];
    state.cpus.push_back({{last.idle_ns[0], last.idle_ns[1]},
                          {last.lost_ns[0], last.lost_ns[1]},
                          slice.begin,
                          slice.moves,
                          slice.cgroup_id});
  }
  state.switches = totals_.switches;
  state.repaired = totals_.repaired;
  state.births = totals_.births;
  state.overflows = totals_.overflows;
  state.moves = totals_.moves;
  state.late_cuts = late_cuts_;
  return state;
}

void CutProtocol::Cut() {
  volatile cut_control& control = *memory_.control;
  const uint32_t receiving = 1 - new_bank(control.cut);
  lead_ = std::max(lead_, least_lead_);
  const uint64_t instant = (clock_.Now() + lead_).value & ~uint64_t{1};
  // All time before the last cut has been read. Whoever sees the new cut sees this, too.
  __atomic_store_n(&control.settled[receiving], at_.cut, __ATOMIC_RELEASE);
  __atomic_store_n(&control.cut, instant | receiving, __ATOMIC_SEQ_CST);
  WaitForStores();  // or a handler past the instant might not see a cut that is taken to be in time
  published_ = clock_.Now();
  NotePunctuality(published_.value < instant);
  at_ = {at_.cut, instant};
  old_bank_ = 1 - receiving;
  unread_ = true;
  clock_.SleepUntil({instant});
}

// A handler past the instant of a late cut may have used the old bank: its time then counts for the epoch before.
void CutProtocol::NotePunctuality(bool in_time) {
  in_time_ = in_time;
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
