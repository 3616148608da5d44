#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>

#include "userspace/base/units.h"

namespace brahe::kube {

// Ids that were asked for and that nobody knows, and when it is worth looking for them again: at once for a new one,
// and after each look that did not find it, no sooner than a delay that doubles. Not thread-safe.
class UnknownIds {
 public:
  struct Options {
    Nanoseconds first_delay = Seconds(1);
    Nanoseconds longest_delay = Seconds(300);
    size_t max_ids = 4096;  // past that, new ones wait for the next look that is made anyway
  };
  UnknownIds() : UnknownIds(Options{}) {}
  explicit UnknownIds(const Options& options) : options_(options) {}

  // Somebody asked for `id`, in vain. True if that makes a look worthwhile that was not before.
  bool Ask(const std::string& id, Nanoseconds now);
  // A look is worthwhile.
  [[nodiscard]] bool Wanted() const { return due_ > 0; }
  // Drops those that have become known.
  void Forget(const std::function<bool(const std::string&)>& is_known);
  // A look that began at `began` has ended at `now`. Those that are still here and were asked for before it began wait
  // longer now; those that nobody has asked for in a long time are dropped.
  void Answer(Nanoseconds began, Nanoseconds now);
  [[nodiscard]] size_t size() const { return ids_.size(); }

 private:
  struct Unknown {
    Nanoseconds asked_at;  // last
    Nanoseconds retry_at;
    Nanoseconds delay;
    bool due = false;
  };

  template <typename Predicate>
  void EraseIf(Predicate predicate);

  const Options options_;
  std::unordered_map<std::string, Unknown> ids_;
  size_t due_ = 0;  // of them
};

}  // namespace brahe::kube
