#pragma once

#include <string>
#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::fetch {

// Content in memory, for a library that takes only the paths of files. It lies in no file system, nobody can change it,
// no program that is started inherits it, and it goes with the object.
class SealedFile {
 public:
  // `name` is seen in /proc/PID/maps and /fd.
  static Result<SealedFile> Make(const std::string& name, std::string_view content);

  // For this process only; the same as long as this lives.
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  explicit SealedFile(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace brahe::fetch
