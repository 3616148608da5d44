#include "userspace/guests/tree_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace brahe::guests {
namespace {

constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;
constexpr char kNew[] = ".new";
// 2^63-1, the highest value, has as many.
constexpr size_t kDigits = 19;

std::string PathOf(const Folder& folder, const std::string& name) { return folder.shown + "/" + name; }

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

Status WriteWhole(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write " + path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

Result<Folder> OpenFolder(const Folder& parent, const std::string& name, bool* made) {
  const std::string path = PathOf(parent, name);
  const bool is_new = mkdirat(parent.fd.get(), name.c_str(), kFolderMode) == 0;
  if (!is_new && errno != EEXIST) return SystemError("make " + path);
  UniqueFd fd(openat(parent.fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return SystemError("open " + path);
  // In spite of the umask.
  if (is_new && fchmod(fd.get(), kFolderMode) != 0) return SystemError("chmod " + path);
  if (made != nullptr) *made = is_new;
  return Folder{std::move(fd), path};
}

Result<std::vector<std::string>> ListFolder(const Folder& folder) {
  constexpr size_t kMost = 100'000;
  UniqueFd fd(openat(folder.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return SystemError("open " + folder.shown);
  const std::unique_ptr<DIR, CloseDir> dir(fdopendir(fd.get()));
  if (dir == nullptr) return SystemError("list " + folder.shown);
  (void)fd.Release();
  std::vector<std::string> names;
  while (const dirent* entry = readdir(dir.get())) {
    if (entry->d_name[0] == '.') continue;
    if (names.size() == kMost) return MakeError("list " + folder.shown + ": more than 100000 names");
    names.emplace_back(entry->d_name);
  }
  return names;
}

Result<std::optional<std::string>> ReadTreeFile(const Folder& folder, const std::string& name, size_t limit) {
  const std::string path = PathOf(folder, name);
  const UniqueFd fd(openat(folder.fd.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ELOOP || errno == ENXIO) return std::optional<std::string>();
    return SystemError("open " + path);
  }
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return SystemError("stat " + path);
  if (!S_ISREG(info.st_mode)) return std::optional<std::string>();
  auto content = ReadFromStart(fd.get(), path, limit);
  if (!content) return content.error();
  return std::optional(*std::move(content));
}

Status ReplaceTreeFile(const Folder& folder, const std::string& name, std::string_view content) {
  const std::string path = PathOf(folder, name);
  const std::string scratch = name + kNew;
  unlinkat(folder.fd.get(), scratch.c_str(), 0);  // of one who was interrupted
  const UniqueFd fd(openat(folder.fd.get(), scratch.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!fd.valid()) return SystemError("make " + path);
  Status done = WriteWhole(fd.get(), content, path);
  if (done && fchmod(fd.get(), kFileMode) != 0) done = SystemError("chmod " + path);
  if (done && renameat(folder.fd.get(), scratch.c_str(), folder.fd.get(), name.c_str()) != 0) {
    done = SystemError("replace " + path);
  }
  if (!done) unlinkat(folder.fd.get(), scratch.c_str(), 0);
  return done;
}

std::string CounterText(uint64_t value) {
  // Spaces after a number trouble no reader; zeros before it would make it octal to some.
  std::string text = std::to_string(value);
  text.resize(kDigits, ' ');
  return text + "\n";
}

Result<bool> OverwriteCounter(const Folder& folder, const std::string& name, uint64_t value) {
  const std::string path = PathOf(folder, name);
  const std::string text = CounterText(value);
  const UniqueFd fd(openat(folder.fd.get(), name.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ELOOP || errno == ENXIO) return false;
    return SystemError("open " + path);
  }
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return SystemError("stat " + path);
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1 || static_cast<size_t>(info.st_size) != text.size()) return false;
  const ssize_t written = pwrite(fd.get(), text.data(), text.size(), 0);
  if (written < 0) return SystemError("write " + path);
  if (static_cast<size_t>(written) != text.size()) return MakeError("write " + path + ": only a part was written");
  return true;
}

}  // namespace brahe::guests
