#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/energy/counter_sum.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/energy_scale.h"
#include "userspace/energy/meter_options.h"
#include "userspace/energy/msr_file.h"
#include "userspace/energy/msr_registers.h"
#include "userspace/energy/zone_accounts.h"

namespace brahe::energy {

// "msr": reads RAPL's registers of Intel's, AMD's and Hygon's processors in DEV/cpu/N/msr, without a driver of RAPL.
//
// Each register is read on the first CPU that shows it and is online; a few more of its CPUs are kept open to take over
// from it. All are opened at the start and stay so. AMD counts each core by itself: `core` is the sum of a socket's
// cores, of each of which the first CPU is read, and a core of which that is offline is left out (see CounterSum).
class MsrMeter final : public EnergyMeter {
 public:
  // Finds which registers there are, by reading them, and opens what they are read by, so that privileges may be
  // dropped afterwards. A register that the CPU does not have, or that stands at 0, as those do that firmware and
  // virtual machines leave empty, gives no zone. An Error that says what to do where none is left, where none may be
  // read, or where the processor is no known one; and for options.zones as for PowercapMeter.
  static Result<std::unique_ptr<EnergyMeter>> Open(const MeterOptions& options, const Clock& clock);
  // With the registers of `opener` in place of those in options.dev_root.
  static Result<std::unique_ptr<EnergyMeter>> OpenWith(const MeterOptions& options, const Clock& clock,
                                                       const MsrOpener& opener);

  [[nodiscard]] const std::vector<Zone>& zones() const override { return accounts_.zones(); }
  [[nodiscard]] std::vector<ZoneState> States() const override { return accounts_.States(); }
  void Sample() override;
  EnergyEpoch Collect(const MeterEpoch& epoch) override { return accounts_.Collect(epoch); }
  // SafeSampleInterval of the smallest counter: 5 s with the units of today's processors.
  [[nodiscard]] std::optional<Nanoseconds> MaxSampleInterval() const override;
  [[nodiscard]] MeterState State() const override { return accounts_.State(); }
  // Sums of cores begin with the process: of the time until the first Sample nothing is known, which is said.
  void Resume(const MeterState& state) override;

 private:
  friend class MsrSearch;  // of msr_meter.cc: finds the counters

  using Cpus = std::vector<std::unique_ptr<CpuRegisters>>;
  // The CPUs by which one counter is read, as indexes of cpus_; the first that can be read serves.
  using Readers = std::vector<size_t>;
  struct Counter {
    Zone zone;
    uint32_t address = 0;
    EnergyScale scale;
    std::vector<Readers> members;  // more than one: the zone is their sum
  };

  MsrMeter(const MeterOptions& options, const Clock& clock, Cpus cpus, std::vector<Counter> counters);

  static std::vector<Zone> ZonesOf(const std::vector<Counter>& counters);
  [[nodiscard]] Result<CounterReading> Read(const Counter& counter, const Readers& readers) const;
  void SampleSum(size_t index);

  const Microwatts plausible_power_;
  const Clock& clock_;
  ZoneAccounts accounts_;
  const Cpus cpus_;                // nullptr: not needed
  std::vector<Counter> counters_;  // by zone
  std::vector<CounterSum> sums_;   // by zone; used by those of several members
};

}  // namespace brahe::energy
