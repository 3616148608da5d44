#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/fuzz.h"
#include "userspace/config/yaml_file.h"

namespace brahe::config {
namespace {

std::vector<std::string> Corpus() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator("userspace/config/testdata")) {
    if (entry.path().extension() == ".yaml") files.push_back(ReadFile(entry.path()).value_or(""));
  }
  std::sort(files.begin(), files.end());  // the order of a folder differs between machines
  return files;
}

// "config.yaml" and perhaps a line of `text` at the beginning of what is said of it.
void CheckPlace(const std::string& said, const std::string& text) {
  constexpr std::string_view kFile = "config.yaml:";
  ASSERT_TRUE(said.starts_with(kFile)) << said;
  ASSERT_EQ(said.find_first_of("\r\n"), std::string::npos) << said;
  const auto line =
      ParseUint64(said.substr(kFile.size(), said.find_first_not_of("0123456789", kFile.size()) - kFile.size()));
  if (!line) return;  // of errors without a line
  ASSERT_GE(*line, 1U);
  // Lines end in LF, in CR or in both.
  ASSERT_LE(*line, static_cast<size_t>(2 + std::count(text.begin(), text.end(), '\n') +
                                       std::count(text.begin(), text.end(), '\r')));
}

// What holds for every file.
void Check(const std::string& text) {
  const auto file = ParseYaml("config.yaml", text);
  if (!file) return CheckPlace(file.error().message, text);
  for (const Given& one : file->given) CheckPlace(one.place, text);
  for (const UnknownKey& key : file->unknown) CheckPlace(key.origin, text);
  CommandLine line;
  if (const Status applied = Apply(file->given, line); !applied) return CheckPlace(applied.error().message, text);
  // What is in effect is read back as what it is.
  CommandLine copy;
  for (const Option& option : Options()) {
    if (!option.binding.show || option.key == "kube.kubelet.url") continue;
    const std::string value = option.binding.show(line.config);
    if (option.binding.kind == OptionKind::kList || value != Trim(value)) continue;
    const Status again = Apply({{&option, "x", "x", {value}}}, copy);
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_EQ(option.binding.show(copy.config), value) << option.key;
  }
}

TEST(YamlFileFuzzTest, WhatHoldsForEveryFileHoldsForStrangeOnes) {
  const auto corpus = Corpus();
  ASSERT_GE(corpus.size(), 5U);
  Fuzz(corpus, Check);
}

}  // namespace
}  // namespace brahe::config
