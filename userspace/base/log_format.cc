#include "userspace/base/log_format.h"

#include <gflags/gflags.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace brahe {
namespace {

constexpr std::array kLevels = {"INFO", "WARN", "ERROR", "FATAL"};  // by LogSeverity

// RFC 3339 in UTC.
std::string Timestamp(const google::LogMessageTime& time) {
  std::tm utc = {};
  gmtime_r(&time.timestamp(), &utc);
  std::array<char, 32> date = {};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 16> fraction = {};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(time.usec()));
  return std::string(date.data()) + fraction.data();
}

// Writes each line by one write, so that lines of several threads do not mix.
class JsonSink final : public google::LogSink {
 public:
  using google::LogSink::send;
  void send(google::LogSeverity severity, const char* /*full_filename*/, const char* base_filename, int line,
            const google::LogMessageTime& time, const char* message, size_t message_len) override {
    const std::string text = JsonLogLine(severity, base_filename, line, time, {message, message_len});
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
      if (written < 0 && errno != EINTR) return;  // there is nobody to be told
      if (written > 0) rest.remove_prefix(static_cast<size_t>(written));
    }
  }
};

}  // namespace

void StartLogging(const char* program, bool json) {
  google::InitGoogleLogging(program);
  FLAGS_logtostderr = !json;
  FLAGS_log_prefix = true;
  if (!json) return;
  for (google::LogSeverity severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
    google::SetLogDestination(severity, "");  // no files
  }
  FLAGS_alsologtostderr = false;
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  static JsonSink sink;
  google::AddLogSink(&sink);
}

void SetLogLevel(std::string_view level) {
  // Of the flag --v only the default: it wins where it is given.
  google::SetCommandLineOptionWithMode("v", level == "debug" ? "1" : "0", google::SET_FLAGS_DEFAULT);
  FLAGS_minloglevel = level == "warn" ? google::WARNING : level == "error" ? google::ERROR : google::INFO;
}

std::string JsonLogLine(google::LogSeverity severity, std::string_view file, int line,
                        const google::LogMessageTime& time, std::string_view message) {
  const nlohmann::ordered_json object = {
      {"time", Timestamp(time)},
      {"level", kLevels.at(static_cast<size_t>(severity))},
      {"source", std::string(file) + ":" + std::to_string(line)},
      {"msg", message},
  };
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace brahe
