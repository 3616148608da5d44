#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/process_key.h"
#include "userspace/base/protobuf_writer.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::cpu {

// What user space knows and the kernel side's memory does not tell, after an epoch was collected and before it is
// acknowledged: with it another process goes on from there (BpfProgramOptions::resume). Values only.

// Of CutProtocol.
struct CutState {
  struct Cpu {
    uint64_t idle_ns[2] = {0, 0}, lost_ns[2] = {0, 0};  // as last read, by bank
    // The slice that was running at the cut, see running_slice.
    uint64_t slice_begin = 0, slice_moves = 0, slice_cgroup_id = 0;
    bool operator==(const Cpu&) const = default;
  };
  uint64_t cut = 0;      // as in cut_control: the last one's instant, with the bank that receives since then
  bool in_time = false;  // it was published in time
  std::vector<Cpu> cpus;
  uint64_t switches = 0, repaired = 0, births = 0, overflows = 0, moves = 0;  // CutProtocol::Totals
  uint64_t late_cuts = 0;
  bool operator==(const CutState&) const = default;
};

// Of RecordTable.
struct RecordTableState {
  // A bank of a record was taken in up to `ns`. The kernel's memory may have been told so, or a part of it.
  struct Read {
    uint32_t index = 0, bank = 0;
    uint64_t ns = 0;
    bool operator==(const Read&) const = default;
  };
  std::vector<Read> reads;
  std::vector<ProcessKey> retired;     // processes that have ended, whose records may be there still
  std::vector<uint64_t> gone_cgroups;  // the same of cgroups
  std::vector<ProcessKey> unrecorded;  // have run, and have no record
  bool operator==(const RecordTableState&) const = default;
};

// Of ProcessLives: what came after the cut, and is for the next epoch.
struct LivesState {
  struct Name {
    ProcessKey process;
    uint64_t time_ns = 0;
    std::string comm, exec_path;
    uint32_t uid = 0;
    bool operator==(const Name&) const = default;
  };
  struct End {
    ProcessKey process;
    uint64_t time_ns = 0;
    bool operator==(const End&) const = default;
  };
  struct GoneCgroup {
    uint64_t cgroup_id = 0, time_ns = 0;
    bool operator==(const GoneCgroup&) const = default;
  };
  std::vector<Name> names;
  std::vector<End> ends;
  std::vector<GoneCgroup> gone_cgroups;
  uint64_t dropped = 0;
  bool operator==(const LivesState&) const = default;
};

struct SourceState {
  // Changes with whatever the kernel side's memory means, and with what is kept here.
  static constexpr uint32_t kVersion = 1;

  uint32_t version = kVersion;
  uint32_t records_id = 0;                // of BPF map `records`: no other has it before the next boot
  uint64_t program_hash = 0;              // of the BPF object
  std::vector<std::string> features_off;  // see KernelFeature
  CutState cuts;
  RecordTableState records;
  LivesState lives;
  std::vector<uint32_t> offline_cpus;
  Nanoseconds lost, conservation_error;  // CpuTimeSourceStats
  bool operator==(const SourceState&) const = default;
};

// Appends its fields.
void WriteSourceState(const SourceState& state, ProtobufWriter& writer);
// Takes any bytes. An Error names the field that is not well formed; what is not known is passed over, and what is
// missing is empty.
Result<SourceState> ReadSourceState(std::string_view message);

}  // namespace brahe::cpu
