#include "userspace/base/cpu_list.h"

#include <optional>
#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/plain_text.h"

namespace brahe {
namespace {

// More CPUs than any kernel can be built for: a list that names one beyond is not a CPU list.
constexpr uint64_t kCpuLimit = 1 << 16;

std::optional<uint32_t> ParseCpu(std::string_view text) {
  const auto cpu = ParseUint64(text);
  if (!cpu || *cpu >= kCpuLimit) return std::nullopt;
  return static_cast<uint32_t>(*cpu);
}

// Appends the CPUs of one item, "3" or "0-3". False if it is neither.
bool AppendRange(std::string_view item, std::vector<uint32_t>& cpus) {
  const size_t dash = item.find('-');
  const auto first = ParseCpu(item.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : ParseCpu(item.substr(dash + 1));
  if (!first || !last || *first > *last) return false;
  for (uint32_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  return true;
}

}  // namespace

Result<std::vector<uint32_t>> ParseCpuList(const std::string& text) {
  std::vector<uint32_t> cpus;
  std::string_view rest = Trim(text);
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const bool last = comma == std::string_view::npos;
    const bool is_item = AppendRange(rest.substr(0, comma), cpus);
    // The kernel names none twice; ranges that are repeated would fill the memory.
    if (!is_item || (!last && comma + 1 == rest.size()) || cpus.size() > kCpuLimit) {
      constexpr size_t kQuoted = 80;
      return MakeError("not a CPU list: \"" + PlainText(Trim(text), kQuoted) + "\"");
    }
    rest.remove_prefix(last ? rest.size() : comma + 1);
  }
  return cpus;
}

Result<std::vector<uint32_t>> ReadCpuList(const std::string& path) {
  const auto text = ReadFile(path);
  if (!text) return text.error();
  auto cpus = ParseCpuList(*text);
  if (!cpus) return MakeError("read " + path + ": " + cpus.error().message);
  return cpus;
}

}  // namespace brahe
