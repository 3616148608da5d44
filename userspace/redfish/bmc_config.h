#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::redfish {

// How a BMC is asked.
struct BmcAccess {
  std::string id = {};        // the name that the file has for it
  std::string endpoint = {};  // http or https, without a slash at its end
  std::string username = {};  // empty, as the password is then: it is asked without them
  std::string password = {};
  std::string ca_file = {};  // PEM, of who signed its certificate; empty: whom the system trusts
  bool insecure = false;     // takes any certificate
};

// What a file of BMCs says for one node.
struct BmcConfig {
  std::optional<BmcAccess> bmc = {};       // nullopt: the file does not have the node
  std::vector<std::string> warnings = {};  // each names the place and what to do, and shows no value
};

// Reads Kepler's file of BMCs, for the node of this name: `nodes` maps names of nodes to ids of BMCs, `bmcs` says of
// each id its endpoint, username, password and insecure (skip TLS verification), and in ours also its caFile. The Error
// names the file, the line and the remedy, and shows no value. What is wrong with the BMCs of other nodes is a warning.
// Needs libcurl.
Result<BmcConfig> ReadBmcConfig(const std::string& path, const std::string& node_name);

// The same of `content`, which stands in the file of this path.
Result<BmcConfig> ParseBmcConfig(const std::string& path, std::string_view content, const std::string& node_name);

}  // namespace brahe::redfish
