#include "userspace/checkpoint/describe.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "userspace/base/duration.h"
#include "userspace/base/plain_text.h"

namespace brahe::checkpoint {
namespace {

enum class Boot { kThis, kAnother, kUnknown };

Boot BootOf(const Found& found) {
  if (found.boot_id.empty()) return Boot::kUnknown;
  return found.boot_id == found.checkpoint.boot_id ? Boot::kThis : Boot::kAnother;
}

std::string NameOf(Boot boot) {
  switch (boot) {
    case Boot::kThis:
      return "this";
    case Boot::kAnother:
      return "another";
    case Boot::kUnknown:
      break;
  }
  return "unknown";
}

// Within a boot, setting the clock changes nothing; a clock that went back since says 0.
uint64_t AgeSeconds(const Found& found) {
  const Checkpoint& checkpoint = found.checkpoint;
  if (BootOf(found) == Boot::kThis && found.monotonic >= checkpoint.monotonic) {
    return (found.monotonic - checkpoint.monotonic).value / 1'000'000'000;
  }
  return found.unix_ms > checkpoint.unix_ms ? (found.unix_ms - checkpoint.unix_ms) / 1000 : 0;
}

std::string Bytes(uint64_t bytes) { return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"); }

std::string Row(std::string name, const std::string& value) {
  constexpr size_t kWidth = 10;
  name.resize(std::max(name.size() + 1, kWidth), ' ');
  return name + value + "\n";
}

// Lines made fit for a terminal, each below the one before.
std::string Indented(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    lines += "  " + PlainText(line) + "\n";
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return lines;
}

}  // namespace

std::string AsText(const Found& found, std::span<const Part> parts) {
  const Checkpoint& checkpoint = found.checkpoint;
  const Boot boot = BootOf(found);
  const std::string where = boot == Boot::kUnknown ? "" : ", in " + NameOf(boot) + " boot";
  std::string text = Row("file", PlainText(found.path) + ", " + Bytes(found.file_bytes));
  text += Row("written", FormatDuration(Seconds(AgeSeconds(found))) + " ago" + where);
  text += Row("by", PlainText("brahe " + checkpoint.version + " (" + checkpoint.revision + ")"));
  text += Row("size", Bytes(found.message_bytes));
  for (const Part& part : parts) {
    const std::string& message = checkpoint.*part.message;
    text += Row(std::string(part.name), message.empty() ? "none" : Bytes(message.size()));
    if (!message.empty() && part.describe != nullptr) text += Indented(part.describe(message));
  }
  return text;
}

std::string AsJson(const Found& found, std::span<const Part> parts) {
  const Checkpoint& checkpoint = found.checkpoint;
  nlohmann::ordered_json json;
  json["file"] = found.path;
  json["file_bytes"] = found.file_bytes;
  json["bytes"] = found.message_bytes;
  json["age_seconds"] = AgeSeconds(found);
  json["written_unix_ms"] = checkpoint.unix_ms;
  json["boot"] = NameOf(BootOf(found));
  json["boot_id"] = checkpoint.boot_id;
  json["version"] = checkpoint.version;
  json["revision"] = checkpoint.revision;
  json["parts"] = nlohmann::ordered_json::object();
  for (const Part& part : parts) {
    const std::string& message = checkpoint.*part.message;
    nlohmann::ordered_json& of_part = json["parts"][std::string(part.name)];
    of_part["bytes"] = message.size();
    if (!message.empty() && part.describe != nullptr) of_part["text"] = part.describe(message);
  }
  // A damaged part may have any bytes.
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace brahe::checkpoint
