#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "userspace/base/fake_clock.h"
#include "userspace/base/temp_tree.h"
#include "userspace/energy/meter_options.h"
#include "userspace/energy/powercap_meter.h"

namespace brahe::energy {

// A powercap tree of the test's own, a clock, and a meter that reads the one by the other.
class PowercapTest : public testing::Test {
 protected:
  static constexpr uint64_t kRange = 262'143'328'850;

  PowercapTest() { options_.sysfs_root = tree_.path(); }

  [[nodiscard]] static std::string Folder(const std::string& folder) { return "class/powercap/" + folder; }
  void AddZone(const std::string& folder, const std::string& name, uint64_t energy_uj = 0,
               uint64_t range_uj = kRange) const {
    tree_.Write(Folder(folder) + "/name", name + "\n");
    tree_.Write(Folder(folder) + "/max_energy_range_uj", std::to_string(range_uj) + "\n");
    Set(folder, energy_uj);
  }
  void Set(const std::string& folder, uint64_t energy_uj) const {
    tree_.Write(Folder(folder) + "/energy_uj", std::to_string(energy_uj) + "\n");
  }
  // A constraint's largest power.
  void SetMaxPower(const std::string& folder, int constraint, Microwatts power) const {
    tree_.Write(Folder(folder) + "/constraint_" + std::to_string(constraint) + "_max_power_uw",
                std::to_string(power.value) + "\n");
  }
  // Makes the zone's counter unreadable; root reads all that has a mode, but no folder. Repair with Set after Remove.
  void Break(const std::string& folder) const {
    RemoveCounter(folder);
    tree_.MakeFolder(Folder(folder) + "/energy_uj");
  }
  void RemoveCounter(const std::string& folder) const { tree_.Remove(Folder(folder) + "/energy_uj"); }

  // Opens the meter and takes the first sample.
  void Start() {
    auto meter = PowercapMeter::Open(options_, clock_);
    ASSERT_TRUE(meter) << meter.error().message;
    meter_ = *std::move(meter);
    meter_->Sample();
  }
  void Sample(Nanoseconds after = Seconds(1)) {
    clock_.Advance(after);
    meter_->Sample();
  }
  // The used energy of an epoch that one sample ends.
  EnergyEpoch Epoch(Nanoseconds duration = Seconds(1)) {
    Sample(duration);
    return Collect();
  }
  // Of an epoch that ends now.
  [[nodiscard]] EnergyEpoch Collect() { return meter_->Collect({.end = clock_.Now()}); }
  [[nodiscard]] std::string OpenError() const {
    const auto meter = PowercapMeter::Open(options_, clock_);
    return meter ? "no error" : meter.error().message;
  }

  TempTree tree_;
  FakeClock clock_;
  MeterOptions options_;
  std::unique_ptr<EnergyMeter> meter_;
};

}  // namespace brahe::energy
