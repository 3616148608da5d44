#include "userspace/energy/memory_size.h"

#include <string_view>

#include "userspace/base/file.h"

namespace brahe::energy {

Result<uint64_t> ReadMemoryKib(const std::string& procfs_root) {
  const std::string path = procfs_root + "/meminfo";
  const auto content = ReadFile(path);
  if (!content) return content.error();
  constexpr std::string_view kKey = "MemTotal:";
  const size_t key = content->find(kKey);
  const std::string_view rest = key != std::string::npos ? std::string_view(*content).substr(key + kKey.size()) : "";
  const auto kib = ParseUint64(Trim(rest.substr(0, rest.find("kB"))));
  if (!kib) return MakeError(path + " tells no MemTotal in kB");
  return *kib;
}

}  // namespace brahe::energy
