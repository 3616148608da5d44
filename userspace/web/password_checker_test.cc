#include "userspace/web/password_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace brahe::web {
namespace {

using Verdict = PasswordChecker::Verdict;
using ::testing::ElementsAre;

// Of "secret" with cost 4.
constexpr char kSecretHash[] = "$2y$04$KBCwKxOzLha2MUDgW0PjXe/hE/UCO9qF89dOydoHjSwxcHev5LRn.";
constexpr char kOtherHash[] = "$2y$05$KBCwKxOzLha2MUDgW0PjXe0eaf0G9CrvDgMvVH9jNxlNX/8i7bsn.";  // of "other", cost 5

TEST(IsPasswordOf, KnowsBcryptInAllItsSpellings) {
  EXPECT_TRUE(IsPasswordOf("secret", kSecretHash));
  EXPECT_FALSE(IsPasswordOf("Secret", kSecretHash));
  EXPECT_FALSE(IsPasswordOf("", kSecretHash));
  EXPECT_FALSE(IsPasswordOf(std::string("secret\0", 7), kSecretHash)) << "crypt would see its beginning only";
  // Of the reference implementation's own test vectors.
  EXPECT_TRUE(IsPasswordOf("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  EXPECT_TRUE(IsPasswordOf("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  EXPECT_TRUE(IsPasswordOf("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

TEST(IsPasswordOf, NothingIsThePasswordOfWhatIsNoHash) {
  for (const char* hash : {"", "secret", "*", "*0", "*1", "$2y$", "$2y$99$CCCCCCCCCCCCCCCCCCCCC."}) {
    EXPECT_FALSE(IsPasswordOf("secret", hash)) << hash;
    EXPECT_FALSE(IsPasswordOf(hash, hash)) << hash;
  }
}

// Of a cost that takes a day.
constexpr char kDearHash[] = "$2y$31$KBCwKxOzLha2MUDgW0PjXe0eaf0G9CrvDgMvVH9jNxlNX/8i7bsn.";

class PasswordCheckerTest : public testing::Test {
 protected:
  PasswordCheckerTest() : checker_([this](const auto& password, const auto& hash) { return Verify(password, hash); }) {}

  bool Verify(const std::string& password, const std::string& hash) {
    gate_.wait();
    const std::lock_guard lock(mutex_);
    hashes_.push_back(hash);
    return hash == "hash of " + password || (hash == kDearHash && password == "dear");
  }

  Verdict Check(const std::string& user, const std::string& password) {
    std::promise<Verdict> verdict;
    checker_.Check({"peer", user, password}, [&](Verdict v) { verdict.set_value(v); });
    return verdict.get_future().get();
  }

  std::vector<std::string> Hashes() {
    const std::lock_guard lock(mutex_);
    return hashes_;
  }

  std::promise<void> open_;
  std::shared_future<void> gate_ = open_.get_future();
  std::mutex mutex_;
  std::vector<std::string> hashes_;  // that were looked at
  PasswordChecker checker_;
};

TEST_F(PasswordCheckerTest, RemembersARightPasswordAndNoWrongOne) {
  open_.set_value();
  checker_.SetUsers({{"alice", "hash of a"}});
  EXPECT_EQ(Check("alice", "a"), Verdict::kRight);
  EXPECT_EQ(Check("alice", "a"), Verdict::kRight);
  EXPECT_THAT(Hashes(), ElementsAre("hash of a"));
  EXPECT_EQ(Check("alice", "b"), Verdict::kWrong);
  EXPECT_EQ(Check("alice", "b"), Verdict::kWrong);
  EXPECT_THAT(Hashes(), ElementsAre("hash of a", "hash of a", "hash of a"));
  EXPECT_EQ(Check("alice", "a"), Verdict::kRight) << "a wrong one makes it forget nothing";
  EXPECT_EQ(Hashes().size(), 3U);
}

TEST_F(PasswordCheckerTest, ForgetsWithTheHashThatWasRight) {
  open_.set_value();
  checker_.SetUsers({{"alice", "hash of a"}, {"bob", "hash of b"}});
  EXPECT_EQ(Check("alice", "a"), Verdict::kRight);
  EXPECT_EQ(Check("bob", "b"), Verdict::kRight);
  checker_.SetUsers({{"alice", "hash of c"}, {"bob", "hash of b"}});
  EXPECT_EQ(Check("alice", "a"), Verdict::kWrong);
  EXPECT_EQ(Check("alice", "c"), Verdict::kRight);
  const size_t looked = Hashes().size();
  EXPECT_EQ(Check("bob", "b"), Verdict::kRight);
  EXPECT_EQ(Hashes().size(), looked) << "bob's did not change";
  checker_.SetUsers({});
  EXPECT_EQ(Check("bob", "b"), Verdict::kWrong);
  checker_.SetUsers({{"bob", "hash of b"}});
  EXPECT_EQ(Check("bob", "b"), Verdict::kRight);
}

TEST_F(PasswordCheckerTest, ANameThatNobodyHasIsNotChecked) {
  checker_.SetUsers({{"alice", "hash of a"}});
  EXPECT_EQ(Check("mallory", "x"), Verdict::kWrong) << "though no check has ended";
  open_.set_value();
  EXPECT_EQ(Check("alice", "a"), Verdict::kRight);
  EXPECT_THAT(Hashes(), ElementsAre("hash of a"));
}

TEST_F(PasswordCheckerTest, AHundredWhoGuessNamesTakeNoPlaceOfOneWhoKnowsOne) {
  checker_.SetUsers({{"alice", kDearHash}});  // no refusal comes within hours
  std::atomic<int> answered = 0;
  for (int i = 0; i < 100; ++i) {
    checker_.Check({"peer", "mallory" + std::to_string(i), "x"}, [&](Verdict) { ++answered; });
  }
  open_.set_value();
  EXPECT_EQ(Check("alice", "dear"), Verdict::kRight);
  EXPECT_EQ(answered, 0);
}

TEST_F(PasswordCheckerTest, ARefusalTellsNothingOfTheName) {
  open_.set_value();
  checker_.SetUsers({{"cheap", "hash of a"}, {"dear", kDearHash}});
  std::atomic<int> answered = 0;
  for (const char* user : {"cheap", "dear", "nobody"}) checker_.Check({user, user, "x"}, [&](Verdict) { ++answered; });
  EXPECT_EQ(Check("cheap", "a"), Verdict::kRight) << "its hash is not the dearest's";
  while (Hashes().size() < 3) std::this_thread::yield();
  EXPECT_EQ(answered, 0) << "all wait as long as for the dearest";
}

TEST_F(PasswordCheckerTest, OneWhoAsksMuchHoldsUpNobodyElse) {
  checker_.SetUsers({{"alice", "hash of a"}});
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 100; ++i) checker_.Check({"guesser", "alice", "x"}, [&](Verdict) { ++wrong; });
  std::promise<int> checked;
  checker_.Check({"other", "alice", "a"}, [&](Verdict verdict) {
    EXPECT_EQ(verdict, Verdict::kRight);
    checked.set_value(static_cast<int>(Hashes().size()));
  });
  open_.set_value();
  EXPECT_LE(checked.get_future().get(), 2) << "the one that was being checked, and its own";
  while (wrong < 100) std::this_thread::yield();
}

TEST_F(PasswordCheckerTest, SaysThatItIsBusyInsteadOfQueueingForEver) {
  checker_.SetUsers({{"alice", "hash of a"}});
  std::atomic<int> wrong = 0;
  std::atomic<int> busy = 0;
  std::promise<void> all;
  for (int i = 0; i < 300; ++i) {
    checker_.Check({"peer", "alice", "x"}, [&](Verdict verdict) {
      ++(verdict == Verdict::kBusy ? busy : wrong);
      if (busy + wrong == 300) all.set_value();
    });
  }
  EXPECT_GE(busy, 300 - 129);
  open_.set_value();
  all.get_future().get();
  EXPECT_GE(wrong, 128);
  EXPECT_EQ(Check("alice", "a"), Verdict::kRight);
}

TEST(PasswordChecker, DropsWhatWaitsWhenItGoes) {
  auto owned = std::make_shared<int>();
  {
    std::promise<void> open;
    PasswordChecker checker([gate = open.get_future().share()](const auto&, const auto&) {
      gate.wait();
      return false;
    });
    for (int i = 0; i < 5; ++i) checker.Check({"peer", "a", "b"}, [owned](Verdict) {});
    open.set_value();
  }
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(PasswordChecker, ChecksRealHashes) {
  PasswordChecker checker;
  checker.SetUsers({{"alice", kSecretHash}, {"bob", kOtherHash}});
  const auto check = [&](const std::string& user, const std::string& password) {
    std::promise<Verdict> verdict;
    checker.Check({"peer", user, password}, [&](Verdict v) { verdict.set_value(v); });
    return verdict.get_future().get();
  };
  EXPECT_EQ(check("alice", "secret"), Verdict::kRight);
  EXPECT_EQ(check("bob", "other"), Verdict::kRight);
  EXPECT_EQ(check("bob", "secret"), Verdict::kWrong);
  EXPECT_EQ(check("carol", "secret"), Verdict::kWrong);
}

}  // namespace
}  // namespace brahe::web
