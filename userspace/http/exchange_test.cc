#include "userspace/http/exchange.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace brahe::http {
namespace {

// An exchange that has an answer must not touch the connection, and null is the one that cannot be touched.
constexpr MHD_Connection* kUntouchable = nullptr;

TEST(Exchange, GivesTheFirstAnswerOnce) {
  Exchange exchange;
  EXPECT_TRUE(exchange.Answer({.status = 201}));
  EXPECT_FALSE(exchange.Answer({.status = 202}));
  const auto answer = exchange.TakeOrSuspend(kUntouchable);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 201U);
  EXPECT_FALSE(exchange.TakeOrSuspend(kUntouchable)) << "and does not suspend a connection that nobody will wake";
}

TEST(Exchange, DropsAnAnswerThatNobodyTook) {
  Exchange exchange;
  const auto body = std::make_shared<int>();
  exchange.Answer({.read = [body](char*, size_t) { return size_t{0}; }});
  EXPECT_EQ(body.use_count(), 2);
  exchange.Finish();
  EXPECT_EQ(body.use_count(), 1);
  EXPECT_FALSE(exchange.Answer({}));
  EXPECT_FALSE(exchange.TakeOrSuspend(kUntouchable));
}

TEST(Responder, AnswersOnce) {
  std::vector<unsigned> statuses;
  {
    Responder first([&](const HttpResponse& response) { statuses.push_back(response.status); });
    Responder second = std::move(first);
    second.Send({.status = 204});
    second.Send({.status = 205});
  }
  EXPECT_EQ(statuses, std::vector<unsigned>{204});
}

TEST(Responder, SaysThatTheServerFailedIfItIsDestroyedUnused) {
  std::vector<unsigned> statuses;
  Responder kept([&](const HttpResponse& response) { statuses.push_back(response.status); });
  {
    Responder dropped([&](const HttpResponse& response) { statuses.push_back(response.status); });
    std::swap(kept, dropped);
  }
  EXPECT_EQ(statuses, std::vector<unsigned>{500});
  kept.Send({});
}

}  // namespace
}  // namespace brahe::http
