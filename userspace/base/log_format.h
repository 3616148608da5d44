#pragma once

#include <glog/logging.h>

#include <string>
#include <string_view>

namespace brahe {

// Sets up glog for this process: lines go to stderr and never to files, as glog's text or, with `json`, as one object a
// line: {"time":"2026-11-25T03:01:32.000042Z","level":"INFO","source":"main.cc:12","msg":"..."}. The line that a FATAL
// or a failed CHECK writes is one as well; glog's stack trace follows it as text. Before there are threads, and once.
void StartLogging(const char* program, bool json);

// debug, info, warn or error: the least severity that is logged. At debug VLOG(1) is logged as well, at other levels no
// VLOG is, unless glog's flag v has been set: that one stays as it is. Any thread.
void SetLogLevel(std::string_view level);

// A line of JSON with its line break. Bytes that are no UTF-8 become U+FFFD. glog tells a VLOG as INFO.
std::string JsonLogLine(google::LogSeverity severity, std::string_view file, int line,
                        const google::LogMessageTime& time, std::string_view message);

}  // namespace brahe
