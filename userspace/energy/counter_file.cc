#include "userspace/energy/counter_file.h"

#include <sys/stat.h>

#include <utility>

namespace brahe::energy {

Status CounterFile::Open(const std::string& path) {
  path_ = path;
  fd_.Reset();
  auto fd = OpenForReading(path);
  if (!fd) return fd.error();
  fd_ = *std::move(fd);
  return {};
}

Result<uint64_t> CounterFile::Read() {
  auto number = ReadOpenFile();
  if (!number) fd_.Reset();
  return number;
}

Result<uint64_t> CounterFile::ReadOpenFile() const {
  // sysfs answers ENODEV once the attribute is gone. Other file systems go on serving the removed file.
  struct stat status;
  if (fstat(fd_.get(), &status) != 0) return SystemError("stat " + path_);
  if (status.st_nlink == 0) return SystemError("read " + path_, ENODEV);
  const auto content = ReadFromStart(fd_.get(), path_);
  if (!content) return content.error();
  auto number = ParseUint64(*content);
  if (!number) return MakeError("read " + path_ + ": " + number.error().message);
  return number;
}

}  // namespace brahe::energy
