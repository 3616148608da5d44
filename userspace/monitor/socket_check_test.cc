#include "userspace/monitor/socket_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/base/fake_clock.h"
#include "userspace/energy/log_lines.h"

namespace brahe::monitor {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr energy::CpuLoad kLoad{.capacity = Seconds(5), .busy = Seconds(1)};

class SocketCheckTest : public testing::Test {
 protected:
  const std::vector<energy::Zone> zones{{.name = "package", .path = "/p0", .socket = 0},
                                        {.name = "package", .path = "/p3", .socket = 3},
                                        {.name = "psys", .path = "/y", .socket = {}}};
  FakeClock clock;
  energy::LogLines log;
  SocketCheck check{zones, clock};
};

TEST_F(SocketCheckTest, AZoneWhoseSocketHasNoCpuIsSaidOnceWithTheSocketsKnown) {
  for (int i = 0; i < 3; ++i) check.Look({{0, kLoad}, {1, kLoad}});
  EXPECT_THAT(log.lines, ElementsAre(AllOf(HasSubstr("W Zone package of socket 3 (/p3)"),
                                           HasSubstr("sockets with CPUs: 0, 1)"), HasSubstr("booked as idle"))));
}

TEST_F(SocketCheckTest, ASocketWithoutCapacityHasNoCpu) {
  check.Look({{0, {}}, {3, kLoad}});
  EXPECT_THAT(log.lines, ElementsAre(AllOf(HasSubstr("package of socket 0"), HasSubstr("with CPUs: 3)"))));
}

TEST_F(SocketCheckTest, ZonesOfSocketsWithCpusAndOfTheWholeMachineAreNothingToSay) {
  check.Look({{0, kLoad}, {3, kLoad}});
  EXPECT_THAT(log.lines, IsEmpty());
}

TEST_F(SocketCheckTest, ASocketThatComesOnlineIsSaid) {
  check.Look({{0, kLoad}});
  check.Look({{0, kLoad}, {3, kLoad}});
  EXPECT_THAT(log.lines, ElementsAre(HasSubstr("W Zone package of socket 3"),
                                     AllOf(HasSubstr("I Zone package of socket 3"), HasSubstr("has an online CPU"))));
}

}  // namespace
}  // namespace brahe::monitor
