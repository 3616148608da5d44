#include "userspace/http/connection_table.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "userspace/base/fake_clock.h"
#include "userspace/base/file.h"

namespace brahe::http {
namespace {

using Connection = ConnectionTable::Connection;

constexpr HttpLimits kLimits = {.connections = 2,
                                .first_request = Seconds(10),
                                .idle = Seconds(120),
                                .answer = Seconds(60),
                                .giving_way = Seconds(10)};

// The server's end of a connection, and the client's, which sees whether that was shut down.
class Pair {
 public:
  Pair() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    server_.Reset(ends[0]);
    client_.Reset(ends[1]);
  }

  [[nodiscard]] int fd() const { return server_.get(); }
  [[nodiscard]] bool ended() const {
    char byte;
    return recv(client_.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }

 private:
  UniqueFd server_;
  UniqueFd client_;
};

class ConnectionTableTest : public testing::Test {
 protected:
  Connection& Start(const Pair& pair) {
    EXPECT_TRUE(table_.Admit(pair.fd()));
    Connection* const connection = table_.Started(pair.fd());
    EXPECT_NE(connection, nullptr);
    return *connection;
  }
  void Wait(Nanoseconds time) {
    clock_.Advance(time);
    table_.EndOverdue();
  }

  FakeClock clock_;
  ConnectionTable table_{kLimits, clock_};
  Pair first_, second_, third_;
};

TEST_F(ConnectionTableTest, AFirstRequestHasSoManySecondsHoweverItComes) {
  Start(first_);
  Wait(Milliseconds(9'999));
  EXPECT_FALSE(first_.ended());
  Wait(Milliseconds(1));
  EXPECT_TRUE(first_.ended());
}

TEST_F(ConnectionTableTest, AnAnswerAndARestHaveLimitsOfTheirOwn) {
  Connection& answered = Start(first_);
  Connection& idle = Start(second_);
  Wait(Seconds(9));
  table_.Begin(answered);
  table_.Begin(idle);
  table_.Finished(idle);
  Wait(Milliseconds(59'999));
  EXPECT_FALSE(first_.ended());
  Wait(Milliseconds(1));
  EXPECT_TRUE(first_.ended());
  EXPECT_FALSE(second_.ended());
  Wait(Seconds(60));
  EXPECT_TRUE(second_.ended());
}

TEST_F(ConnectionTableTest, ANewOneTakesThePlaceOfTheOneThatWaitedLongest) {
  Start(first_);
  Wait(Seconds(1));
  Start(second_);
  EXPECT_TRUE(table_.Admit(third_.fd()));
  EXPECT_TRUE(first_.ended());
  EXPECT_FALSE(second_.ended());
}

TEST_F(ConnectionTableTest, AnIdleOneGivesWayAfterOneThatWasNeverServedAndBeforeOneThatIsAnswered) {
  Connection& idle = Start(first_);
  table_.Begin(idle);
  table_.Finished(idle);
  Wait(Seconds(5));
  Connection& other = Start(second_);
  EXPECT_TRUE(table_.EndOne());
  EXPECT_TRUE(second_.ended());
  table_.Closed(other);
  table_.Begin(Start(third_));
  Wait(Seconds(10));
  EXPECT_TRUE(table_.EndOne());
  EXPECT_TRUE(first_.ended());
  EXPECT_FALSE(third_.ended());
}

TEST_F(ConnectionTableTest, AnAnswerGivesWayOnlyAfterSomeSeconds) {
  table_.Begin(Start(first_));
  Wait(Seconds(1));
  table_.Begin(Start(second_));
  EXPECT_FALSE(table_.Admit(third_.fd()));
  Wait(Seconds(9));
  EXPECT_TRUE(table_.Admit(third_.fd()));
  EXPECT_TRUE(first_.ended());
  EXPECT_FALSE(second_.ended());
}

TEST_F(ConnectionTableTest, WhatIsEndedWhileItWaitsIsAnswered) {
  Connection& connection = Start(first_);
  table_.Begin(connection);
  Wait(Seconds(60));
  ASSERT_TRUE(first_.ended());
  EXPECT_FALSE(connection.exchange->Answer({})) << "there was an answer before";
}

TEST_F(ConnectionTableTest, WhatIsEndedIsNotCountedAndNotEndedAgain) {
  Start(first_);
  Start(second_);
  EXPECT_TRUE(table_.EndOne());
  EXPECT_TRUE(table_.EndOne());
  EXPECT_FALSE(table_.EndOne());
  EXPECT_TRUE(table_.Admit(third_.fd()));
}

TEST_F(ConnectionTableTest, ADescriptorIsNotTouchedOnceItIsClosed) {
  table_.Closed(Start(first_));
  ASSERT_TRUE(table_.Admit(second_.fd()));
  table_.Withdraw(second_.fd());
  Wait(Seconds(1000));
  EXPECT_FALSE(table_.EndOne());
  EXPECT_FALSE(first_.ended());
  EXPECT_FALSE(second_.ended());
  EXPECT_TRUE(table_.empty());
}

TEST_F(ConnectionTableTest, ADescriptorThatNeverGotToItsThreadIsForgottenUntouched) {
  ASSERT_TRUE(table_.Admit(first_.fd()));
  EXPECT_FALSE(table_.EndOne());
  Wait(Seconds(10));
  EXPECT_FALSE(first_.ended());
  EXPECT_TRUE(table_.empty());
  EXPECT_EQ(table_.Started(first_.fd()), nullptr);
}

TEST_F(ConnectionTableTest, RequestsAfterTheStopAreRefused) {
  Connection& connection = Start(first_);
  table_.Stop();
  table_.Begin(connection);
  EXPECT_FALSE(connection.exchange->Answer({})) << "there was an answer before";
}

TEST(ConnectionTableOfUsers, AUsersCrowdTakesItsOwnPlacesOnly) {
  FakeClock clock;
  ConnectionTable table({.connections = 4, .of_one_user = 2}, clock);
  const Pair root, first, second, third, other;
  const auto start = [&](const Pair& pair, uid_t user) {
    clock.Advance(Seconds(1));
    const bool admitted = table.Admit(pair.fd(), user);
    if (admitted) table.Started(pair.fd());
    return admitted;
  };
  EXPECT_TRUE(start(root, 0));
  EXPECT_TRUE(start(first, 1000));
  EXPECT_TRUE(start(second, 1000));
  EXPECT_TRUE(start(third, 1000));
  EXPECT_TRUE(first.ended());
  EXPECT_FALSE(second.ended());
  EXPECT_TRUE(start(other, 1001));
  for (const Pair* pair : {&root, &second, &third, &other}) EXPECT_FALSE(pair->ended());
}

TEST(ConnectionTableOfUsers, AUserWhoseRequestsAreAllBeingAnsweredGetsNoMore) {
  const FakeClock clock;
  ConnectionTable table({.connections = 4, .of_one_user = 1}, clock);
  const Pair first, second, other;
  ASSERT_TRUE(table.Admit(first.fd(), 1000));
  table.Begin(*table.Started(first.fd()));
  EXPECT_FALSE(table.Admit(second.fd(), 1000));
  EXPECT_TRUE(table.Admit(other.fd(), 1001));
}

}  // namespace
}  // namespace brahe::http
