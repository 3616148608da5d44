#include "userspace/fetch/pem.h"

#include <utility>

namespace brahe::fetch {

Result<PemFile> PemFile::Make(const Pem& pem, const std::string& name) {
  PemFile file;
  if (pem.content.empty()) {
    file.path_ = file.name_ = pem.file;
    return file;
  }
  auto content = SealedFile::Make(name, pem.content);
  if (!content) return content.error();
  file.path_ = content->path();
  file.name_ = name;
  file.content_ = *std::move(content);
  return file;
}

}  // namespace brahe::fetch
