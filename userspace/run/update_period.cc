#include "userspace/run/update_period.h"

#include <algorithm>
#include <utility>

namespace brahe::run {
namespace {

constexpr Nanoseconds kStep = {50'000};  // RAPL counts about every ms
constexpr Nanoseconds kLongest = Milliseconds(50);
constexpr int kMoves = 6;

struct Watch {
  Nanoseconds last;     // when it moved last, or was first looked at
  Nanoseconds longest;  // between two moves
  int moves = 0;
};

}  // namespace

std::vector<Nanoseconds> MeasureUpdatePeriods(energy::EnergyMeter& meter, const Clock& clock) {
  meter.Sample();
  const Nanoseconds begin = clock.Now();
  meter.Collect({.begin = begin, .end = begin});
  std::vector<Watch> watches(meter.zones().size(), {.last = begin, .longest = {}});
  const auto goes_on = [](const Watch& watch) { return watch.moves < kMoves; };
  Nanoseconds now = begin;
  while (now < begin + kLongest && std::any_of(watches.begin(), watches.end(), goes_on)) {
    clock.SleepUntil(now + kStep);
    meter.Sample();
    const Nanoseconds before = std::exchange(now, clock.Now());
    const energy::EnergyEpoch epoch = meter.Collect({.begin = before, .end = now});
    for (size_t zone = 0; zone < watches.size(); ++zone) {
      Watch& watch = watches[zone];
      if (!epoch.used[zone] || epoch.used[zone]->value == 0) continue;
      // The first move ends a time whose beginning was not seen.
      watch.longest = std::max(watch.longest, now - watch.last);
      watch.last = now;
      ++watch.moves;
    }
  }
  std::vector<Nanoseconds> periods;
  periods.reserve(watches.size());
  for (const Watch& watch : watches) periods.push_back(std::max(watch.longest, now - watch.last));
  return periods;
}

}  // namespace brahe::run
