#pragma once

#include <memory>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/cpu/bpf_program.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/cpu/cut_protocol.h"

namespace brahe::cpu {

struct BpfSourceOptions {
  BpfProgramOptions program;
  std::string sysfs_root = "/sys";    // which CPUs are online
  std::string procfs_root = "/proc";  // which processes still live, when the kernel had to drop an event
  Nanoseconds cut_lead = CutProtocol::kUsualLead;
};

// The exact source: every slice of CPU time, counted in the kernel at each context switch and cut at an agreed instant.
//
// The protocol of one epoch (races and their answers: docs/accounting.md):
//   1. publish a cut T a little in the future; from T on the kernel books into the other bank;
//   2. sleep until T (here the caller reads the energy counters);
//   3. copy each CPU's slot and add the early part of the one slice that crossed T;
//   4. declare everything before T settled;
//   5. read the bank that stands still now, and difference it.
Result<std::unique_ptr<CpuTimeSource>> MakeBpfCpuTimeSource(const BpfSourceOptions& options, const Clock& clock);

}  // namespace brahe::cpu
