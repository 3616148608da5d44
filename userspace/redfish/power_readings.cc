#include "userspace/redfish/power_readings.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "userspace/base/file.h"
#include "userspace/base/plain_text.h"
#include "userspace/redfish/redfish_client.h"

namespace brahe::redfish {
namespace {

using fetch::FetchCause;

constexpr char kChassis[] = "/redfish/v1/Chassis";
constexpr double kMostWatts = 1e6;  // of a rack that is one machine
constexpr size_t kMostLabel = 128;  // bytes, before the dots of what is cut

// A number, or a text that is one and nothing else.
std::optional<double> NumberOf(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = Trim(value.get_ref<const std::string&>());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// The last part of a path.
std::string LastOf(const std::string& path) {
  const std::string whole = WithoutSlashAtEnd(path);
  return whole.substr(whole.rfind('/') + 1);
}

std::string IdOf(const nlohmann::json& resource, const std::string& path) {
  const std::string id = TextOf(resource, "Id");
  return PlainText(id.empty() ? LastOf(path) : id, kMostLabel);
}

}  // namespace

const PowerReader::Way PowerReader::kWays[3] = {{"PowerSubsystem", &PowerReader::ReadSupplies},
                                                {"Power", &PowerReader::ReadControls},
                                                {"EnvironmentMetrics", &PowerReader::ReadEnvironment}};

PowerRound PowerReader::Read() {
  round_ = {};
  taken_.clear();
  end_ = clock_.Now() + budget_;
  chassis_.clear();
  std::string path = kChassis;
  if (const auto root = Get(kServiceRoot)) {
    if (const std::string link = LinkOf(*root, "Chassis"); !link.empty()) path = link;
  }
  std::vector<std::string> chassis;
  if (round_.faults.empty()) chassis = MembersOf(path, kMostChassis);
  if (chassis.empty()) {
    round_.failed = true;
    if (round_.faults.empty()) Note(path, "the BMC has no chassis");
    return std::move(round_);
  }
  for (const std::string& one : chassis) ReadChassis(one);
  if (round_.readings.empty() && round_.faults.empty()) Note(path, "no chassis of the BMC tells of its power");
  return std::move(round_);
}

std::optional<nlohmann::json> PowerReader::Get(const std::string& path, bool must_be) {
  if (clock_.Now() >= end_) {
    Note(chassis_.empty() ? path : chassis_, "left out, as the BMC takes more than " +
                                                 std::to_string(budget_.value / Seconds(1).value) +
                                                 " s to tell of all chassis");
    return std::nullopt;
  }
  ResourceAnswer answer = resources_.Get(path);
  if (!answer.failure) return std::move(answer.resource);
  if (must_be || !answer.missing) round_.faults.emplace(path, *std::move(answer.failure));
  if (answer.retry_after) round_.retry_after = answer.retry_after;
  return std::nullopt;
}

void PowerReader::Note(const std::string& path, const std::string& why) {
  round_.faults.emplace(path, fetch::FetchFailure{FetchCause::kBadAnswer, PlainLine(path) + ": " + why});
}

std::vector<std::string> PowerReader::MembersOf(const std::string& path, size_t most) {
  std::vector<std::string> links;
  std::string next = path;
  for (size_t page = 0; !next.empty(); ++page) {
    if (page == kMostPages) {
      Note(path, "the list has more than " + std::to_string(kMostPages) + " pages; the rest is left out");
      break;
    }
    const auto collection = Get(next);
    if (!collection) break;
    for (const nlohmann::json& member : PartOf(*collection, "Members")) {
      const std::string link = TextOf(member, "@odata.id");
      if (link.empty()) continue;
      if (links.size() == most) {
        Note(path, "the list has more than " + std::to_string(most) + " members; the rest is left out");
        return links;
      }
      links.push_back(link);
    }
    next = TextOf(*collection, "Members@odata.nextLink");
    if (next.empty()) next = TextOf(*collection, "@odata.nextLink");
  }
  return links;
}

void PowerReader::ReadChassis(const std::string& path) {
  chassis_ = path;
  const auto chassis = Get(path);
  if (!chassis) return;
  chassis_id_ = IdOf(*chassis, path);
  const auto known = way_of_.find(path);
  if (known != way_of_.end()) {
    if (ReadWay(*chassis, *known->second)) return;
    way_of_.erase(known);
  }
  const size_t before = round_.readings.size();
  for (const Way& way : kWays) {
    ReadWay(*chassis, way);
    if (round_.readings.size() == before) continue;
    way_of_.emplace(path, &way);
    return;
  }
}

bool PowerReader::ReadWay(const nlohmann::json& chassis, const Way& way) {
  path_ = LinkOf(chassis, way.link);
  if (path_.empty()) return false;
  const auto resource = Get(path_, /*must_be=*/false);
  if (resource) (this->*way.read)(*resource);
  return resource || round_.faults.contains(path_) || round_.faults.contains(chassis_);
}

void PowerReader::ReadSupplies(const nlohmann::json& subsystem) {
  const std::string supplies = LinkOf(subsystem, "PowerSupplies");
  if (supplies.empty()) return;
  for (const std::string& path : MembersOf(supplies, kMostSupplies)) {
    const auto supply = Get(path);
    if (!supply) continue;
    nlohmann::json output = PartOf(*supply, "PowerOutputWatts");  // Kepler's; in the schema, it stands in Metrics
    if (const std::string link = LinkOf(*supply, "Metrics"); output.is_null() && !link.empty()) {
      if (const auto metrics = Get(link, /*must_be=*/false)) {
        output = PartOf(PartOf(*metrics, "OutputPowerWatts"), "Reading");
      }
    }
    Add(path, IdOf(*supply, path), *supply, "PowerSupply", output);
  }
}

void PowerReader::ReadControls(const nlohmann::json& power) {
  size_t place = 0;
  for (const nlohmann::json& control : PartOf(power, "PowerControl")) {
    const std::string id = TextOf(control, "MemberId");
    const std::string place_text = std::to_string(place++);
    if (place > kMostSupplies) {
      Note(path_, "there are more than " + std::to_string(kMostSupplies) + " in PowerControl; the rest is left out");
      return;
    }
    Add(path_ + "#/PowerControl/" + place_text, PlainText(id.empty() ? place_text : id, kMostLabel), control,
        "PowerControl", PartOf(control, "PowerConsumedWatts"));
  }
}

void PowerReader::ReadEnvironment(const nlohmann::json& metrics) {
  Add(path_, IdOf(metrics, path_), metrics, "EnvironmentMetrics", PartOf(PartOf(metrics, "PowerWatts"), "Reading"));
}

void PowerReader::Add(const std::string& path, std::string id, const nlohmann::json& resource, std::string_view type,
                      const nlohmann::json& value) {
  if (value.is_null()) return;
  const auto watts = NumberOf(value);
  if (!watts || !(*watts >= 0) || *watts > kMostWatts) return Note(path, "its power is no number of watts");
  const Microwatts power{static_cast<uint64_t>(std::llround(*watts * 1e6))};
  if (power.value == 0) return;
  const std::string name = PlainText(TextOf(resource, "Name"), kMostLabel);
  const auto source = [&](const std::string& with) { return std::string(type) + '\n' + name + '\n' + with; };
  std::string unique = id;
  for (size_t n = 2; !taken_.emplace(chassis_id_, source(unique)).second; ++n) unique = id + "#" + std::to_string(n);
  round_.readings.push_back({chassis_id_, std::move(unique), name, type, power});
}

}  // namespace brahe::redfish
