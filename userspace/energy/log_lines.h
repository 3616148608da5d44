#pragma once

#include <glog/logging.h>

#include <string>
#include <vector>

namespace brahe::energy {

// Keeps what is logged while it lives, each line as its severity's letter and its text: "W zone is gone". For tests of
// one thread.
class LogLines final : public google::LogSink {
 public:
  LogLines() { google::AddLogSink(this); }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  ~LogLines() override { google::RemoveLogSink(this); }

  using google::LogSink::send;
  void send(google::LogSeverity severity, const char* /*full_filename*/, const char* /*base_filename*/, int /*line*/,
            const google::LogMessageTime& /*time*/, const char* message, size_t length) override {
    lines.push_back(std::string(1, google::GetLogSeverityName(severity)[0]) + " " + std::string(message, length));
  }

  std::vector<std::string> lines;
};

}  // namespace brahe::energy
