#include "userspace/checkpoint/checkpoint_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace brahe::checkpoint {
namespace {

// The file is three slots of equal size, a power of two. In each there is a header, the value behind it, and bytes that
// mean nothing. The slots are overwritten in turns, never the latest one and never the one that was synced last: of
// those that are whole the one with the highest sequence number counts. Where a value does not fit, a larger file takes
// the place of this one.
//
// Numbers are the machine's own: a file does not leave it.
struct Header {
  char magic[8] = {};
  uint32_t format = 0;
  uint32_t check = 0;  // CRC-32 of the header with 0 here, and of the value
  uint64_t sequence = 0;
  uint64_t length = 0;
};
static_assert(sizeof(Header) == 32);

constexpr char kMagic[sizeof Header::magic] = {'B', 'r', 'a', 'h', 'e', 'C', 'P', '\n'};
constexpr uint32_t kFormat = 1;
constexpr size_t kSlots = 3;
constexpr uint64_t kLeastSlotBytes = 4096;
// No value is longer, whatever is allowed.
constexpr uint64_t kMostSlotBytes = uint64_t{256} << 20;
constexpr char kStartAnew[] = "; move it away to start without it";

uint32_t CheckOf(Header header, std::string_view value) {
  header.check = 0;
  const uLong of_header = crc32_z(0, reinterpret_cast<const Bytef*>(&header), sizeof header);
  return static_cast<uint32_t>(crc32_z(of_header, reinterpret_cast<const Bytef*>(value.data()), value.size()));
}

// Empty at the end of the file; fewer bytes where it ends within.
Result<std::string> ReadAt(int fd, const std::string& path, uint64_t offset, uint64_t bytes) {
  std::string content(bytes, '\0');
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t got = pread(fd, content.data() + done, content.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read " + path);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  content.resize(done);
  return content;
}

struct stat StatOf(int fd) {
  struct stat info = {};
  fstat(fd, &info);
  return info;
}

// 0: no file of ours is so large.
uint64_t SlotBytesOf(uint64_t file_bytes) {
  const uint64_t slot = file_bytes / kSlots;
  const bool ours = slot * kSlots == file_bytes && std::has_single_bit(slot) && slot >= kLeastSlotBytes;
  return ours && slot <= kMostSlotBytes ? slot : 0;
}

// The latest value in a file.
struct Content {
  std::string value;
  size_t slot = 0;
  uint64_t sequence = 0;
};

// Without any slot that is whole. `failed`: what could not be read.
Error Unusable(const std::string& path, const std::array<Header, kSlots>& headers, const std::optional<Error>& failed) {
  if (failed) return *failed;
  for (const Header& header : headers) {
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.format == kFormat) continue;
    return MakeError(path + ": written in format " + std::to_string(header.format) + " by " +
                     (header.format > kFormat ? "a newer" : "an older") + " release, this one reads format " +
                     std::to_string(kFormat) + kStartAnew + ", or go on with that release");
  }
  const bool has_magic = std::any_of(headers.begin(), headers.end(), [](const Header& header) {
    return std::memcmp(header.magic, kMagic, sizeof kMagic) == 0;
  });
  if (has_magic) return MakeError(path + ": damaged, no value in it is whole" + kStartAnew);
  return MakeError(path + ": not a checkpoint of Brahe" + kStartAnew);
}

Result<std::optional<Content>> ReadContent(int fd, const std::string& path) {
  const auto file_bytes = static_cast<uint64_t>(StatOf(fd).st_size);
  if (file_bytes == 0) return std::optional<Content>();
  const uint64_t slot_bytes = SlotBytesOf(file_bytes);
  if (file_bytes > kSlots * kMostSlotBytes) {
    return MakeError(path + ": too large for a checkpoint, " + std::to_string(file_bytes) + " bytes" + kStartAnew);
  }
  std::array<Header, kSlots> headers;
  std::optional<Error> failed;
  // A file that was cut off has its first slot, where another format or what is not ours shows.
  for (size_t i = 0; i < (slot_bytes == 0 ? 1 : kSlots); ++i) {
    const auto bytes = ReadAt(fd, path, i * slot_bytes, sizeof(Header));
    if (!bytes) failed = bytes.error();
    if (bytes && bytes->size() == sizeof(Header)) std::memcpy(&headers[i], bytes->data(), sizeof(Header));
  }
  const auto is_candidate = [&](const Header& header) {
    return std::memcmp(header.magic, kMagic, sizeof kMagic) == 0 && header.format == kFormat && header.sequence > 0 &&
           header.length <= slot_bytes - sizeof(Header);
  };
  std::array<size_t, kSlots> order = {0, 1, 2};
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return headers[a].sequence > headers[b].sequence; });
  for (const size_t i : order) {
    if (slot_bytes == 0 || !is_candidate(headers[i])) continue;
    auto value = ReadAt(fd, path, i * slot_bytes + sizeof(Header), headers[i].length);
    if (!value) failed = value.error();
    if (!value || value->size() != headers[i].length || CheckOf(headers[i], *value) != headers[i].check) continue;
    return std::optional<Content>({.value = std::move(*value), .slot = i, .sequence = headers[i].sequence});
  }
  return Unusable(path, headers, failed);
}

