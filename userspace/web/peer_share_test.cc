#include "userspace/web/peer_share.h"

#include <gtest/gtest.h>

namespace brahe::web {
namespace {

TEST(ShareOf, IsTheAddressOfIpv4AndTheNetworkOfIpv6) {
  EXPECT_EQ(ShareOf("192.0.2.1"), "192.0.2.1");
  EXPECT_NE(ShareOf("192.0.2.1"), ShareOf("192.0.2.2"));
  EXPECT_EQ(ShareOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
  EXPECT_EQ(ShareOf("2001:db8:1:2:3:4:5:6"), ShareOf("2001:db8:1:2::1"));
  EXPECT_NE(ShareOf("2001:db8:1:2::1"), ShareOf("2001:db8:1:3::1"));
  EXPECT_EQ(ShareOf(""), "");
}

}  // namespace
}  // namespace brahe::web
