#include "userspace/redfish/redfish_poller.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "userspace/redfish/redfish_client.h"

namespace brahe::redfish {
namespace {

using fetch::FetchCause;

constexpr uint64_t kGoodForIntervals = 3;
constexpr Nanoseconds kBudget = Seconds(60);  // of one round

class BmcSource final : public PowerSource {
 public:
  BmcSource(const BmcAccess& bmc, Nanoseconds timeout, const std::function<bool()>& cancelled, const Clock& clock)
      : client_(bmc, timeout, cancelled), reader_(client_, clock, kBudget) {}
  PowerRound Read() override { return reader_.Read(); }

 private:
  RedfishClient client_;
  PowerReader reader_;
};

}  // namespace

std::unique_ptr<PowerSource> MakeBmcSource(const BmcAccess& bmc, const PollerOptions& options,
                                           const std::function<bool()>& cancelled, const Clock& clock) {
  return std::make_unique<BmcSource>(bmc, options.timeout, cancelled, clock);
}

RedfishPoller::RedfishPoller(const PollerOptions& options, MakePowerSource make, const Clock& clock)
    : options_(options), make_(std::move(make)), clock_(clock), schedule_(options.pace), faults_(clock) {
  for (const FetchCause cause : fetch::kAllFetchCauses) figures_.failures[cause] = 0;
}

void RedfishPoller::Start() {
  thread_ = std::thread([this] { Run(); });
}

void RedfishPoller::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RedfishPoller::Ask(std::optional<BmcAccess> bmc) {
  {
    const std::lock_guard lock(mutex_);
    const bool same = bmc && bmc_ && bmc->id == bmc_->id && bmc->endpoint == bmc_->endpoint;
    bmc_ = std::move(bmc);
    renewed_ = true;
    if (!same) {
      figures_.bmc_id = bmc_ ? bmc_->id : "";
      figures_.readings.clear();
      good_for_ = {};
    }
  }
  changed_.notify_all();
}

PollerFigures RedfishPoller::Figures() const {
  const std::lock_guard lock(mutex_);
  PollerFigures figures = figures_;
  if (good_for_.value == 0) return figures;
  figures.age = clock_.Now() - read_at_;
  if (*figures.age > good_for_) figures.readings.clear();
  return figures;
}

void RedfishPoller::Run() {
  for (;;) {
    std::optional<BmcAccess> bmc;
    bool renewed = false;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
      renewed = std::exchange(renewed_, false);
      bmc = bmc_;
    }
    if (renewed) {
      source_.reset();  // logs out
      if (bmc) {
        source_ = make_(
            *bmc, options_, [this] { return IsCancelled(); }, clock_);
      }
      due_ = clock_.Now();
    }
    const Nanoseconds now = clock_.Now();
    if (!source_) {
      WaitUntil(std::nullopt);
    } else if (now < due_) {
      WaitUntil(due_);
    } else {
      PowerRound round = source_->Read();
      if (IsCancelled()) continue;  // what was broken off is no fault
      Log(round);
      const Nanoseconds end = clock_.Now();
      due_ = end + schedule_.WaitAfter(round, now, end, random_());
      Take(std::move(round), now);
    }
  }
  source_.reset();
}

void RedfishPoller::Take(PowerRound round, Nanoseconds began) {
  const Nanoseconds took = clock_.Now() - began;
  const std::lock_guard lock(mutex_);
  ++figures_.rounds;
  for (const auto& [path, failure] : round.faults) ++figures_.failures[failure.cause];
  if (renewed_ || round.failed) return;
  figures_.readings = std::move(round.readings);
  read_at_ = began;
  good_for_ = std::max(options_.pace.interval, took) * kGoodForIntervals;
}

void RedfishPoller::Log(const PowerRound& round) {
  constexpr char kWhole[] = "";  // of a round that told of no chassis
  std::set<std::string> there;
  for (const auto& [path, failure] : round.faults) {
    const std::string key = round.failed ? kWhole : path;
    there.insert(key);
    faults_.Report(key, "Redfish: " + failure.message);
  }
  for (const std::string& key : said_) {
    if (there.contains(key)) continue;
    if (round.failed) {
      there.insert(key);  // nobody knows
    } else {
      faults_.Clear(key, "Redfish: the BMC answers again" + (key == kWhole ? "" : " at " + key));
    }
  }
  said_ = std::move(there);
}

void RedfishPoller::WaitUntil(std::optional<Nanoseconds> instant) {
  const Nanoseconds now = clock_.Now();
  std::unique_lock lock(mutex_);
  const auto is_changed = [this] { return stopping_ || renewed_; };
  if (!instant) {
    changed_.wait(lock, is_changed);
  } else if (now < *instant) {
    changed_.wait_for(lock, std::chrono::nanoseconds((*instant - now).value), is_changed);
  }
}

bool RedfishPoller::IsCancelled() const {
  const std::lock_guard lock(mutex_);
  return stopping_ || renewed_;
}

}  // namespace brahe::redfish
