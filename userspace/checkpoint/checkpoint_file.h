#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::checkpoint {

// Name of the file in its folder, of what it is made as before it takes its place, and of one that could not be read.
inline constexpr char kFileName[] = "checkpoint";
inline constexpr char kNewFileName[] = "checkpoint.new";
inline constexpr char kUnreadableFileName[] = "checkpoint.unreadable";

// Keeps one value, any bytes, in a folder. Whenever the process is killed, the file has the value that was written last
// or the one before, whole; and whenever the machine stops, the one that was written last before the latest sync, or a
// later one. Holds a lock on the file, so that no second exporter writes into it. Movable; one thread at a time.
class CheckpointFile {
 public:
  struct Options {
    uint64_t max_bytes = uint64_t{64} << 20;  // of a value
    Nanoseconds sync_period = Seconds(60);
  };

  // Makes the folder, of mode 0700, if it is missing (not those above it), and in it an empty file, of mode 0600.
  // An Error, which says what to do: somebody else has or may change the folder or the file, the file is no file,
  // another exporter has it, or the file system refuses.
  static Result<CheckpointFile> Open(const std::string& folder, const Options& options);
  static Result<CheckpointFile> Open(const std::string& folder) { return Open(folder, Options()); }

  // The latest value that is whole; none: nothing was written yet. An Error: what is there is not a checkpoint, of
  // another format, or damaged; the next Write then puts it aside as kUnreadableFileName.
  [[nodiscard]] Result<std::optional<std::string>> Read() const;

  // What Read returned is of no use to this release: the next Write puts it aside as what Read refuses.
  void PutAside() { unreadable_ = true; }

  // After an Error the values that were written before are as they were. Waits for the disk only where the value has
  // outgrown the file, which then is replaced by one at least twice as large.
  Status Write(std::string_view value);

  // Makes what is there void, so that nobody goes on from it: a newer value could not be written. Needs no room.
  Status Void();
  // Makes what was written last outlive a loss of power, if the last time was the sync period ago or the file is a new
  // one. `now` is of CLOCK_MONOTONIC. May wait for the disk. After an Error it is tried again a period later.
  Status SyncIfDue(Nanoseconds now);
  // The same, whenever it was.
  Status Sync();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  // Three: two that take turns, and the one that was synced last, which is left alone until the next sync. The disk
  // writes the others back piece by piece in any order, so that a loss of power may leave nothing whole in them.
  static constexpr size_t kSlots = 3;

  CheckpointFile(UniqueFd folder, UniqueFd file, std::string path, const Options& options)
      : folder_(std::move(folder)), file_(std::move(file)), path_(std::move(path)), options_(options) {}

  Status Rewrite(std::string_view value);
  [[nodiscard]] Status Fill(int fd, std::string_view value, uint64_t slot_bytes) const;
  [[nodiscard]] size_t NextSlot() const;
  // After the highest it begins anew, which only a new file can.
  [[nodiscard]] bool is_at_last_sequence() const { return newest_ == std::numeric_limits<uint64_t>::max(); }
  [[nodiscard]] uint64_t NextSequence() const { return is_at_last_sequence() ? 1 : newest_ + 1; }

  UniqueFd folder_;
  UniqueFd file_;
  std::string path_;
  Options options_;
  uint64_t slot_bytes_ = 0;                      // 0: the file has no slots that can be written to
  bool unreadable_ = false;                      // has something that Read refuses
  std::array<uint64_t, kSlots> sequences_ = {};  // 0: nothing of use
  uint64_t newest_ = 0;                          // sequence number; 0: none
  uint64_t synced_ = 0;
  bool name_synced_ = true;
  bool sync_soon_ = false;                  // whatever the period
  std::optional<Nanoseconds> period_from_;  // when a sync was tried last, else the first call of SyncIfDue
};

// What a folder has, and how large its file is.
struct StoredCheckpoint {
  std::string path;
  uint64_t file_bytes = 0;
  std::string value;
};

// The latest value in the folder, as Read of CheckpointFile has it; none: there is no file, or an empty one. Takes no
// lock and changes nothing, so that it can be asked beside an exporter. Any thread.
Result<std::optional<StoredCheckpoint>> ReadCheckpointFile(const std::string& folder);

}  // namespace brahe::checkpoint
