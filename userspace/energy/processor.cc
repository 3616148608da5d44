#include "userspace/energy/processor.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/words.h"

namespace brahe::energy {
namespace {

std::optional<uint32_t> Number(std::string_view text) {
  const auto number = ParseUint64(text);
  if (!number || *number > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

void SetText(std::string& field, std::string_view value) {
  if (field.empty()) field = value;
}

void SetNumber(std::optional<uint32_t>& field, std::string_view value) {
  if (!field) field = Number(value);
}

bool HasWord(std::string_view words, std::string_view word) {
  while (true) {
    const std::string_view next = TakeWord(words);
    if (next.empty() || next == word) return !next.empty();
  }
}

// The first CPU that names a field counts.
void SetField(Processor& processor, std::string_view key, std::string_view value) {
  if (key == "vendor_id" || key == "CPU implementer") SetText(processor.vendor, value);
  if (key == "cpu family") SetNumber(processor.family, value);
  if (key == "model") SetNumber(processor.model, value);
  if (key == "stepping") SetNumber(processor.stepping, value);
  if (key == "model name") SetText(processor.name, value);
  if (key == "CPU part") SetText(processor.part, value);
  if (key == "flags" && !processor.guest) processor.guest = HasWord(value, "hypervisor");
}

std::string DmiText(const std::string& sysfs_root, const std::string& name) {
  const auto text = ReadFile(sysfs_root + "/class/dmi/id/" + name);
  return text ? std::string(Trim(*text)) : std::string();
}

}  // namespace

Processor ReadProcessor(const std::string& procfs_root, const std::string& sysfs_root) {
  constexpr size_t kSomeCpus = 64 << 10;
  Processor processor{.system_vendor = DmiText(sysfs_root, "sys_vendor"),
                      .product = DmiText(sysfs_root, "product_name")};
  const auto text = ReadFile(procfs_root + "/cpuinfo", kSomeCpus);
  if (!text) return processor;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    SetField(processor, Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
  }
  return processor;
}

}  // namespace brahe::energy
