#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brahe::otlp {

// What a receiver says of a request that it has taken. Strings may hold any bytes.
struct ExportAnswer {
  uint64_t rejected_points = 0;
  std::string message;  // for people: why, or a warning
};

// The body of an answer with status 200, an ExportMetricsServiceResponse; nullopt if it is none. Empty, as receivers
// send it that have nothing to say, is one, and so is JSON without anything in it.
std::optional<ExportAnswer> ReadExportAnswer(std::string_view body);

// The message of a google.rpc.Status, which the body of an answer with another status should be; empty if it is none.
std::string MessageOfStatus(std::string_view body);

}  // namespace brahe::otlp
