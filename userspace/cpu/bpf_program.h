#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/result.h"
#include "userspace/cpu/cgroup_hierarchy.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/cpu/instance_claim.h"
#include "userspace/cpu/pin_directory.h"
#include "userspace/cpu/topology.h"

struct bpf_link;
struct cpu_time_bpf;
struct ring_buffer;

namespace brahe {

// How the kernel side is set up.
struct BpfProgramOptions {
  CpuTopology topology;  // socket_of_cpu must have an entry for each possible CPU
  CgroupHierarchy hierarchy;
  uint32_t max_processes = 0;       // entries of map procs; 0: 1024 a CPU, at least 65536, at most 1048576
  uint32_t event_buffer_bytes = 0;  // a power of 2 and a multiple of the page size; 0: 2 MiB
  std::string pin_path = "/sys/fs/bpf/brahe";
  std::string claim = "brahe";  // of two programs with the same one the second is refused; see InstanceClaim
};

// bpf/cpu_time.bpf.c in the kernel: loaded, attached, pinned, and running on every CPU when Load returns; detached and
// unpinned at the end. Not movable: the kernel's memory is mapped into it. Not thread-safe.
class BpfProgram {
 public:
  // Neither may keep the reference. A PROCESS_FREE has no path.
  struct EventHandlers {
    std::function<void(const process_event&)> process;
    std::function<void(const cgroup_event&)> cgroup;
  };

  // Errors name the reason and the remedy (no BTF, no permission, locked memory, a time namespace with clocks of its
  // own, another instance: EWOULDBLOCK).
  static Result<std::unique_ptr<BpfProgram>> Load(const BpfProgramOptions& options);
  BpfProgram(const BpfProgram&) = delete;
  BpfProgram& operator=(const BpfProgram&) = delete;
  ~BpfProgram();

  // The kernel's own memory: read slots only under their seq (ReadSlot).
  [[nodiscard]] volatile cut_control& control();
  [[nodiscard]] size_t cpus() const { return cpus_; }
  [[nodiscard]] uint64_t dropped_events() const;

  // What the kernel counts of each program, without those that it does not tell of.
  [[nodiscard]] std::vector<KernelProgramStats> ProgramStats() const;

  // A consistent copy of a CPU's slot, made at an instant at which its handler was not running. Waits for a handler
  // that is (a stolen virtual CPU can stop one for milliseconds).
  [[nodiscard]] cpu_slot ReadSlot(size_t cpu) const;

  // Entries made in map procs so far, roughly: read without stopping anybody.
  [[nodiscard]] uint64_t Inserts() const;

  // Reads the bank that stands still: hands over every entry of map procs that has gained time since this was last
  // called for the bank. What was handed over before an Error is not told again; the rest is, by the next call.
  Status ReadBank(uint32_t bank, const std::function<void(const task_reading&)>& take);
  // Entries of map procs when ReadBank was last called.
  [[nodiscard]] uint32_t procs_entries() const;

  [[nodiscard]] int procs_fd() const;
  [[nodiscard]] uint32_t procs_capacity() const { return procs_capacity_; }
  [[nodiscard]] int overflow_fd() const;
  [[nodiscard]] uint32_t overflow_capacity() const;

  // Readable when much waits in the event buffer.
  [[nodiscard]] int events_fd() const;
  // Hands every waiting event to its handler.
  void ConsumeEvents(const EventHandlers& handlers);

 private:
  BpfProgram() = default;
  Status Open(const BpfProgramOptions& options);
  Status MapSlots(const CpuTopology& topology);
  Status Attach();
  Status AttachBankIterator();
  void VisitCpus();
  void Pin(const std::string& path);
  static int OnEvent(void* context, void* data, size_t size);

  // The members' order is that of the set-up; it is taken down the other way.
  std::optional<InstanceClaim> claim_;
  cpu_time_bpf* skeleton_ = nullptr;
  cpu_slot* slots_ = nullptr;
  size_t slots_bytes_ = 0;
  size_t cpus_ = 0;
  uint32_t procs_capacity_ = 0;
  ring_buffer* ring_ = nullptr;
  bpf_link* bank_iterator_ = nullptr;
  std::vector<task_reading> readings_;  // scratch of ReadBank
  const EventHandlers* handlers_ = nullptr;
  std::optional<PinDirectory> pins_;
};

}  // namespace brahe
