#include "userspace/energy/powercap_zones.h"

#include <glog/logging.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/energy/cpu_places.h"
#include "userspace/energy/zone_names.h"

namespace brahe::energy {
namespace {

// Folder -> name, for folders of RAPL zones: "intel-rapl:0:1" -> "core".
using ZoneNames = std::map<std::string, std::string>;

std::string ControlTypeOf(const std::string& folder) { return folder.substr(0, folder.find(':')); }

// The zone above, or the control type if there is none.
std::string ParentOf(const std::string& folder) { return folder.substr(0, folder.rfind(':')); }

// "intel-rapl:0"; the class folder lists the control types, "intel-rapl", as well.
bool IsRaplZone(const std::string& folder) {
  const size_t colon = folder.find(':');
  return colon != std::string::npos && folder.substr(0, colon).find("rapl") != std::string::npos;
}

Result<std::vector<std::string>> ListRaplFolders(const std::string& class_folder) {
  std::vector<std::string> folders;
  std::error_code error;
  std::filesystem::directory_iterator entry(class_folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::string folder = entry->path().filename().string();
    if (IsRaplZone(folder)) folders.push_back(std::move(folder));
  }
  if (error) return SystemError("list " + class_folder, error.value());
  std::sort(folders.begin(), folders.end());
  return folders;
}

// The socket is in the name and not in the folder's number: psys may take a number between two packages.
std::optional<uint32_t> SocketOf(const std::string& folder, const ZoneNames& names) {
  if (folder.find(':') == std::string::npos) return std::nullopt;
  if (const auto name = names.find(folder); name != names.end()) {
    const ParsedZoneName parsed = ParseZoneName(name->second);
    if (parsed.name == "package") return parsed.number;
  }
  return SocketOf(ParentOf(folder), names);
}

std::string IdOf(const std::string& folder, const ZoneNames& names) {
  if (folder.find(':') == std::string::npos) return folder;
  const auto name = names.find(folder);
  return IdOf(ParentOf(folder), names) + "/" + (name == names.end() ? folder : name->second);
}

auto SortKey(const PowercapZone& zone) { return std::tie(zone.zone.name, zone.zone.socket, zone.zone.path); }

}  // namespace

Result<PowercapScan> ScanPowercap(const std::string& sysfs_root) {
  return ScanPowercapFolder(sysfs_root + "/class/powercap");
}

Result<PowercapScan> ScanPowercapFolder(const std::string& class_folder) {
  const auto folders = ListRaplFolders(class_folder);
  if (!folders) return folders.error();

  PowercapScan scan;
  ZoneNames names;
  for (const std::string& folder : *folders) {
    const std::string path = class_folder + "/" + folder + "/name";
    const auto name = ReadFile(path);
    if (!name) {
      scan.unnamed.push_back(name.error());
    } else if (Trim(*name).empty()) {
      scan.unnamed.push_back(MakeError("read " + path + ": empty"));
    } else {
      names.emplace(folder, Trim(*name));
    }
  }
  for (const auto& [folder, name] : names) {
    scan.zones.push_back({.zone = {.name = ParseZoneName(name).name,
                                   .path = class_folder + "/" + folder,
                                   .socket = SocketOf(folder, names)},
                          .control_type = ControlTypeOf(folder),
                          .id = IdOf(folder, names)});
  }
  std::sort(scan.zones.begin(), scan.zones.end(),
            [](const PowercapZone& a, const PowercapZone& b) { return SortKey(a) < SortKey(b); });
  return scan;
}

void DropDuplicateZones(std::vector<PowercapZone>& zones) {
  using Counted = std::pair<std::string, std::optional<uint32_t>>;  // what a zone counts
  using Rank = std::pair<bool, std::string>;                        // the lowest wins
  const auto counted = [](const PowercapZone& zone) { return Counted(zone.zone.name, zone.zone.socket); };
  const auto rank = [](const PowercapZone& zone) {
    return Rank(zone.control_type.ends_with("-mmio"), zone.control_type);
  };
  std::map<Counted, Rank> best;
  for (const PowercapZone& zone : zones) {
    const auto [entry, added] = best.try_emplace(counted(zone), rank(zone));
    if (!added) entry->second = std::min(entry->second, rank(zone));
  }
  std::erase_if(zones, [&](const PowercapZone& zone) { return rank(zone) != best[counted(zone)]; });
}

void DropZonesOfOneCore(const std::string& sysfs_root, std::vector<PowercapZone>& zones) {
  if (!IsOfAmd(sysfs_root)) return;
  const size_t dropped = std::erase_if(zones, [](const PowercapZone& zone) { return zone.zone.name == "core"; });
  if (dropped == 0) return;
  LOG(INFO) << "rapl: the zone core is left out: on AMD's processors powercap shows one core's energy there, not the "
            << "socket's; the meters perf (from Linux 6.15) and msr add up all cores";
}

}  // namespace brahe::energy
