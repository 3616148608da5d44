#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/cpu/cgroup_hierarchy.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/cpu/cut_protocol.h"
#include "userspace/cpu/event_ring.h"
#include "userspace/cpu/instance_claim.h"
#include "userspace/cpu/kernel_features.h"
#include "userspace/cpu/mapped_array.h"
#include "userspace/cpu/pin_directory.h"
#include "userspace/cpu/record_table.h"
#include "userspace/cpu/source_state.h"
#include "userspace/cpu/topology.h"

struct bpf_link;
struct cpu_time_bpf;

namespace brahe::cpu {

// How the kernel side is set up.
struct BpfProgramOptions {
  CpuTopology topology;  // socket_of_cpu must have an entry for each possible CPU
  CgroupHierarchy hierarchy;
  uint32_t max_processes = 0;                  // records; 0: RecordCapacity
  uint32_t event_buffer_bytes = 0;             // a power of 2 and a multiple of the page size; 0: 512 KiB
  std::string pin_path = "/sys/fs/bpf/brahe";  // empty: maps are not pinned
  // Of two programs with the same one the second is refused; see InstanceClaim. Empty: this one is no instance, and
  // runs beside any.
  std::string claim = "brahe";
  // The kernel side outlives this process: it goes on counting, from its pins, for the next one to adopt. Only where
  // everything can be pinned; else, and without this, it ends with the process.
  bool outlives = false;
  // What another process has kept, whose kernel side is adopted; null: nothing. Asked once no other instance is left
  // that could keep something newer. What it returns must stay until the source is made. Empty: nothing is adopted.
  std::function<const SourceState*()> resume;
  Nanoseconds claim_wait = Milliseconds(10'000);  // for another instance to end, where it may leave something to adopt
};

// How many records a machine has for processes: `configured`, or if that is 0 by its size: 1024 for each CPU, but at
// least 65536 for each socket, since a process has one for each that it runs on; at most 1048576.
uint32_t RecordCapacity(uint32_t configured, const std::vector<uint32_t>& socket_of_cpu);

// bpf/cpu_time.bpf.c in the kernel: loaded, attached, pinned, and running on every CPU when Load returns; detached and
// unpinned at the end, unless it outlives this. Only on_switch must load and attach: what is lost without each of the
// others is said once (kernel_features.h). Not movable: the kernel's memory is mapped into it. Not thread-safe.
class BpfProgram final : public RecordStore {
 public:
  // Neither may keep the reference. A PROCESS_FREE and a CGROUP_GONE have no path.
  struct EventHandlers {
    std::function<void(const process_event&)> process;
    std::function<void(const cgroup_event&)> cgroup;
  };

  // Errors name what was refused, the reason and the remedy (a time namespace with clocks of its own among them);
  // another instance: EWOULDBLOCK.
  static Result<std::unique_ptr<BpfProgram>> Load(const BpfProgramOptions& options);
  // In place of Load: takes over what another process, whose state options.resume gives, has left in the kernel.
  // Programs of the same BPF object go on as they are; others are exchanged, and what switches meanwhile counts as
  // missed events. Errors say in one clause why that is not possible, or are as Load's (EWOULDBLOCK). What is there
  // stays untouched.
  static Result<std::unique_ptr<BpfProgram>> Adopt(const BpfProgramOptions& options);
  BpfProgram(const BpfProgram&) = delete;
  BpfProgram& operator=(const BpfProgram&) = delete;
  ~BpfProgram() override;

  // What it was adopted with; null: it is new. Borrowed.
  [[nodiscard]] const SourceState* resumed_from() const { return resumed_from_; }
  // Whether it is pinned so that another process can adopt it.
  [[nodiscard]] bool outlives() const { return outlives_; }
  // Tell the kernel side and its code from others, see SourceState.
  [[nodiscard]] uint32_t records_id() const;
  static uint64_t CodeHash();

