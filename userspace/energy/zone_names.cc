#include "userspace/energy/zone_names.h"

#include <glog/logging.h>

#include <algorithm>
#include <limits>

#include "userspace/base/file.h"

namespace brahe::energy {
namespace {

// Takes a "-N" off the end of `name`; nullopt if there is none.
std::optional<uint32_t> TakeNumber(std::string& name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash == 0) return std::nullopt;
  const auto number = ParseUint64(std::string_view(name).substr(dash + 1));
  if (!number || *number > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  name.resize(dash);
  return static_cast<uint32_t>(*number);
}

std::string Join(const std::set<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

}  // namespace

ParsedZoneName ParseZoneName(std::string_view raw) {
  constexpr std::string_view kDie = "-die";
  ParsedZoneName parsed{std::string(raw), std::nullopt};
  std::transform(parsed.name.begin(), parsed.name.end(), parsed.name.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
  parsed.number = TakeNumber(parsed.name);
  if (parsed.number && parsed.name.ends_with(kDie)) {
    parsed.name.resize(parsed.name.size() - kDie.size());
    parsed.number = TakeNumber(parsed.name);
  }
  return parsed;
}

Result<std::set<std::string>> WantedZoneNames(const std::string& meter, const std::vector<std::string>& wanted,
                                              const std::set<std::string>& present) {
  if (wanted.empty()) return present;
  std::set<std::string> missing, kept;
  for (const std::string& raw : wanted) {
    const std::string name = ParseZoneName(raw).name;
    (present.contains(name) ? kept : missing).insert(name);
  }
  if (kept.empty()) {
    return MakeError("no RAPL zone is called " + Join(missing) + "; rapl.zones may name " + Join(present));
  }
  if (!missing.empty()) {
    LOG(WARNING) << meter << ": no zone is called " << Join(missing) << "; this machine has " << Join(present);
  }
  return kept;
}

}  // namespace brahe::energy
