#include "userspace/energy/hwmon_chips.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <tuple>

#include "userspace/base/file.h"

namespace brahe::energy {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kTypes = {"energy", "power", "in", "curr"};

// Takes "power1_average" apart, if it is such a file.
void AddFile(const std::string& folder, const std::string& file, HwmonChip& chip) {
  const std::string_view text = file;
  for (const std::string_view type : kTypes) {
    if (!text.starts_with(type)) continue;
    unsigned number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + type.size(), end, number);
    if (error != std::errc() || rest == end || *rest != '_') continue;
    chip.sensors[{std::string(type), number}].emplace(std::string(rest + 1, end), folder + "/" + file);
  }
}

void AddFiles(const std::string& folder, HwmonChip& chip) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    AddFile(folder, entry->path().filename().string(), chip);
  }
}

std::string NameIn(const std::string& folder) {
  const auto name = ReadFile(folder + "/name");
  return name ? std::string(Trim(*name)) : "";
}

HwmonChip ReadChip(const std::string& folder) {
  HwmonChip chip;
  chip.name = NameIn(folder);
  if (chip.name.empty()) chip.name = NameIn(folder + "/device");
  std::error_code error;
  const fs::path device = fs::canonical(folder + "/device", error);
  // A chip without a device is the kernel's own, and has its name alone.
  chip.device = error ? fs::path(folder).parent_path().string() + "/" + chip.name : device.string();
  AddFiles(folder, chip);
  AddFiles(folder + "/device", chip);
  return chip;
}

}  // namespace

Result<std::vector<HwmonChip>> ListHwmonChips(const std::string& sysfs_root) {
  const std::string class_folder = sysfs_root + "/class/hwmon";
  std::vector<HwmonChip> chips;
  std::error_code error;
  fs::directory_iterator entry(class_folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    HwmonChip chip = ReadChip(entry->path().string());
    if (!chip.name.empty()) chips.push_back(std::move(chip));
  }
  if (error) return SystemError("list " + class_folder, error.value());
  std::sort(chips.begin(), chips.end(), [](const HwmonChip& a, const HwmonChip& b) {
    return std::tie(a.device, a.name) < std::tie(b.device, b.name);
  });
  return chips;
}

}  // namespace brahe::energy
