#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/units.h"
#include "userspace/fetch/fetch_failure.h"
#include "userspace/redfish/resources.h"

namespace brahe::redfish {

// The power of one thing that a BMC measures: a power supply, or what a whole chassis or a part of it takes.
struct PowerReading {
  std::string chassis_id;
  std::string source_id;  // of one chassis and type, no two readings have the same id and name
  std::string source_name;
  std::string_view source_type;  // a literal: "PowerSupply" and "PowerControl" are Kepler's
  Microwatts power;
};

// What one look at all chassis of a BMC gave.
struct PowerRound {
  std::vector<PowerReading> readings = {};
  // What was left out, by the path of the resource that is to blame.
  std::map<std::string, fetch::FetchFailure> faults = {};
  bool failed = false;                          // the chassis are not known
  std::optional<Nanoseconds> retry_after = {};  // with `failed`: how long we are asked to wait
};

// Something that tells of power. One thread.
class PowerSource {
 public:
  virtual ~PowerSource() = default;
  virtual PowerRound Read() = 0;
};

// Reads the power of all chassis of a BMC. Of each chassis the first of these that tells of any, which it then stays
// with as long as that is there: the supplies of its PowerSubsystem, its older Power with PowerControl, as Kepler does,
// and its EnvironmentMetrics. A power of 0 is left out, as Kepler does, since a BMC that does not know says 0. What
// cannot be read is a fault and hides nothing else. One thread.
class PowerReader final : public PowerSource {
 public:
  static constexpr size_t kMostChassis = 128;
  static constexpr size_t kMostSupplies = 64;  // of one chassis
  static constexpr size_t kMostPages = 16;     // of one collection

  // Nothing is asked once `budget` is over, and each chassis that has not been told of whole by then is a fault. Both
  // others must outlive this.
  PowerReader(Resources& resources, const Clock& clock, Nanoseconds budget)
      : resources_(resources), clock_(clock), budget_(budget) {}

  PowerRound Read() override;

 private:
  // How a chassis tells of its power.
  struct Way {
    const char* link;  // of the chassis
    void (PowerReader::*read)(const nlohmann::json& resource);
  };
  static const Way kWays[3];

  // The resource at `path`; nullopt after a fault was noted. What is missing is a fault only where `must_be`.
  std::optional<nlohmann::json> Get(const std::string& path, bool must_be = true);
  void Note(const std::string& path, const std::string& why);
  // The links of a collection's members, on all its pages.
  std::vector<std::string> MembersOf(const std::string& path, size_t most);
  void ReadChassis(const std::string& path);
  // False if the chassis does not have it.
  bool ReadWay(const nlohmann::json& chassis, const Way& way);
  void ReadSupplies(const nlohmann::json& subsystem);
  void ReadControls(const nlohmann::json& power);
  void ReadEnvironment(const nlohmann::json& metrics);
  // `value`: a number of watts, null where it is not known.
  void Add(const std::string& path, std::string id, const nlohmann::json& resource, std::string_view type,
           const nlohmann::json& value);

  Resources& resources_;
  const Clock& clock_;
  const Nanoseconds budget_;
  std::map<std::string, const Way*> way_of_;  // by the path of a chassis
  // Of the round.
  PowerRound round_;
  Nanoseconds end_;
  std::string chassis_;                                  // the path of the chassis that is read
  std::set<std::pair<std::string, std::string>> taken_;  // chassis and source, that each series is there once
  std::string chassis_id_;
  std::string path_;  // of the resource that is read
};

}  // namespace brahe::redfish
