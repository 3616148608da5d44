#include "userspace/exporter/web/password_checker.h"

#include <crypt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

namespace brahe {
namespace {

using Verdict = PasswordChecker::Verdict;
using ::testing::ElementsAre;
using ::testing::StartsWith;

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

class PasswordCheckerTest : public testing::Test {
 protected:
  PasswordCheckerTest() : checker_([this](const auto& password, const auto& hash) { return Verify(password, hash); }) {}

  bool Verify(const std::string& password, const std::string& hash) {
    gate_.wait();
    const std::lock_guard lock(mutex_);
    hashes_.push_back(hash);
    return hash == "hash of " + password;
  }

  Verdict Check(const std::string& user, const std::string& password) {
    std::promise<Verdict> verdict;
    checker_.Check(user, password, [&](Verdict v) { verdict.set_value(v); });
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

TEST_F(PasswordCheckerTest, AUserWhoDoesNotExistCostsAsMuchAsTheDearest) {
  open_.set_value();
  checker_.SetUsers({{"alice", kSecretHash}, {"bob", kOtherHash}});
  EXPECT_EQ(Check("mallory", "x"), Verdict::kWrong);
  ASSERT_EQ(Hashes().size(), 1U);
  EXPECT_THAT(Hashes()[0], StartsWith("$2b$05$"));
  EXPECT_EQ(Hashes()[0].size(), 60U);
}

TEST_F(PasswordCheckerTest, NobodysHashIsOneThatCryptTakesTimeFor) {
  open_.set_value();
  EXPECT_EQ(Check("mallory", "x"), Verdict::kWrong);
  crypt_data data = {};
  const std::string made = crypt_r("x", Hashes().at(0).c_str(), &data);
  EXPECT_THAT(made, StartsWith(Hashes()[0].substr(0, 29))) << "the same salt, so it was made";
}

TEST_F(PasswordCheckerTest, SaysThatItIsBusyInsteadOfQueueingForEver) {
  checker_.SetUsers({{"alice", "hash of a"}});
  std::atomic<int> wrong = 0;
  std::atomic<int> busy = 0;
  std::promise<void> all;
  for (int i = 0; i < 100; ++i) {
    checker_.Check("mallory", "x", [&](Verdict verdict) {
      ++(verdict == Verdict::kBusy ? busy : wrong);
      if (busy + wrong == 100) all.set_value();
    });
  }
  EXPECT_GE(busy, 100 - 65);
  open_.set_value();
  all.get_future().get();
  EXPECT_GE(wrong, 64);
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
    for (int i = 0; i < 5; ++i) checker.Check("a", "b", [owned](Verdict) {});
    open.set_value();
  }
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(PasswordChecker, ChecksRealHashes) {
  PasswordChecker checker;
  checker.SetUsers({{"alice", kSecretHash}, {"bob", kOtherHash}});
  const auto check = [&](const std::string& user, const std::string& password) {
    std::promise<Verdict> verdict;
    checker.Check(user, password, [&](Verdict v) { verdict.set_value(v); });
    return verdict.get_future().get();
  };
  EXPECT_EQ(check("alice", "secret"), Verdict::kRight);
  EXPECT_EQ(check("bob", "other"), Verdict::kRight);
  EXPECT_EQ(check("bob", "secret"), Verdict::kWrong);
  EXPECT_EQ(check("carol", "secret"), Verdict::kWrong);
}

}  // namespace
}  // namespace brahe
