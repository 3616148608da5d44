#include "userspace/kube/unlisted_pods.h"

#include <gtest/gtest.h>

#include <set>

#include "userspace/base/fake_clock.h"

namespace brahe::kube {
namespace {

class UnlistedPodsTest : public testing::Test {
 protected:
  // What is found by news that tell of these.
  std::string FindAfter(const std::set<std::string>& listed) {
    pods_.Forget([&](const std::string& uid) { return listed.contains(uid); }, clock_.Now());
    const UnlistedPods::Finding finding = pods_.Find(clock_.Now());
    return std::to_string(finding.pods) + " " + finding.uid;
  }

  FakeClock clock_;
  UnlistedPods pods_{{.patience = Seconds(15), .memory = Seconds(300), .max_pods = 3}};
};

TEST_F(UnlistedPodsTest, APodIsMissingOnceItHasBeenAskedForForSomeTime) {
  EXPECT_EQ(FindAfter({}), "0 ");
  pods_.Ask("u2", clock_.Now());
  clock_.Advance(Seconds(10));
  pods_.Ask("u1", clock_.Now()), pods_.Ask("u2", clock_.Now());
  clock_.Advance(Seconds(4));
  EXPECT_EQ(FindAfter({}), "0 ");
  clock_.Advance(Seconds(1));
  EXPECT_EQ(FindAfter({}), "1 u2");
  clock_.Advance(Seconds(10));
  EXPECT_EQ(FindAfter({}), "2 u1");
}

TEST_F(UnlistedPodsTest, APodThatIsToldOfIsNotMissing) {
  pods_.Ask("u1", clock_.Now()), pods_.Ask("u2", clock_.Now());
  clock_.Advance(Seconds(20));
  EXPECT_EQ(FindAfter({"u1"}), "1 u2");
  EXPECT_EQ(FindAfter({"u1", "u2"}), "0 ");
}

TEST_F(UnlistedPodsTest, APodThatNobodyAsksForAnyMoreIsForgotten) {
  pods_.Ask("u1", clock_.Now());
  clock_.Advance(Seconds(200));
  pods_.Ask("u1", clock_.Now());
  clock_.Advance(Seconds(299));
  EXPECT_EQ(FindAfter({}), "1 u1");
  clock_.Advance(Seconds(1));
  EXPECT_EQ(FindAfter({}), "0 ");
}

TEST_F(UnlistedPodsTest, KeepsNoMoreThanItsBound) {
  for (const char* uid : {"u1", "u2", "u3", "u4"}) pods_.Ask(uid, clock_.Now());
  clock_.Advance(Seconds(15));
  EXPECT_EQ(FindAfter({}), "3 u1");
}

}  // namespace
}  // namespace brahe::kube
