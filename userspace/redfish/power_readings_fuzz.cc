// A BMC that answers with anything: the input is an object of JSON, of each path what is there.
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "userspace/base/fake_clock.h"
#include "userspace/base/fuzz_input.h"
#include "userspace/redfish/power_readings.h"

namespace brahe::redfish {
namespace {

class AnyResources final : public Resources {
 public:
  explicit AnyResources(nlohmann::json all) : all_(std::move(all)) {}
  ResourceAnswer Get(const std::string& path) override {
    Require(++asked_ < 20'000, "what is asked for keeps its bound");
    const auto found = all_.find(path);
    if (found == all_.end() || !found->is_object()) {
      return {.failure = fetch::FetchFailure{.message = "it is not there"}, .missing = true};
    }
    return {.resource = *found};
  }

 private:
  const nlohmann::json all_;
  size_t asked_ = 0;
};

void Check(nlohmann::json all) {
  AnyResources resources(std::move(all));
  FakeClock clock;
  PowerReader reader(resources, clock, Seconds(10));
  for (int round = 0; round < 2; ++round) {
    const PowerRound read = reader.Read();
    Require(read.readings.size() <= PowerReader::kMostChassis * 1000, "readings keep their bound");
    std::set<std::tuple<std::string, std::string_view, std::string, std::string>> series;
    for (const PowerReading& one : read.readings) {
      Require(one.power.value > 0, "a power of 0 is left out");
      Require(series.emplace(one.chassis_id, one.source_type, one.source_id, one.source_name).second,
              "each series is there once");
    }
    for (const auto& [path, fault] : read.faults) Require(!fault.message.empty(), "a fault says something");
  }
}

}  // namespace
}  // namespace brahe::redfish

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto all = nlohmann::json::parse(brahe::TextOf(data, size), nullptr, false);
  if (all.is_object()) brahe::redfish::Check(std::move(all));
  return 0;
}
