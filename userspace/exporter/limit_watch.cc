#include "userspace/exporter/limit_watch.h"

#include <string>

#include "userspace/base/values.h"

namespace brahe::exporter {
namespace {

constexpr char kSetting[] = "exporter.prometheus.maxSeries";

}  // namespace

void LimitWatch::Tell(const exposition::SeriesLimit& limit) {
  const std::string setting = std::string(kSetting) + "=" + std::to_string(limit.most);
  const std::lock_guard lock(mutex_);
  if (limit.fixed > limit.most) {
    log_.Report(kSetting, setting + " cannot be held: without any workload there are " + std::to_string(limit.fixed) +
                              " series; raise it, or choose fewer levels");
  } else if (!limit.levels.empty()) {
    log_.Report(kSetting, setting + " leaves out the workloads with least energy of " + Joined(limit.levels) +
                              "; what they use is in the unlisted series of their level");
  } else {
    log_.Clear(kSetting, std::string(kSetting) + " leaves out no workload any more");
  }
}

}  // namespace brahe::exporter
