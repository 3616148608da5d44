#include <algorithm>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/fuzz_input.h"
#include "userspace/config/options.h"
#include "userspace/config/yaml_file.h"

namespace brahe::config {
namespace {

// "config.yaml" and perhaps a line of `text` at the beginning of what is said of it.
void CheckPlace(const std::string& said, std::string_view text) {
  constexpr std::string_view kFile = "config.yaml:";
  Require(said.starts_with(kFile), "the file is named: " + said);
  Require(said.find_first_of("\r\n") == std::string::npos, "it is one line: " + said);
  const auto line =
      ParseUint64(said.substr(kFile.size(), said.find_first_not_of("0123456789", kFile.size()) - kFile.size()));
  if (!line) return;  // of errors without a line
  // Lines end in LF, in CR or in both.
  const auto ends = std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r');
  Require(*line >= 1 && *line <= static_cast<size_t>(2 + ends), "it is a line of the file: " + said);
}

void Check(std::string_view text) {
  const auto file = ParseYaml("config.yaml", text);
  if (!file) return CheckPlace(file.error().message, text);
  for (const Given& one : file->given) CheckPlace(one.place, text);
  for (const UnknownKey& key : file->unknown) CheckPlace(key.origin, text);
  CommandLine line;
  if (const Status applied = Apply(file->given, line); !applied) return CheckPlace(applied.error().message, text);
  // What it has put into effect is read back as what it is.
  CommandLine copy;
  for (const Given& one : file->given) {
    const Option& option = *one.option;
    if (!option.binding.show || option.key == "kube.kubelet.url") continue;
    const std::string value = option.binding.show(line.config);
    if (option.binding.kind == OptionKind::kList || value != Trim(value)) continue;
    const Status again = Apply({{&option, "x", "x", {value}}}, copy);
    Require(again && option.binding.show(copy.config) == value, option.key + " is read as it is shown");
  }
}

}  // namespace
}  // namespace brahe::config

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  brahe::config::Check(brahe::TextOf(data, size));
  return 0;
}
