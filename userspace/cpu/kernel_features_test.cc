#include "userspace/cpu/kernel_features.h"

#include <gtest/gtest.h>

#include <string>

#include "userspace/base/file.h"

namespace brahe::cpu {
namespace {

// The part of a table's row behind its nth bar, without white space.
std::string CellOf(const std::string& row, int n) {
  size_t at = 0;
  for (int bar = 0; bar < n; ++bar) at = row.find('|', at) + 1;
  return std::string(Trim(row.substr(at, row.find('|', at) - at)));
}

TEST(KernelFeatures, TheManualHasTheirTable) {
  const auto text = ReadFile("docs/kernel-features.md");
  ASSERT_TRUE(text) << text.error().message;
  size_t rows = 0;
  for (size_t at = text->find("\n| `"); at != std::string::npos; at = text->find("\n| `", at + 1)) ++rows;
  EXPECT_EQ(rows, std::size(kOptionalFeatures) + 1);
  for (const OptionalFeature& feature : kOptionalFeatures) {
    const size_t at = text->find("\n| `" + std::string(feature.name) + "` |");
    ASSERT_NE(at, std::string::npos) << feature.name;
    const std::string row = text->substr(at + 1, text->find('\n', at + 1) - at - 1);
    if (feature.program != nullptr) {
      EXPECT_NE(CellOf(row, 2).find("program `" + std::string(feature.program) + "`"), std::string::npos) << row;
    }
    std::string lost = CellOf(row, 3);
    std::erase(lost, '`');
    EXPECT_TRUE(lost.starts_with(feature.lost)) << row;
  }
}

}  // namespace
}  // namespace brahe::cpu
