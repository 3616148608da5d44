#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>

#include "userspace/base/units.h"

namespace brahe::kube {

// The pods that run here, as somebody asks for their uids, and that nobody has told of. Not thread-safe.
class UnlistedPods {
 public:
  struct Options {
    Nanoseconds patience = Seconds(15);  // a pod may run before the news of it is here
    Nanoseconds memory = Seconds(300);   // one that nobody has asked for in so long runs no more
    size_t max_pods = 4096;              // more are not looked at
  };
  // What is the matter when the news are complete.
  struct Finding {
    size_t pods = 0;       // that have been missing for `patience`
    std::string uid = {};  // of one of them
  };
  UnlistedPods() : UnlistedPods(Options{}) {}
  explicit UnlistedPods(const Options& options) : options_(options) {}

  // Somebody asked for `uid`, in vain.
  void Ask(const std::string& uid, Nanoseconds now);
  // Drops those that are told of now, and those that run no more.
  void Forget(const std::function<bool(const std::string&)>& is_listed, Nanoseconds now);
  [[nodiscard]] Finding Find(Nanoseconds now) const;

 private:
  struct Times {
    Nanoseconds first, last;  // somebody asked
  };

  const Options options_;
  std::unordered_map<std::string, Times> pods_;
};

}  // namespace brahe::kube
