#pragma once

#include <linux/types.h>

#include <cstddef>
#include <memory>
#include <string>

#include "bpf/cpu_time_records.h"
#include "userspace/base/result.h"

struct bpf_object;
struct bpf_link;

namespace brahe::bench {

// What this revision's programs are compared with: on_switch as another revision's cpu_time.bpf.o has it, attached as
// long as this lives. Knows of that revision only that user space says how many CPUs there are, in the size of
// map cpu_slots, and where cgroup ids come from, in cgroup_hierarchy. Not thread-safe.
class BaselineProgram {
 public:
  // Errors name the object and what it lacks, or why the kernel refuses it.
  static Result<std::unique_ptr<BaselineProgram>> Load(const std::string& object_path, cgroup_hierarchy hierarchy,
                                                       size_t possible_cpus);
  BaselineProgram(const BaselineProgram&) = delete;
  BaselineProgram& operator=(const BaselineProgram&) = delete;
  ~BaselineProgram();

  [[nodiscard]] int fd() const;

 private:
  BaselineProgram() = default;
  Status Open(const std::string& path, cgroup_hierarchy hierarchy, __u32 possible_cpus);
  Status Attach();

  bpf_object* object_ = nullptr;
  bpf_link* link_ = nullptr;
};

}  // namespace brahe::bench
