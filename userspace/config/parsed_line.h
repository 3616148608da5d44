#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "userspace/config/config.h"

// For tests: what becomes of the arguments of a command line.
namespace brahe::config {

using Strings = std::vector<std::string>;

inline Result<CommandLine> Parse(const Strings& arguments) {
  std::vector<const char*> argv = {"brahe"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

inline Config ConfigOf(const Strings& arguments) {
  const auto line = Parse(arguments);
  EXPECT_TRUE(line) << line.error().message;
  return line ? line->config : Config{};
}

inline std::string ErrorOf(const Strings& arguments) {
  const auto line = Parse(arguments);
  return line ? "" : line.error().message;
}

inline Remarks RemarksOf(const Strings& arguments) {
  const auto line = Parse(arguments);
  EXPECT_TRUE(line) << line.error().message;
  return line ? line->remarks : Remarks{};
}

}  // namespace brahe::config
