#include "userspace/fetch/sealed_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace brahe::fetch {

Result<SealedFile> SealedFile::Make(const std::string& name, std::string_view content) {
  UniqueFd fd(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return SystemError("memfd_create for " + name);
  for (std::string_view rest = content; !rest.empty();) {
    const ssize_t written = write(fd.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write to the memory file " + name);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return SystemError("seal the memory file " + name);
  }
  return SealedFile(std::move(fd));
}

}  // namespace brahe::fetch
