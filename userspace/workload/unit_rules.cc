#include "userspace/workload/unit_rules.h"

#include <algorithm>

#include "userspace/workload/path_names.h"

namespace brahe::workload {
namespace {

constexpr std::string_view kService = ".service";
constexpr std::string_view kScope = ".scope";
constexpr std::string_view kSlice = ".slice";
constexpr std::string_view kRootSlice = "-.slice";

// What systemd allows in the name of a unit. It escapes other bytes as \xHH.
bool IsUnitName(std::string_view name) {
  constexpr size_t kLongest = 255;
  constexpr std::string_view kMarks = ":-_.\\@";
  return name.size() <= kLongest && std::all_of(name.begin(), name.end(), [&](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kMarks.find(c) != std::string_view::npos;
         });
}

// Whether it is of that kind; a name needs more than its kind.
bool IsUnit(std::string_view name, std::string_view kind) { return name.size() > kind.size() && name.ends_with(kind); }

// A name that the kernel might give to a file in the folder stands behind a "_": _memory.service.
std::string_view WithoutEscape(std::string_view name) { return name.substr(name.starts_with('_') ? 1 : 0); }

// What systemd-run calls what it is given no name for: run-r and 32 hexadecimal digits, run-u17, run-p12-i34, and
// run-1234 in old versions.
bool IsOfRun(std::string_view name) {
  constexpr size_t kRandomDigits = 32;
  const std::string_view run = After("run-", name);
  if (IsNumber(run) || IsNumber(After("u", run))) return true;
  const std::string_view random = After("r", run);
  if (random.size() == kRandomDigits && IsHex(random)) return true;
  const std::string_view process = After("p", run);
  const size_t inode = process.find("-i");
  return inode != std::string_view::npos && IsNumber(process.substr(0, inode)) && IsNumber(process.substr(inode + 2));
}

// What podman starts to look after a container: the id alone, or the id and more.
bool IsOfContainer(std::string_view name) {
  constexpr size_t kIdLength = 64;
  return name.size() >= kIdLength && IsHex(name.substr(0, kIdLength)) &&
         (name.size() == kIdLength || name[kIdLength] == '-');
}

// Whether an instance is one of a connection, or of a call: they are numbered, and then come the addresses of both ends
// (5-10.0.0.1:22-10.0.0.2:4711), the process and the user of the other end (5-1234-1000), or nothing that is known.
bool IsOfConnection(std::string_view instance) {
  const size_t dash = instance.find('-');
  if (dash == std::string_view::npos || !IsNumber(instance.substr(0, dash))) return false;
  const std::string_view ends = instance.substr(dash + 1);
  if (ends.find(':') != std::string_view::npos || ends.ends_with("unknown")) return true;
  return ends.find('-') != std::string_view::npos && ends.find_first_not_of("0123456789-_") == std::string_view::npos;
}

// The unit of a service; empty if there are ever more of its kind.
std::string UnitOfService(std::string_view service) {
  const std::string_view name = service.substr(0, service.size() - kService.size());
  if (IsOfRun(name) || IsOfContainer(name)) return "";
  const size_t at = name.find('@');
  if (at == std::string_view::npos) return std::string(service);
  const std::string_view instance = name.substr(at + 1);
  // dbus-:1.2-org.freedesktop.problems@0.service: the bus numbers its starts
  const bool of_bus = name.starts_with("dbus-:") && IsNumber(instance);
  if (!of_bus && !IsOfConnection(instance)) return std::string(service);
  return std::string(name.substr(0, at + 1)) + std::string(kService);
}

// Scopes that there is one of. All others are made for one session, container, machine or run.
bool IsLastingScope(std::string_view scope) {
  return scope == "init.scope" || scope == "slurmstepd.scope" || scope.ends_with("_slurmstepd.scope");
}

bool IsSliceOfUser(std::string_view slice) {
  const std::string_view uid = After("user-", slice);
  return IsUnit(uid, kSlice) && IsNumber(uid.substr(0, uid.size() - kSlice.size()));
}

}  // namespace

std::string UnitOfPath(std::string_view cgroup_path) {
  std::string_view outermost;
  std::string_view rest = cgroup_path;
  while (rest.starts_with('/')) {
    rest.remove_prefix(1);
    const std::string_view folder = rest.substr(0, rest.find('/'));
    rest.remove_prefix(folder.size());
    const std::string_view name = WithoutEscape(folder);
    const bool valid = IsUnitName(name);
    if (valid && IsUnit(name, kSlice)) {
      if (outermost == "user.slice" && IsSliceOfUser(name)) return std::string(name);
      if (outermost.empty()) outermost = name;
      continue;
    }
    if (valid && IsUnit(name, kService)) {
      if (std::string unit = UnitOfService(name); !unit.empty()) return unit;
    } else if (valid && IsUnit(name, kScope)) {
      if (IsLastingScope(name)) return std::string(name);
    } else {
      // Not systemd's. What is in a slice all the same is the slice's.
      return std::string(outermost);
    }
    return std::string(outermost.empty() ? kRootSlice : outermost);
  }
  return std::string(outermost);
}

}  // namespace brahe::workload
