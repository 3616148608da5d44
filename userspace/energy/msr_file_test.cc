#include "userspace/energy/msr_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "userspace/base/temp_tree.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(MsrFile, ReadsARegisterAtItsAddress) {
  const TempTree tree;
  tree.Write("cpu/3/msr", "");
  const UniqueFd fd(open(tree.At("cpu/3/msr").c_str(), O_WRONLY | O_CLOEXEC));
  constexpr uint64_t kValue = 0x0123'4567'89ab'cdef;
  for (const int64_t address : {0x611L, 0xc001029bL}) {
    ASSERT_EQ(pwrite(fd.get(), &kValue, sizeof kValue, address), static_cast<ssize_t>(sizeof kValue));
  }
  const auto file = MsrFile::Open(tree.path(), 3);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(*(*file)->Read(0x611), kValue);
  EXPECT_EQ(*(*file)->Read(0xc001029b), kValue);
  EXPECT_EQ(*(*file)->Read(0x606), 0U);
  const auto missing = (*file)->Read(0xc0010300);
  EXPECT_EQ(missing.error().code, EIO);
  EXPECT_EQ(missing.error().message, "read " + tree.path() + "/cpu/3/msr:0xc0010300: Input/output error");
}

TEST(MsrFile, WithoutTheDeviceTheErrorNamesTheModule) {
  const TempTree tree;
  EXPECT_THAT(MsrFile::Open(tree.path(), 0).error().message,
              AllOf(HasSubstr("/cpu/0/msr: No such file"), HasSubstr("modprobe msr")));
}

}  // namespace
}  // namespace brahe::energy