std::string KindOf(mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Looked at before it is opened, because to open a pipe or a device can set something off.
Status CheckKind(int folder, const std::string& path) {
  struct stat info = {};
  if (fstatat(folder, kFileName, &info, AT_SYMLINK_NOFOLLOW) != 0 || S_ISREG(info.st_mode)) return {};
  return MakeError(path + ": " + KindOf(info.st_mode) + ", where a file is expected; move it away");
}

// -1 and errno, or the file.
UniqueFd OpenFile(int folder, const char* name, int flags) {
  return UniqueFd(openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600));
}

std::string UserOf(uid_t uid) { return "user " + std::to_string(uid); }

// What belongs to somebody else could be changed by him under our hands.
Status CheckOwner(const std::string& path, const struct stat& info) {
  const uid_t self = geteuid();
  if (info.st_uid == self || info.st_uid == 0) return {};
  return MakeError(path + ": belongs to " + UserOf(info.st_uid) + " and not to the exporter's " + UserOf(self) +
                   "; chown it, or choose another folder with --state.dir");
}

Result<UniqueFd> OpenFolder(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    const int code = errno;
    const char* const remedy =
        code == ENOENT ? "; make the folder above it" : "; choose a folder that can be written with --state.dir";
    return Error{code, SystemError("make the folder " + folder, code).message + remedy};
  }
  UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return SystemError("open the folder " + folder);
  const struct stat info = StatOf(fd.get());
  if (const Status owner = CheckOwner(folder, info); !owner) return owner.error();
  if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0) {
    return MakeError(folder + ": everybody may write there, and so change what is kept; chmod o-w " + folder);
  }
  return fd;
}

// Retried where the file that was locked has lost its name to a larger one meanwhile.
Result<UniqueFd> OpenAndLock(int folder, const std::string& path) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    if (const Status kind = CheckKind(folder, path); !kind) return kind.error();
    UniqueFd file = OpenFile(folder, kFileName, O_RDWR | O_CREAT);
    if (!file.valid()) {
      const Error error = SystemError("open " + path);
      return Error{error.code, error.message + "; choose a folder that can be written with --state.dir"};
    }
    const struct stat info = StatOf(file.get());
    if (!S_ISREG(info.st_mode)) return MakeError(path + ": " + KindOf(info.st_mode) + ", where a file is expected");
    if (const Status owner = CheckOwner(path, info); !owner) return owner.error();
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      const int code = errno;
      if (code != EWOULDBLOCK) return SystemError("lock " + path, code);
      return Error{code, path + ": another exporter writes there; stop it, or give this one a folder of its own with " +
                             "--state.dir"};
    }
    struct stat named = {};
    const bool same = fstatat(folder, kFileName, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == info.st_ino &&
                      named.st_dev == info.st_dev;
    if (!same) continue;
    if ((info.st_mode & 077) != 0 && fchmod(file.get(), 0600) != 0) return SystemError("chmod " + path);
    return file;
  }
  return MakeError(path + ": replaced all the time by somebody else; give this exporter a folder of its own");
}

