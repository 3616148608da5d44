#include "userspace/energy/counter_file.h"

#include <sys/stat.h>

#include <utility>

#include "userspace/base/values.h"

namespace brahe::energy {

Status CounterFile::Open(const std::string& path) {
  if (path != path_) ends_lines_ = false;
  path_ = path;
  fd_.Reset();
  auto fd = OpenForReading(path);
  if (!fd) return fd.error();
  fd_ = *std::move(fd);
  return {};
}

Result<uint64_t> CounterFile::Read() { return ReadAs(ParseUint64); }

Result<int64_t> CounterFile::ReadSigned() { return ReadAs(ParseInteger); }

template <typename Number>
Result<Number> CounterFile::ReadAs(Result<Number> (*parse)(std::string_view)) {
  const auto content = ReadText();
  const auto number = content ? parse(Trim(*content)) : content.error();
  if (number && (content->ends_with('\n') || !ends_lines_)) {
    ends_lines_ = content->ends_with('\n');
    return number;
  }
  fd_.Reset();
  if (!content) return content.error();
  return MakeError(
      "read " + path_ + ": " +
      (number ? "its number may be cut off: its line has no end, and had one before" : number.error().message));
}

Result<std::string> CounterFile::ReadText() const {
  // sysfs answers ENODEV once the attribute is gone. Other file systems go on serving the removed file.
  struct stat status;
  if (fstat(fd_.get(), &status) != 0) return SystemError("stat " + path_);
  if (status.st_nlink == 0) return SystemError("read " + path_, ENODEV);
  return ReadFromStart(fd_.get(), path_);
}

}  // namespace brahe::energy
