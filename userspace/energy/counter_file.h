#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::energy {

// A file of one number that is read again and again through one descriptor: a sysfs attribute.
// Any failure closes it, and only Open opens it again. Movable; not thread-safe.
class CounterFile {
 public:
  // Opens `path` in place of what was open.
  Status Open(const std::string& path);
  [[nodiscard]] bool is_open() const { return fd_.valid(); }
  // The number that the file holds now. An Error too if the file has been removed or replaced since it was opened, or
  // has lost the end of its line. Must be open.
  Result<uint64_t> Read();
  // The same of a number that may be negative.
  Result<int64_t> ReadSigned();

 private:
  template <typename Number>
  Result<Number> ReadAs(Result<Number> (*parse)(std::string_view));
  [[nodiscard]] Result<std::string> ReadText() const;

  std::string path_;
  UniqueFd fd_;
  // As the kernel's do. Other programs write trees whose lines have no end.
  bool ends_lines_ = false;
};

}  // namespace brahe::energy
