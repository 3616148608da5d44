#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::top {

// A file of frames: a first line that says what it is, and the snapshot's document of each epoch on a line of its own
// (docs/top.md).

// A document as one line: white space between its parts may go. `document` is JSON that was read without an error.
std::string AsLine(std::string document);

// Writes a new one. Not thread-safe.
class RecordingWriter {
 public:
  // The file must not be there yet; only its owner may read it. It never grows beyond `limit` bytes.
  static Result<RecordingWriter> Create(const std::string& path, uint64_t limit);

  // A frame's document. Nothing is written once one had no room.
  Status Add(const std::string& document);

  [[nodiscard]] bool is_full() const { return is_full_; }
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  RecordingWriter(std::string path, UniqueFd file, uint64_t limit)
      : path_(std::move(path)), file_(std::move(file)), limit_(limit) {}

  Status Append(std::string_view line);

  std::string path_;
  UniqueFd file_;
  uint64_t limit_;
  uint64_t size_ = 0;
  bool is_full_ = false;
};

// Reads one. What was written last and has no end is left out, as whoever recorded may have been killed. Not
// thread-safe.
class Recording {
 public:
  // An Error where it is none, of a later version, or has no frame.
  static Result<Recording> Open(const std::string& path);

  [[nodiscard]] size_t frames() const { return begins_.size() - 1; }
  // Of one document.
  [[nodiscard]] uint64_t bytes(size_t frame) const { return begins_[frame + 1] - begins_[frame]; }
  [[nodiscard]] Result<std::string> Document(size_t frame) const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Recording(std::string path, UniqueFd file, std::vector<uint64_t> begins)
      : path_(std::move(path)), file_(std::move(file)), begins_(std::move(begins)) {}

  std::string path_;
  UniqueFd file_;
  std::vector<uint64_t> begins_;  // offsets of the frames, and of what comes after the last one
};

}  // namespace brahe::top
