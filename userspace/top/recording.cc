#include "userspace/top/recording.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace brahe::top {
namespace {

constexpr std::string_view kFirstLine = "{\"recording\":\"brahe top\",\"version\":1}\n";
constexpr std::string_view kAnyFirstLine = "{\"recording\":\"brahe top\",";
constexpr uint64_t kMaxDocument = 256ULL << 20;

// Where lines begin, and where one would that came after the last whole one.
Result<std::vector<uint64_t>> BeginsOfLines(int file, const std::string& path) {
  std::vector<uint64_t> begins = {0};
  std::vector<char> block(1 << 18);
  uint64_t at = 0;
  for (;;) {
    const ssize_t count = read(file, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read " + path);
    if (count == 0) return begins;
    for (ssize_t i = 0; i < count; ++i) {
      if (block[static_cast<size_t>(i)] == '\n') begins.push_back(at + static_cast<uint64_t>(i) + 1);
    }
    at += static_cast<uint64_t>(count);
  }
}

Result<std::string> ReadRange(int file, const std::string& path, uint64_t begin, uint64_t end) {
  std::string text(end - begin, '\0');
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = pread(file, text.data() + done, text.size() - done, static_cast<off_t>(begin + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read " + path);
    if (count == 0) return MakeError(path + " has become shorter while it was read");
    done += static_cast<size_t>(count);
  }
  return text;
}

}  // namespace

std::string AsLine(std::string document) {
  std::erase_if(document, [](char c) { return c == '\n' || c == '\r'; });  // in a text of JSON they are escaped
  return document + '\n';
}

Result<RecordingWriter> RecordingWriter::Create(const std::string& path, uint64_t limit) {
  UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) {
    Error error = SystemError("create " + path);
    if (error.code == EEXIST) error.message += "; give another name, or remove it";
    return error;
  }
  RecordingWriter writer(path, std::move(file), limit);
  if (const Status written = writer.Append(kFirstLine); !written) return written.error();
  return writer;
}

Status RecordingWriter::Add(const std::string& document) {
  const std::string line = AsLine(document);
  is_full_ = is_full_ || size_ + line.size() > limit_;
  return is_full_ ? Status() : Append(line);
}

Status RecordingWriter::Append(std::string_view line) {
  while (!line.empty()) {
    const ssize_t count = write(file_.get(), line.data(), line.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("write " + path_);
    line.remove_prefix(static_cast<size_t>(count));
    size_ += static_cast<uint64_t>(count);
  }
  return {};
}

Result<Recording> Recording::Open(const std::string& path) {
  auto file = OpenForReading(path);
  if (!file) return file.error();
  auto begins = BeginsOfLines(file->get(), path);
  if (!begins) return begins.error();
  const auto first = ReadRange(file->get(), path, 0, begins->size() > 1 ? std::min<uint64_t>((*begins)[1], 100) : 0);
  if (!first) return first.error();
  if (*first != kFirstLine) {
    return MakeError(path + (first->starts_with(kAnyFirstLine) ? ": recorded by another version of brahe; use that one"
                                                               : ": no recording of brahe top's"));
  }
  begins->erase(begins->begin());
  if (begins->size() < 2) return MakeError(path + ": the recording has no frame");
  return Recording(path, *std::move(file), *std::move(begins));
}

Result<std::string> Recording::Document(size_t frame) const {
  if (bytes(frame) > kMaxDocument) return MakeError(path_ + ": a frame is too long");
  return ReadRange(file_.get(), path_, begins_[frame], begins_[frame + 1]);
}

}  // namespace brahe::top
