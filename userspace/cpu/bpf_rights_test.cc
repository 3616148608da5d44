// Live on the kernel that this test runs on. Needs root.
#include "userspace/cpu/bpf_rights.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "userspace/base/capabilities.h"
#include "userspace/base/file.h"

namespace brahe::cpu {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

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

std::vector<cap_value_t> MissingWith(bool kernel_knows_cap_bpf, const std::set<cap_value_t>& had) {
  return MissingForBpf(kernel_knows_cap_bpf, [&](cap_value_t capability) { return had.contains(capability); });
}

TEST(BpfRightsTest, ThoseThatAreMissingAreNamedAndNoOthers) {
  EXPECT_THAT(MissingWith(true, {}), ElementsAre(CAP_BPF, CAP_PERFMON));
  EXPECT_THAT(MissingWith(true, {CAP_BPF}), ElementsAre(CAP_PERFMON));
  EXPECT_THAT(MissingWith(true, {CAP_PERFMON, CAP_SYS_PTRACE}), ElementsAre(CAP_BPF));
  EXPECT_THAT(MissingWith(true, {CAP_BPF, CAP_PERFMON}), IsEmpty());
  EXPECT_THAT(MissingWith(true, {CAP_SYS_ADMIN}), IsEmpty());
  EXPECT_THAT(MissingWith(false, {CAP_SYS_ADMIN}), IsEmpty());
  EXPECT_THAT(MissingWith(false, {CAP_SYS_PTRACE}), ElementsAre(CAP_SYS_ADMIN)) << "before Linux 5.8";
}

TEST(BpfRightsTest, TheRemedyIsThatOfTheUser) {
  EXPECT_EQ(RemedyOf({.lacks = {}, .user = 0}), "");
  EXPECT_EQ(RemedyOf({.lacks = {}, .user = 65534}), "");
  EXPECT_EQ(RemedyOf({.lacks = {CAP_PERFMON}, .user = 0}), "this process lacks CAP_PERFMON: grant it");
  EXPECT_EQ(RemedyOf({.lacks = {CAP_BPF, CAP_PERFMON}, .user = 0}),
            "this process lacks CAP_BPF and CAP_PERFMON: grant them");
  const std::string of_user = RemedyOf({.lacks = {CAP_BPF}, .user = 65534});
  EXPECT_THAT(of_user, StartsWith("this process lacks CAP_BPF, as user 65534: run it as root, or grant it as ambient "
                                  "capabilities or by capabilities of its file; "));
  EXPECT_THAT(of_user, EndsWith("added to a container are not ambient, so that there it is user 0 who has them"));
  EXPECT_THAT(RemedyOf({.lacks = {CAP_BPF}, .user = 1, .no_new_privs = true}), Not(HasSubstr("its file")));
  EXPECT_THAT(RemedyOf({.lacks = {}, .user = 0, .in_user_namespace = true}), HasSubstr("user namespace of its own"));
}

TEST(BpfRightsTest, AreThoseOfTheThreadNow) {
  EXPECT_THAT(BpfRightsOfThread().lacks, IsEmpty());
  {
    const WithoutCapabilities without({CAP_PERFMON, CAP_SYS_ADMIN});
    EXPECT_THAT(BpfRightsOfThread().lacks, ElementsAre(CAP_PERFMON));
  }
  EXPECT_EQ(BpfRightsOfThread().user, geteuid());
  EXPECT_FALSE(BpfRightsOfThread().in_user_namespace);
  // In a child: there is no way back.
  EXPECT_EXIT(
      {
        const bool is_in = unshare(CLONE_NEWUSER) == 0 && BpfRightsOfThread().in_user_namespace;
        _exit(is_in ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace brahe::cpu
