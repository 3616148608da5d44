#include "userspace/web/local_access.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

namespace brahe::web {
namespace {

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
