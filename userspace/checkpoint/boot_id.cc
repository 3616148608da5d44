#include "userspace/checkpoint/boot_id.h"

#include <algorithm>
#include <cctype>

#include "userspace/base/file.h"

namespace brahe::checkpoint {

Result<std::string> BootId(const std::string& procfs_root) {
  constexpr size_t kLength = 36;  // of a UUID
  const std::string path = procfs_root + "/sys/kernel/random/boot_id";
  const auto text = ReadFile(path, 2 * kLength);
  if (!text) return text.error();
  const std::string id(Trim(*text));
  const bool is_uuid = id.size() == kLength && std::all_of(id.begin(), id.end(), [](unsigned char c) {
                         return std::isxdigit(c) != 0 || c == '-';
                       });
  if (!is_uuid) return MakeError(path + ": not the id of a boot; is procfs mounted there?");
  return id;
}

}  // namespace brahe::checkpoint
