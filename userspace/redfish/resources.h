#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "userspace/base/units.h"
#include "userspace/fetch/fetch_failure.h"

namespace brahe::redfish {

// A resource as a BMC gives it, or why it does not.
struct ResourceAnswer {
  nlohmann::json resource = nlohmann::json::object();  // of its members, those that anybody here reads
  std::optional<fetch::FetchFailure> failure = {};     // nullopt: `resource` came
  bool missing = false;                                // with `failure`: the BMC does not have it
  std::optional<Nanoseconds> retry_after = {};         // with `failure`: how long we are asked to wait
};

// The resources of one BMC. One thread.
class Resources {
 public:
  virtual ~Resources() = default;
  // The one at a path such as "/redfish/v1/Chassis", which the BMC may have given.
  virtual ResourceAnswer Get(const std::string& path) = 0;
};

// The value of a member that is a text; empty where there is none.
std::string TextOf(const nlohmann::json& resource, const char* member);

// Where the member `name`, a link such as {"@odata.id": "/redfish/v1/Chassis/1"}, leads; empty where there is none.
std::string LinkOf(const nlohmann::json& resource, const char* member);

// A member that is an object or a list; null where there is none.
const nlohmann::json& PartOf(const nlohmann::json& resource, const char* member);

}  // namespace brahe::redfish
