#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "bpf/cpu_time_reader.h"
#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/cpu/source_state.h"

namespace brahe::cpu {

// The kernel side's memory that a cut is made with. Borrowed.
struct CutMemory {
  volatile cut_control* control = nullptr;
  const cpu_slot* slots = nullptr;  // one for each CPU
  const cgroup_move* moves = nullptr;
  size_t cpus = 0;
};

// Agrees with the kernel side on the instant at which the banks change, and reads each CPU's slot after it: what it has
// closed, and the part before the cut of the slice that was running at it. docs/accounting.md says why nothing is lost
// or counted twice. Not thread-safe.
class CutProtocol {
 public:
  // What is found in the slots. Each is called with a CPU's number.
  struct Readers {
    std::function<void(size_t cpu, uint64_t ns)> closed_idle;
    // The CPU was idle at the cut, or it is not running at all.
    std::function<void(size_t cpu, uint64_t ns)> open_idle;
    std::function<void(size_t cpu, uint64_t ns)> lost;
    std::function<void(const task_key& key, uint64_t ns)> running;
  };
  // Sums over all CPUs at the last ReadSlots.
  struct Totals {
    uint64_t switches = 0, repaired = 0, births = 0, overflows = 0, moves = 0;
  };

  // How far in the future a cut is published at least. A shorter lead makes a cut sooner, and late more often.
  static constexpr Nanoseconds kUsualLead = Milliseconds(2);

  // `clock` must outlive this object.
  CutProtocol(CutMemory memory, const Clock& clock, Nanoseconds least_lead = kUsualLead)
      : memory_(memory), clock_(clock), least_lead_(least_lead), readings_(memory.cpus), running_(memory.cpus) {}

  // Goes on from where another process was: `state` is its State. The slots must not have been read since. That process
  // may have published one more cut: then its slots are unread, and the old bank is what that cut has closed. Before
  // the next Cut somebody must keep what they tell, or a third process could not go on. Before all others. Error: the
  // memory is not that of `state`, in one clause.
  Status Resume(const CutState& state);
  // After ReadSlots and before the next Cut.
  [[nodiscard]] CutState State() const;

  // Publishes a cut a little in the future, and returns after it. The slots must have been read since the cut before.
  void Cut();
  // Waits until all handlers that began before the cut have ended; after that the old bank stands still.
  void ReadSlots(const Readers& readers);

  // Moves since the last ReadSlots are about to overrun the ring that keeps them.
  [[nodiscard]] bool forgets_moves_soon() const { return memory_.control->moves - totals_.moves > MOVES_KEPT / 2; }
  [[nodiscard]] bool has_unread_slots() const { return unread_; }
  [[nodiscard]] uint64_t instant() const { return at_.cut; }  // of the last cut
  [[nodiscard]] uint32_t old_bank() const { return old_bank_; }
  [[nodiscard]] const Totals& totals() const { return totals_; }
  // Whether the last cut was published in time. The time between two such cuts is known exactly, whatever cuts are
  // between them. False before the first one: each CPU counts from its own first event.
  [[nodiscard]] bool in_time() const { return in_time_; }
  [[nodiscard]] uint64_t late_cuts() const { return late_cuts_; }

 private:
  struct Reading {
    uint64_t idle_ns[2] = {0, 0};  // as last read, by bank
    uint64_t lost_ns[2] = {0, 0};
  };

  void NotePunctuality(bool in_time);
  cpu_slot ReadSlot(size_t cpu) const;

  const CutMemory memory_;
  const Clock& clock_;
  const Nanoseconds least_lead_;
  std::vector<Reading> readings_;       // by CPU
  std::vector<running_slice> running_;  // by CPU
  cut_instants at_ = {0, 0};
  uint32_t old_bank_ = 0;  // stands still since the last cut
  Nanoseconds published_;  // when the last cut was
  Nanoseconds lead_;       // how far in the future a cut is published; 0: the least
  uint32_t cuts_in_time_ = 0;
  uint64_t late_cuts_ = 0;
  bool unread_ = false;
  bool in_time_ = false;
  Totals totals_;
};

}  // namespace brahe::cpu
