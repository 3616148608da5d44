#include "userspace/web/local_guests.h"

#include <gtest/gtest.h>

namespace brahe::web {
namespace {

LocalGuests Guests(const std::vector<std::string>& texts) { return *GuestsOf("the setting", texts); }

TEST(LocalGuests, AreUsersAndGroupsByNumber) {
  const LocalGuests guests = Guests({"root", "user:1000", "group:50"});
  EXPECT_TRUE(guests.Have({.uid = 0, .groups = {0}}));
  EXPECT_TRUE(guests.Have({.uid = 1000, .groups = {1000}}));
  EXPECT_TRUE(guests.Have({.uid = 1001, .groups = {50}}));
  EXPECT_TRUE(guests.Have({.uid = 1001, .groups = {1001, 4, 50}}));
  EXPECT_FALSE(guests.Have({.uid = 1001, .groups = {1000}}));
  EXPECT_FALSE(guests.Have({.uid = 50, .groups = {0}}));
  EXPECT_FALSE(Guests({}).Have({.uid = 0, .groups = {0}}));
  EXPECT_TRUE(Guests({"everyone"}).Have({.uid = 1001, .groups = {}}));
}

TEST(LocalGuests, AreUsersAndGroupsByName) {
  const LocalGuests guests = Guests({"user:daemon", "group:adm"});
  EXPECT_EQ(guests.users, std::set<uid_t>{1});
  EXPECT_EQ(guests.groups, std::set<gid_t>{4});
}

TEST(LocalGuests, ANameThatNobodyHasLetsNobodyIn) {
  const LocalGuests guests = Guests({"user:no such user", "group:no such group", "user:4294967295", "user:-1"});
  EXPECT_FALSE(guests.everyone);
  EXPECT_TRUE(guests.users.empty());
  EXPECT_TRUE(guests.groups.empty());
}

TEST(LocalGuests, ARowThatIsNoneIsAnErrorThatNamesTheSetting) {
  const auto guests = GuestsOf("the setting", {"root", "somebody"});
  ASSERT_FALSE(guests);
  EXPECT_TRUE(guests.error().message.starts_with("the setting: ")) << guests.error().message;
}

}  // namespace
}  // namespace brahe::web
