#pragma once

#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "userspace/base/temp_tree.h"
#include "userspace/energy/msr_file.h"

namespace brahe::energy {

// A machine of the test's own: its topology in a tree of sysfs, and its registers in memory. (No file can stand in for
// AMD's, which are one byte apart, while each is of eight.)
class FakeMsr {
 public:
  explicit FakeMsr(const TempTree& tree) : tree_(tree) {}

  // Writes PROCFS/cpuinfo; the root of procfs is `proc`.
  void SetProcessor(const std::string& vendor, uint32_t family, uint32_t model) const {
    tree_.Write("proc/cpuinfo", "vendor_id\t: " + vendor + "\ncpu family\t: " + std::to_string(family) +
                                    "\nmodel\t\t: " + std::to_string(model) + "\n");
  }
  // A CPU of a core, which is named by its lowest CPU.
  void AddCpu(uint32_t cpu, uint32_t socket, uint32_t die, uint32_t core) const {
    const std::string topology = "devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    tree_.Write(topology + "physical_package_id", std::to_string(socket) + "\n");
    tree_.Write(topology + "die_id", std::to_string(die) + "\n");
    tree_.Write(topology + "thread_siblings_list",
                core == cpu ? std::to_string(cpu) + "\n" : std::to_string(core) + "," + std::to_string(cpu) + "\n");
  }
  void SetOnline(const std::string& list) const { tree_.Write("devices/system/cpu/online", list + "\n"); }

  // Other registers than those that were set are not there.
  void Set(uint32_t cpu, uint32_t address, uint64_t value) { values_[{cpu, address}] = value; }
  // Reads fail while it is offline.
  void TakeOffline(uint32_t cpu) { offline_.insert(cpu); }
  void BringOnline(uint32_t cpu) { offline_.erase(cpu); }

  [[nodiscard]] MsrOpener Opener() const {
    return [this](uint32_t cpu) -> Result<std::unique_ptr<CpuRegisters>> {
      if (offline_.contains(cpu)) return SystemError("open " + std::to_string(cpu), ENXIO);
      return std::unique_ptr<CpuRegisters>(std::make_unique<Registers>(*this, cpu));
    };
  }

 private:
  class Registers final : public CpuRegisters {
   public:
    Registers(const FakeMsr& machine, uint32_t cpu) : machine_(machine), cpu_(cpu) {}
    [[nodiscard]] Result<uint64_t> Read(uint32_t address) const override {
      const std::string what = "read " + NameOfRegister(std::to_string(cpu_), address);
      if (machine_.offline_.contains(cpu_)) return SystemError(what, ENXIO);
      const auto value = machine_.values_.find({cpu_, address});
      if (value == machine_.values_.end()) return SystemError(what, EIO);
      return value->second;
    }

   private:
    const FakeMsr& machine_;
    const uint32_t cpu_;
  };

  const TempTree& tree_;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> values_;
  std::set<uint32_t> offline_;
};

}  // namespace brahe::energy
