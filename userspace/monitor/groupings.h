#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/monitor/workload_resolver.h"
#include "userspace/workload/workload.h"

namespace brahe::monitor {

// What is known of some CPU time, for each level to find its group by. An empty text is not known, or there is nothing
// of the kind. Valid as long as the call that is given it.
struct GroupFacts {
  std::string_view program;     // path of the executable
  std::optional<uint32_t> uid;  // of the process
  const workload::CgroupFacts& cgroup;
  const workload::Pod& pod;
  WorkloadResolver& resolver;
};

// What tells the group of some CPU time: all of its facts, or its cgroup or pod alone.
enum class DecidedBy : uint8_t { kAll, kCgroup, kPod };

// A level whose groups outlive their members: what has used energy and is gone is found again in its group's series.
// One more level is one more row of the table in groupings.cc.
struct Grouping {
  std::string_view level;                     // LEVEL in brahe_LEVEL_cpu_joules_total
  std::vector<std::string_view> label_names;  // in alphabetical order
  DecidedBy decided_by = DecidedBy::kAll;
  // The labels' values; none: in no group of this level.
  std::vector<std::string> (*values)(const GroupFacts& facts);
};

// All of them, in the order of the exposition. Literals. Any thread.
std::span<const Grouping> Groupings();

}  // namespace brahe::monitor