// Of a header and a value, at `offset`.
Status WriteSlot(int fd, const std::string& path, uint64_t offset, const Header& header, std::string_view value) {
  std::string_view head(reinterpret_cast<const char*>(&header), sizeof header);
  while (!head.empty() || !value.empty()) {
    const iovec parts[] = {{const_cast<char*>(head.data()), head.size()},
                           {const_cast<char*>(value.data()), value.size()}};
    const ssize_t written = pwritev(fd, parts, std::size(parts), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write " + path);
    const auto done = static_cast<size_t>(written);
    const size_t of_head = std::min(done, head.size());
    head.remove_prefix(of_head);
    value.remove_prefix(done - of_head);
    offset += done;
  }
  return {};
}

Header HeaderOf(uint64_t sequence, std::string_view value) {
  Header header = {.magic = {}, .format = kFormat, .check = 0, .sequence = sequence, .length = value.size()};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.check = CheckOf(header, value);
  return header;
}

std::string PathIn(const std::string& folder) { return WithoutSlashAtEnd(folder) + "/" + kFileName; }

}  // namespace

Result<CheckpointFile> CheckpointFile::Open(const std::string& folder, const Options& options) {
  const std::string path = PathIn(folder);
  auto opened = OpenFolder(folder);
  if (!opened) return opened.error();
  auto locked = OpenAndLock(opened->get(), path);
  if (!locked) return locked.error();
  // What one that was killed left behind: it had the lock that we have now.
  unlinkat(opened->get(), kNewFileName, 0);
  CheckpointFile file(std::move(*opened), std::move(*locked), path, options);
  file.slot_bytes_ = SlotBytesOf(static_cast<uint64_t>(StatOf(file.file_.get()).st_size));
  const auto content = ReadContent(file.file_.get(), path);
  file.unreadable_ = !content;
  if (content && *content) {
    file.newest_ = file.sequences_[(*content)->slot] = (*content)->sequence;
    // Nobody knows which was the last that was synced; a start can wait for the disk.
    if (fdatasync(file.file_.get()) == 0) file.synced_ = file.newest_;
  }
  return file;
}

Result<std::optional<std::string>> CheckpointFile::Read() const {
  auto content = ReadContent(file_.get(), path_);
  if (!content) return content.error();
  if (!*content) return std::optional<std::string>();
  return std::optional<std::string>(std::move((*content)->value));
}

size_t CheckpointFile::NextSlot() const {
  size_t next = kSlots;
  for (size_t i = 0; i < kSlots; ++i) {
    const bool kept = sequences_[i] > 0 && (sequences_[i] == newest_ || sequences_[i] == synced_);
    if (!kept && (next == kSlots || sequences_[i] < sequences_[next])) next = i;
  }
  return next;
}

Status CheckpointFile::Void() {
  if (unreadable_) return {};  // is no value
  if (ftruncate(file_.get(), 0) != 0) return SystemError("empty " + path_);
  slot_bytes_ = 0;
  sequences_ = {};
  return {};
}

Status CheckpointFile::Write(std::string_view value) {
  const uint64_t most = std::min(options_.max_bytes, kMostSlotBytes - sizeof(Header));
  if (value.size() > most) {
    return MakeError(path_ + ": what is to be kept has " + std::to_string(value.size()) + " bytes, and at most " +
                     std::to_string(most) + " are");
  }
  if (unreadable_ || is_at_last_sequence() || value.size() + sizeof(Header) > slot_bytes_) return Rewrite(value);
  const size_t slot = NextSlot();
  // Until it is whole again.
  sequences_[slot] = 0;
  const Header header = HeaderOf(newest_ + 1, value);
  Status written = WriteSlot(file_.get(), path_, slot * slot_bytes_, header, value);
  if (!written) return written;
  newest_ = sequences_[slot] = header.sequence;
  return {};
}

