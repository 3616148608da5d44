#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "userspace/attribution/split_policy.h"

namespace brahe::attribution {

// The last powers that a zone was seen to draw in one state of the machine. A value.
class PowerMemory {
 public:
  static constexpr size_t kKept = 20;
  static constexpr size_t kEnough = 5;

  void Add(Microwatts power);
  // The lower quartile of those kept: what is seen too high, because something ran after all, has no weight as long as
  // it is not three quarters of all, and a step up or down is followed within kKept. nullopt: fewer than kEnough.
  [[nodiscard]] std::optional<Microwatts> Level() const;

  // Those kept, oldest first: added in this order they make the same memory. For those who keep it longer than a
  // process lives.
  [[nodiscard]] std::vector<Microwatts> InOrder() const;

 private:
  std::vector<Microwatts> powers_;
  size_t next_ = 0;  // that is overwritten once kKept are there
};

// What is learnt of a zone.
struct ZoneBaseline {
  PowerMemory quiet = {};  // while the whole machine was quiet
  PowerMemory awake = {};  // while its own socket was quiet and another one worked
};

// "baseline": a zone's idle energy is what it draws when nothing runs, and all above that is active.
//
// Idle power is learnt from epochs in which the machine is busy for less than kQuietPpm of its CPUs' time, and from any
// that show less power than is thought to be idle. Until enough of them were seen the energy is split as UsageSplit
// does, so a machine that is never quiet stays with that.
//
// A socket on which nothing runs draws more while another one works: its caches and its memory serve that one. This is
// learnt too, from epochs in which only the other sockets are busy, and that part of its active energy is shared: it is
// of all who ran, wherever they ran, by their time. The rest is of those who ran on the socket itself.
//
// Energy of a zone that has come back after a gap is split by what was learnt before it, and teaches nothing.
class BaselineSplit final : public SplitPolicy {
 public:
  static constexpr uint64_t kQuietPpm = 50'000;
  // An epoch that is shorter tells no power: counters move once a ms.
  static constexpr Nanoseconds kShortest = Milliseconds(100);

  // `learnt`: by zone, from an earlier life; what is not there is yet to be learnt.
  explicit BaselineSplit(std::vector<ZoneBaseline> learnt = {}) : zones_(std::move(learnt)) {}

  EnergySplit Split(const ZoneUse& use) override;
  [[nodiscard]] std::optional<Microwatts> IdlePower(size_t zone) const override;
  void WriteState(const std::vector<std::string>& zones, ProtobufWriter& writer) const override;
  [[nodiscard]] const std::vector<ZoneBaseline>& learnt() const { return zones_; }

 private:
  void Learn(const ZoneUse& use);

  std::vector<ZoneBaseline> zones_;
};

}  // namespace brahe::attribution
