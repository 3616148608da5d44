#include "userspace/base/fault_log.h"

#include <glog/logging.h>

#include <utility>

namespace brahe {
namespace {

constexpr Nanoseconds kPause = Seconds(2);

}  // namespace

bool FaultLog::Report(const std::string& key, const std::string& message) {
  auto fault = faults_.find(key);
  if (fault != faults_.end() && fault->second.is_said) return false;
  const Nanoseconds now = clock_.Now();
  if (fault == faults_.end()) {
    if (!MakePlace()) return false;
    fault = faults_.try_emplace(key).first;
  } else if (now - fault->second.said < kPause) {
    fault->second.is_there = true;
    return false;
  }
  fault->second = {.said = now, .is_said = true, .is_there = true};
  LOG(WARNING) << message;
  return true;
}

bool FaultLog::Clear(const std::string& key, const std::string& message) {
  if (faults_.empty()) return false;
  const auto fault = faults_.find(key);
  if (fault == faults_.end() || !std::exchange(fault->second.is_there, false)) return false;
  full_ = false;
  if (std::exchange(fault->second.is_said, false)) LOG(INFO) << message;
  return true;
}

bool FaultLog::MakePlace() {
  constexpr size_t kMaxKeys = 1000;
  if (faults_.size() < kMaxKeys) return true;
  const auto is_over = [](const auto& entry) { return !entry.second.is_there; };
  if (std::erase_if(faults_, is_over) > 0) return true;
  if (!std::exchange(full_, true)) {
    LOG(WARNING) << "More than " << kMaxKeys << " faults at once; further ones are not logged";
  }
  return false;
}

}  // namespace brahe
