#include "userspace/web/local_access.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

namespace brahe::web {
namespace {

LocalGuests Guests(const std::vector<std::string>& texts) {
  std::vector<LocalRule> rules;
  for (const std::string& text : texts) rules.push_back(*ParseLocalRule(text));
  return GuestsOf(rules);
}

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

// What a guarded handler that says "in" answers.
http::HttpResponse Answer(LocalAccess& access, std::optional<http::LocalPeer> peer) {
  http::HttpRequest request{.method = "GET", .path = "/metrics", .headers = {}};
  if (peer) request.peer = "uid " + std::to_string(peer->uid);
  request.local = std::move(peer);
  http::HttpResponse answer;
  const auto handler =
      access.Guard([](const http::HttpRequest&, http::Responder responder) { responder.Send({.body = "in\n"}); });
  handler(request, http::Responder([&](http::HttpResponse response) { answer = std::move(response); }));
  return answer;
}

TEST(LocalAccess, RefusesInOneLineThatNamesTheUserAndTheSetting) {
  const auto access = LocalAccess::Make({"user:1000"});
  ASSERT_TRUE(access);
  EXPECT_EQ(Answer(**access, http::LocalPeer{.uid = 1000}).body, "in\n");
  EXPECT_EQ(Answer(**access, http::LocalPeer{.uid = geteuid()}).body, "in\n");
  const auto refused = Answer(**access, http::LocalPeer{.uid = 1001, .groups = {1000}});
  EXPECT_EQ(refused.status, 403U);
  EXPECT_EQ(refused.body, "uid 1001 may not ask here: web.localSocket.allow does not name it\n");
}

TEST(LocalAccess, RefusesWhomItDoesNotKnow) {
  const auto access = LocalAccess::Make({"everyone"});
  ASSERT_TRUE(access);
  EXPECT_EQ(Answer(**access, std::nullopt).status, 403U);
}

TEST(LocalAccess, AFaultIsAnError) {
  const auto access = LocalAccess::Make({"root", "ada"});
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().message,
            "web.localSocket.allow: \"ada\" is nobody who could be let in (root, everyone, user:NAME or group:NAME)");
}

}  // namespace
}  // namespace brahe::web
