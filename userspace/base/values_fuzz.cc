// What people write as values of flags and keys, and what the kernel writes as lists.
#include <algorithm>
#include <string>

#include "userspace/base/base64.h"
#include "userspace/base/cpu_list.h"
#include "userspace/base/duration.h"
#include "userspace/base/file.h"
#include "userspace/base/fuzz_input.h"
#include "userspace/base/local_rule.h"
#include "userspace/base/plain_text.h"
#include "userspace/base/utf8.h"
#include "userspace/base/values.h"

namespace brahe {
namespace {

void CheckNumbers(std::string_view text) {
  if (const auto number = ParseUint64(text)) {
    Require(*ParseUint64(std::to_string(*number)) == *number, "a number is read as it is written");
    Require(ParseCount(Trim(text), *number).has_value() || text.find_first_of("+-") != text.npos || Trim(text) != text,
            "a count is a number");
  } else {
    RequireOneLine(number.error().message);
  }
  if (const auto count = ParseCount(text, 1000)) {
    Require(*count <= 1000, "a count keeps its bound");
  } else {
    RequireOneLine(count.error().message);
  }
  if (const auto number = ParseInteger(text)) {
    Require(*ParseInteger(std::to_string(*number)) == *number, "an integer is read as it is written");
  } else {
    RequireOneLine(number.error().message);
  }
  if (const auto millionths = ParseMillionths(text, "watts")) {
    Require(*millionths <= 1'000'000'000'000'000, "millionths keep their bound");
    const auto again = ParseMillionths(FormatMillionths(*millionths), "watts");
    Require(again && *again == *millionths, "millionths are read as they are written");
  } else {
    RequireOneLine(millionths.error().message);
  }
  if (const auto duration = ParseDuration(text)) {
    Require(*duration <= kLongestDuration, "a duration keeps its bound");
    const auto again = ParseDuration(FormatDuration(*duration));
    Require(again && *again == *duration, "a duration is read as it is written");
  } else {
    RequireOneLine(duration.error().message);
  }
}

void CheckWords(std::string_view text) {
  if (const auto value = ParseBoolean(text); !value) RequireOneLine(value.error().message);
  if (const auto word = ParseWord(text, {"one", "another"})) {
    Require(*word == "one" || *word == "another", "a word is one of those that are expected");
  } else {
    RequireOneLine(word.error().message);
  }
  if (const auto rule = ParseLocalRule(text)) {
    Require(rule->name.empty() == (rule->kind == LocalRule::Kind::kEveryone), "a rule names somebody or all");
  } else {
    RequireOneLine(rule.error().message);
  }
  if (const auto address = CheckListenAddress(text); !address) RequireOneLine(address.error().message);
  WithoutUser(std::string(text));
}

void CheckCpuList(std::string_view text) {
  const auto cpus = ParseCpuList(std::string(text));
  if (!cpus) return RequireOneLine(cpus.error().message);
  std::vector<std::string> words;
  for (const uint32_t cpu : *cpus) words.push_back(std::to_string(cpu));
  const auto again = ParseCpuList(Joined(words, ","));
  Require(again && *again == *cpus, "CPUs are read as they are written");
}

void CheckText(std::string_view text) {
  Require(*DecodeBase64(EncodeBase64(text)) == text, "base64 is read as it is written");
  if (const auto bytes = DecodeBase64(text)) {
    Require(bytes->size() <= text.size(), "base64 holds no more than it is long");
    Require(*DecodeBase64(EncodeBase64(*bytes)) == *bytes, "base64 is written as it is read");
  }
  const std::string plain = PlainText(text);
  Require(PlainText(plain) == plain, "plain text is plain");
  for (std::string_view rest = plain; !rest.empty();) {
    const size_t length = Utf8SequenceLength(rest);
    Require(length > 0 && length <= rest.size(), "plain text is UTF-8");
    CodePoint(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  Require(PlainText(text, 20).size() <= 63, "plain text is cut");
  RequireOneLine(Quoted(text));
}

}  // namespace
}  // namespace brahe

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = brahe::TextOf(data, size);
  brahe::CheckNumbers(text);
  brahe::CheckWords(text);
  brahe::CheckCpuList(text);
  brahe::CheckText(text);
  return 0;
}
