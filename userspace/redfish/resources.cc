#include "userspace/redfish/resources.h"

namespace brahe::redfish {

const nlohmann::json& PartOf(const nlohmann::json& resource, const char* member) {
  static const nlohmann::json null;
  if (!resource.is_object()) return null;
  const auto found = resource.find(member);
  return found != resource.end() ? *found : null;
}

std::string TextOf(const nlohmann::json& resource, const char* member) {
  const nlohmann::json& value = PartOf(resource, member);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string LinkOf(const nlohmann::json& resource, const char* member) {
  return TextOf(PartOf(resource, member), "@odata.id");
}

}  // namespace brahe::redfish
