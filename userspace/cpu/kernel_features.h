#pragma once

#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/cpu/cpu_time_source.h"

namespace brahe::cpu {

// One thing that the kernel side can do without, with what is lost then. docs/kernel-features.md has the same table.
struct OptionalFeature {
  const char* name;     // the value of the label `feature`
  const char* program;  // that it stands and falls with; null: none
  const char* lost;     // without it, as the end of a sentence
};

// Of on_switch, which is the one program that cannot be done without.
inline constexpr char kEssentialFeature[] = "switch";
inline constexpr char kEssentialProgram[] = "on_switch";
// It has an object of its own, and runs at the start only.
inline constexpr char kVisitProgram[] = "visit";
inline constexpr OptionalFeature kOptionalFeatures[] = {
    {"exec", "on_exec", "a process that is listed keeps its name when it becomes another program"},
    {"strings", nullptr, "paths are read in /proc and in the cgroup file system, where what is gone has none"},
    {"free", "on_free", "ends of processes are found in /proc, some epochs later"},
    {"cgroup_made", "on_cgroup_made", "a container that ends within an epoch may have no name"},
    {"cgroup_removed", "on_cgroup_gone", "records of removed cgroups are kept until room is scarce"},
    {"move", "on_move", "a task that is moved to another cgroup while it runs counts for the old one until it stops"},
    {"visit", kVisitProgram, "a task that keeps its CPU from before the start on is not charged until it leaves it"},
    {"own_time", nullptr, "the time of missed switches counts for the task that was running when they were seen again"},
};

// What is to be done about a BPF program, map or attachment that the kernel refused with `code`: by what this process
// may do, and by the kernel's version. Ends a sentence.
std::string BpfRemedy(int code);

}  // namespace brahe::cpu
