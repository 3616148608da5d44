#include "userspace/config/document.h"

#include <gtest/gtest.h>

#include "userspace/base/file.h"
#include "userspace/config/options.h"

namespace brahe::config {
namespace {

TEST(DocumentTest, TheDocumentIsWhatTheTableYields) {
  const auto document = ReadFile("docs/configuration.md");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_TRUE(*document == ConfigurationDocument())
      << "docs/configuration.md is out of date; renew it with: bazel run //userspace/config:write_document";
}

TEST(DocumentTest, EveryKeyAndEveryFlagIsInIt) {
  const std::string document = ConfigurationDocument();
  for (const Option& option : Options()) {
    EXPECT_NE(document.find(option.key + "`"), std::string::npos) << option.key;
    EXPECT_NE(document.find(option.flag + "`"), std::string::npos) << option.flag;
  }
}

}  // namespace
}  // namespace brahe::config
