// Live on the kernel that this test runs on. Needs root.
#include "userspace/cpu/bpf_rights.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "userspace/base/capabilities.h"
#include "userspace/base/file.h"

namespace brahe::cpu {
namespace {

TEST(BpfRightsTest, AreNeededForAnOpenMapIfACallOnOneIsRefusedWithoutThem) {
  const UniqueFd map(bpf_map_create(BPF_MAP_TYPE_HASH, "rights", sizeof(int), sizeof(int), 1, nullptr));
  ASSERT_TRUE(map.valid());
  const bool needed = OpenMapsNeedRights();
  EXPECT_TRUE(HasCapability(CAP_BPF)) << "they are given back";
  const WithoutCapabilities without({CAP_BPF, CAP_SYS_ADMIN, CAP_PERFMON});
  int key = 1, value = 2;
  const bool refused = bpf_map_update_elem(map.get(), &key, &value, BPF_ANY) != 0 && errno == EPERM;
  EXPECT_EQ(needed, refused);
  if (refused) return;
  __u32 count = 1;
  EXPECT_EQ(bpf_map_delete_batch(map.get(), &key, &count, nullptr), 0) << "what recycling does";
}

}  // namespace
}  // namespace brahe::cpu
