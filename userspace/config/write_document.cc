// Writes docs/configuration.md: bazel run //userspace/config:write_document
#include <cstdlib>
#include <iostream>

#include "userspace/base/file.h"
#include "userspace/config/document.h"

int main() {
  const char* tree = std::getenv("BUILD_WORKSPACE_DIRECTORY");  // set by bazel run
  if (tree == nullptr) {
    std::cerr << "start it with: bazel run //userspace/config:write_document\n";
    return 1;
  }
  const auto written =
      brahe::WriteFile(std::string(tree) + "/docs/configuration.md", brahe::config::ConfigurationDocument());
  if (written) return 0;
  std::cerr << written.error().message << "\n";
  return 1;
}
