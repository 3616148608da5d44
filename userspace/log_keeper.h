#pragma once

#include <glog/logging.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace brahe {

// Keeps the warnings and errors that are logged while it lives. Any thread.
class LogKeeper final : public google::LogSink {
 public:
  LogKeeper() { google::AddLogSink(this); }
  LogKeeper(const LogKeeper&) = delete;
  LogKeeper& operator=(const LogKeeper&) = delete;
  ~LogKeeper() override { google::RemoveLogSink(this); }

  // NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glog's are too long
  void send(google::LogSeverity severity, const char*, const char*, int, const google::LogMessageTime&,
            const char* message, size_t size) override {
    if (severity < google::GLOG_WARNING) return;
    const std::lock_guard lock(mutex_);
    if (lines_.size() < kMost) lines_.emplace_back(message, size);
  }

  // Those since it was asked last.
  std::vector<std::string> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  static constexpr size_t kMost = 1000;

  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace brahe
