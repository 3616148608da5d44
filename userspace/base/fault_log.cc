#include "userspace/base/fault_log.h"

#include <glog/logging.h>

namespace brahe {

bool FaultLog::Report(const std::string& key, const std::string& message) {
  constexpr size_t kMaxKeys = 1000;
  if (faults_.contains(key)) return false;
  if (faults_.size() >= kMaxKeys) {
    if (!full_) LOG(WARNING) << "More than " << kMaxKeys << " faults at once; further ones are not logged";
    full_ = true;
    return false;
  }
  faults_.insert(key);
  LOG(WARNING) << message;
  return true;
}

bool FaultLog::Clear(const std::string& key, const std::string& message) {
  if (faults_.empty() || faults_.erase(key) == 0) return false;
  full_ = false;
  LOG(INFO) << message;
  return true;
}

}  // namespace brahe
