#include "userspace/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "userspace/base/plain_text.h"
#include "userspace/base/words.h"

namespace brahe {
namespace {

// Reads at `offset` onwards until the end of the file or `limit`.
Result<std::string> ReadAll(int fd, const std::string& path, size_t limit) {
  std::string content;
  char block[4096];
  while (content.size() < limit) {
    const size_t wanted = std::min(sizeof block, limit - content.size());
    const ssize_t got = pread(fd, block, wanted, static_cast<off_t>(content.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read " + path);
    if (got == 0) break;
    content.append(block, static_cast<size_t>(got));
  }
  return content;
}

}  // namespace

void UniqueFd::Reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

Result<UniqueFd> OpenForReading(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError("open " + path);
  return UniqueFd(fd);
}

Result<std::string> ReadFile(const std::string& path, size_t limit) {
  auto fd = OpenForReading(path);
  if (!fd) return fd.error();
  return ReadAll(fd->get(), path, limit);
}

Result<std::string> ReadRegularFile(const std::string& path) {
  constexpr size_t kLimit = 1 << 20;
  struct stat info;
  // Looked at before it is opened, because to open a device can set something off.
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) return MakeError(path + ": not a regular file");
  // It may have become a pipe since, which would make open wait; pread refuses those. Some files of /proc only look
  // regular; they heed O_NONBLOCK.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return SystemError("open " + path);
  auto content = ReadAll(fd.get(), path, kLimit + 1);
  if (content && content->size() > kLimit) return MakeError(path + ": longer than 1 MiB; is this the right file?");
  return content;
}

Result<std::string> ReadFromStart(int fd, const std::string& path, size_t limit) { return ReadAll(fd, path, limit); }

Status WriteFile(const std::string& path, std::string_view content) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) return SystemError("open " + path);
  while (!content.empty()) {
    const ssize_t written = write(fd.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write " + path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<std::string> ReadLink(const std::string& path) {
  char target[4096];
  const ssize_t length = readlink(path.c_str(), target, sizeof target);
  if (length < 0) return SystemError("readlink " + path);
  return std::string(target, static_cast<size_t>(length));
}

std::string WithoutSlashAtEnd(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Result<uint64_t> ParseUint64(std::string_view text) {
  const std::string_view digits = Trim(text);
  uint64_t number = 0;
  if (!ParseWhole(digits, number)) {
    constexpr size_t kQuoted = 40;
    return MakeError("not a number: \"" + PlainText(digits, kQuoted) + "\"");
  }
  return number;
}

}  // namespace brahe
