#include "userspace/otlp/header_file.h"

#include <algorithm>
#include <array>

#include "userspace/base/file.h"
#include "userspace/base/values.h"

namespace brahe::otlp {
namespace {

constexpr size_t kMaxHeaders = 100;

// What the exporter and its library say themselves.
constexpr std::array<std::string_view, 9> kOurs = {"connection",        "content-encoding", "content-length",
                                                   "content-type",      "expect",           "host",
                                                   "transfer-encoding", "proxy-connection", "upgrade"};

// Characters of a header's name (RFC 9110, token).
bool IsOfName(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

bool IsOfValue(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= ' ' && byte != 0x7f);
}

// What is wrong with a line; empty: nothing.
std::string FaultOf(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return "there is no colon; write Name: value";
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (name.empty() || !std::all_of(name.begin(), name.end(), IsOfName))
    return "what stands before the colon is no name of a header";
  const std::string lower = LowerCase(name);
  if (std::find(kOurs.begin(), kOurs.end(), lower) != kOurs.end()) {
    return "the header " + lower + " is set by the exporter; take it out";
  }
  if (value.empty()) return "the header " + lower + " has no value";
  // What stands before the value too: the line is sent as it is.
  if (!std::all_of(line.begin() + static_cast<ptrdiff_t>(colon) + 1, line.end(), IsOfValue))
    return "the value of " + lower + " has control characters";
  return "";
}

}  // namespace

Result<std::vector<std::string>> ParseHeaders(std::string_view content, const std::string& path) {
  std::vector<std::string> headers;
  for (size_t number = 1; !content.empty(); ++number) {
    const size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = Trim(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::string place = path + ":" + std::to_string(number) + ": ";
    if (const std::string fault = FaultOf(line); !fault.empty()) return MakeError(place + fault);
    if (headers.size() == kMaxHeaders)
      return MakeError(place + "more than " + std::to_string(kMaxHeaders) + " headers");
    headers.emplace_back(line);
  }
  return headers;
}

Result<std::vector<std::string>> ReadHeaderFile(const std::string& path) {
  const auto content = ReadRegularFile(path);
  if (!content) return content.error();
  return ParseHeaders(*content, path);
}

}  // namespace brahe::otlp