  [[nodiscard]] CutMemory cut_memory() const { return cut_memory_; }
  [[nodiscard]] uint64_t dropped_events() const;
  // Records taken so far, roughly: read without stopping anybody.
  [[nodiscard]] uint64_t Births() const;

  // What the kernel counts of each program, without those that it does not tell of.
  [[nodiscard]] std::vector<KernelProgramStats> ProgramStats() const;
  // Each feature once, in the order of kernel_features.h.
  [[nodiscard]] const std::vector<KernelFeature>& features() const { return features_; }
  [[nodiscard]] bool Has(std::string_view feature) const;

  // See RecordStore.
  [[nodiscard]] uint32_t records() const override { return overflow_records() + capacity_; }
  [[nodiscard]] uint32_t overflow_records() const override { return kOverflowRecords; }
  Result<task_record*> RecordAt(uint32_t index) override { return records_.At(index); }
  Status ForEachRecord(const std::function<void(uint32_t index, const task_record&)>& visit) override;
  std::string_view CommOf(uint32_t index) override;
  std::span<record_marks> Marks() override { return marks_view_; }
  Status Unlink(std::span<const task_key> keys) override;
  Status Free(uint32_t index) override;

  // Records for processes.
  [[nodiscard]] uint32_t capacity() const { return capacity_; }

  // Readable when much waits in the event buffer.
  [[nodiscard]] int events_fd() const;
  // Hands every waiting event to its handler.
  void ConsumeEvents(const EventHandlers& handlers);

 private:
  static constexpr uint32_t kOverflowRecords = 4096;

  BpfProgram() = default;
  Status LoadWhatTheKernelAccepts(const BpfProgramOptions& options);
  // Opens the object with all its settings, so many records for processes, and the programs that have been found to
  // work.
  Status Open(const BpfProgramOptions& options, uint32_t capacity);
  // Finds out which program is refused, by itself, and what for. 0: it loads.
  int Probe(const BpfProgramOptions& options, const char* program);
  [[nodiscard]] const char* ProgramOf(const OptionalFeature& feature) const;
  int ProbeStrings(const BpfProgramOptions& options);
  [[nodiscard]] bool MayPin() const;
  Status TakeClaim(const BpfProgramOptions& options);
  Status MapMemory();
  void NoteSockets(const CpuTopology& topology);
  Status ReuseMaps(const std::string& pin_path);
  Status CheckSettings(const CpuTopology& topology, uint32_t hierarchy, uint32_t hint_mask) const;
  // In the order of kernel_features.h, the essential one first.
  [[nodiscard]] std::vector<std::string> ProgramsInUse() const;
  Status OpenPrograms();
  Status PinPrograms();
  Status FreeAll();
  Status Attach();
  void VisitCpus();
  void NoteMissingFields();
  void SwitchOff(std::string_view feature, const Error& why);
  void Pin(const BpfProgramOptions& options);

  // The members' order is that of the set-up; it is taken down the other way.
  std::optional<InstanceClaim> claim_;
  cpu_time_bpf* skeleton_ = nullptr;
  uint32_t capacity_ = 0;
  bool can_delete_batches_ = true;  // until the kernel refuses it
  std::vector<KernelFeature> features_;
  MappedArray<cpu_slot> slots_;
  MappedArray<cgroup_move> moves_;
  MappedArray<task_record> records_;
  MappedArray<record_marks> marks_;
  std::span<record_marks> marks_view_;
  CutMemory cut_memory_;
  std::vector<std::pair<std::string, bpf_link*>> links_;  // with their programs' names
  std::vector<std::pair<std::string, UniqueFd>> adopted_programs_;
  bool outlives_ = false;
  const SourceState* resumed_from_ = nullptr;
  EventRing events_;
  char comm_[COMM_LENGTH] = {};  // of the last CommOf
  std::optional<PinDirectory> pins_;
};

}  // namespace brahe::cpu
