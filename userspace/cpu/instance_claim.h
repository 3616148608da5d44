#pragma once

#include <string>

#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::cpu {

// One running instance's claim to count CPU time on this machine. The kernel would let a second one attach and pay for
// every switch twice, so it is refused.
//
// The claim is a BPF map that holds nothing, named NAME.PID. Maps are the kernel's own: every container and every mount
// sees the same, nobody without CAP_BPF can make one of its type (a queue), and it goes with its process, however that
// ends. Of two claims the older one holds, so that two that start at the same time cannot both win.
class InstanceClaim {
 public:
  static constexpr size_t kMaxNameLength = 7;  // of the 15 characters of a map's name; a pid takes 7

  // Error with code EWOULDBLOCK if another instance holds a claim of that name, and still does so after `patience`: one
  // that is about to end may be waited for.
  static Result<InstanceClaim> Take(const std::string& name, Nanoseconds patience = {});

  // Whether other claims could be looked for. If not, the log says what that takes.
  [[nodiscard]] bool sees_others() const { return sees_others_; }

 private:
  InstanceClaim(UniqueFd map, bool sees_others) : map_(std::move(map)), sees_others_(sees_others) {}
  UniqueFd map_;
  bool sees_others_;
};

}  // namespace brahe::cpu