Status CheckpointFile::Fill(int fd, std::string_view value, uint64_t slot_bytes) const {
  const std::string path = path_ + ".new";
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return SystemError("lock " + path);
  // A disk that is too full is met now, and not when a slot is written.
  const int code = posix_fallocate(fd, 0, static_cast<off_t>(kSlots * slot_bytes));
  if (code != 0) {
    return Error{code, SystemError("make room in " + path, code).message};
  }
  return WriteSlot(fd, path, 0, HeaderOf(NextSequence(), value), value);
}

// A file with room to grow takes the place of this one.
Status CheckpointFile::Rewrite(std::string_view value) {
  const uint64_t needed = value.size() + sizeof(Header);
  const uint64_t slot_bytes =
      std::max({std::bit_ceil(std::min(needed + needed / 4, kMostSlotBytes)), kLeastSlotBytes, slot_bytes_});
  unlinkat(folder_.get(), kNewFileName, 0);
  UniqueFd file = OpenFile(folder_.get(), kNewFileName, O_RDWR | O_CREAT | O_EXCL);
  if (!file.valid()) return SystemError("make " + path_ + ".new");
  Status status = Fill(file.get(), value, slot_bytes);
  // There is something to lose if the machine stops after the names were changed and before the new file is on disk.
  if (status && synced_ > 0 && fdatasync(file.get()) != 0) status = SystemError("sync " + path_ + ".new");
  // It may be aside already, where the last try ended behind this.
  const bool aside = !unreadable_ || !status ||
                     renameat(folder_.get(), kFileName, folder_.get(), kUnreadableFileName) == 0 || errno == ENOENT;
  if (!aside) {
    status = SystemError("put " + path_ + " aside");
  }
  if (status && renameat(folder_.get(), kNewFileName, folder_.get(), kFileName) != 0) {
    status = SystemError("replace " + path_);
  }
  if (!status) {
    unlinkat(folder_.get(), kNewFileName, 0);
    return status;
  }
  file_ = std::move(file);
  slot_bytes_ = slot_bytes;
  unreadable_ = false;
  newest_ = NextSequence();
  sequences_ = {newest_};
  synced_ = 0;
  name_synced_ = false;
  sync_soon_ = true;
  return {};
}

Status CheckpointFile::SyncIfDue(Nanoseconds now) {
  if (!period_from_) period_from_ = now;
  if (!sync_soon_ && now < *period_from_ + options_.sync_period) return {};
  period_from_ = now;
  sync_soon_ = false;
  return Sync();
}

Status CheckpointFile::Sync() {
  if (newest_ == 0) return {};
  if (fdatasync(file_.get()) != 0) return SystemError("sync " + path_);
  if (!name_synced_ && fsync(folder_.get()) != 0) return SystemError("sync the folder of " + path_);
  name_synced_ = true;
  synced_ = newest_;
  return {};
}

Result<std::optional<StoredCheckpoint>> ReadCheckpointFile(const std::string& folder) {
  StoredCheckpoint stored;
  stored.path = PathIn(folder);
  const UniqueFd folder_fd(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd.valid()) return SystemError("open the folder " + folder);
  if (const Status kind = CheckKind(folder_fd.get(), stored.path); !kind) return kind.error();
  const UniqueFd file = OpenFile(folder_fd.get(), kFileName, O_RDONLY);
  if (!file.valid() && errno == ENOENT) return std::optional<StoredCheckpoint>();
  if (!file.valid()) return SystemError("open " + stored.path);
  stored.file_bytes = static_cast<uint64_t>(StatOf(file.get()).st_size);
  auto content = ReadContent(file.get(), stored.path);
  if (!content) return content.error();
  if (!*content) return std::optional<StoredCheckpoint>();
  stored.value = std::move((*content)->value);
  return std::optional<StoredCheckpoint>(std::move(stored));
}

}  // namespace brahe::checkpoint
