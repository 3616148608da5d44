#include "userspace/attribution/baseline_state.h"

#include <gtest/gtest.h>

#include <random>

namespace brahe::attribution {
namespace {

std::string Written(const std::vector<ZoneBaseline>& learnt, const std::vector<std::string>& zones) {
  std::string message;
  ProtobufWriter writer(message);
  WriteBaseline(learnt, zones, writer);
  return message;
}

std::vector<ZoneBaseline> RandomBaselines(std::mt19937_64& random) {
  std::vector<ZoneBaseline> learnt(random() % 4);
  for (ZoneBaseline& zone : learnt) {
    for (PowerMemory* memory : {&zone.quiet, &zone.awake}) {
      for (uint64_t n = random() % 60; n > 0; --n) memory->Add({random() >> random() % 64});
    }
  }
  return learnt;
}

void ExpectEqual(const ZoneBaseline& a, const ZoneBaseline& b) {
  EXPECT_EQ(a.quiet.InOrder(), b.quiet.InOrder());
  EXPECT_EQ(a.awake.InOrder(), b.awake.InOrder());
}

TEST(BaselineStateTest, IsReadAsItWasWritten) {
  std::mt19937_64 random(1);
  const std::vector<std::string> zones = {"a", "b", "c", "d"};
  for (int i = 0; i < 300; ++i) {
    std::vector<ZoneBaseline> learnt = RandomBaselines(random);
    auto read = ReadBaseline(Written(learnt, zones), zones);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), zones.size());
    learnt.resize(zones.size());
    for (size_t z = 0; z < zones.size(); ++z) {
      ExpectEqual((*read)[z], learnt[z]);
      // Both go on to forget the same.
      for (const uint64_t power : {1, 2, 3}) {
        learnt[z].quiet.Add({power});
        (*read)[z].quiet.Add({power});
      }
      ExpectEqual((*read)[z], learnt[z]);
    }
  }
}

TEST(BaselineStateTest, AZoneThatCameOrWentDoesNotShiftTheOthers) {
  std::vector<ZoneBaseline> learnt(3);
  for (size_t z = 0; z < 3; ++z) learnt[z].quiet.Add(Watts(z + 1));
  const auto read = ReadBaseline(Written(learnt, {"a", "b", "c"}), {"new", "c", "a"});
  ASSERT_TRUE(read);
  EXPECT_TRUE((*read)[0].quiet.InOrder().empty());
  EXPECT_EQ((*read)[1].quiet.InOrder(), std::vector{Watts(3)});
  EXPECT_EQ((*read)[2].quiet.InOrder(), std::vector{Watts(1)});
}

}  // namespace
}  // namespace brahe::attribution
