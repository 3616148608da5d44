#pragma once

#include <memory>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/config.h"
#include "userspace/cpu/choose_source.h"
#include "userspace/cpu/topology.h"
#include "userspace/energy/energy_meter.h"

namespace brahe {

// What figures are made from. Opening it takes rights that are needed no more once it is open.
struct Sources {
  cpu::CgroupHierarchy hierarchy;  // mount_point empty: none was found
  std::vector<cpu::CpuInfo> cpus;  // empty: not known
  std::unique_ptr<cpu::CpuTimeSource> cpu_time;
  std::unique_ptr<energy::EnergyMeter> energy;
};

// Of a CPU time source that goes on counting while nobody is there.
struct Continuation {
  bool outlives = false;                     // the process that opens it
  const cpu::SourceState* resume = nullptr;  // goes on from this state if it can; borrowed
};

// What `config` asks for and the machine has. What is lost is logged. To be called before there are threads.
Result<Sources> OpenSources(const config::Config& config, cpu::Purpose purpose, const Continuation& continuation = {});

}  // namespace brahe
