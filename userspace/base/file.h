#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/base/result.h"

namespace brahe {

// Owns one file descriptor; -1 means none. Movable; not thread-safe.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~UniqueFd() { Reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  void Reset(int fd = -1);
  [[nodiscard]] int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
};

// Opens `path` read-only and close-on-exec.
Result<UniqueFd> OpenForReading(const std::string& path);

// The whole of a small file, at most `limit` bytes of it. Meant for /proc and /sys, whose sizes are not known before.
Result<std::string> ReadFile(const std::string& path, size_t limit = 1 << 20);

// The whole of a file that people write: settings, certificates, keys. It must be a regular file, as pipes and devices
// may block or never end, and of at most 1 MiB.
Result<std::string> ReadRegularFile(const std::string& path);

// Reads from the start of an open file that is re-read again and again (sysfs attributes). `path` names it in errors.
Result<std::string> ReadFromStart(int fd, const std::string& path, size_t limit = 4096);

// Replaces a file's content; creates it with mode 0644.
Status WriteFile(const std::string& path, std::string_view content);

// The target of a symbolic link.
Result<std::string> ReadLink(const std::string& path);

// "/sys" of "/sys/".
std::string WithoutSlashAtEnd(std::string path);

// `text` without white space at its two ends.
std::string_view Trim(std::string_view text);

// A whole decimal number and nothing else, white space around it allowed; an Error that quotes the text otherwise.
Result<uint64_t> ParseUint64(std::string_view text);

}  // namespace brahe
