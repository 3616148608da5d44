#include "userspace/web/password_checker.h"

#include <crypt.h>
#include <glog/logging.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "userspace/base/file.h"

namespace brahe::web {
namespace {

constexpr int kNiceness = 10;
// After a wrong password the thread sleeps so many times as long as it has worked.
constexpr uint64_t kRest = 3;

// The cost in "$2b$10$salt and hash"; 0 where that is no bcrypt hash.
unsigned CostOf(std::string_view hash) {
  const Result<uint64_t> cost = ParseUint64(hash.size() > 6 ? hash.substr(4, 2) : std::string_view());
  return cost ? static_cast<unsigned>(std::min<uint64_t>(*cost, 31)) : 0;
}

// What a hash of that cost takes on this machine. Each step doubles it, so that a cheap one was measured, once.
Nanoseconds TimeOfHash(unsigned cost) {
  constexpr unsigned kMeasured = 5;
  static const Nanoseconds measured = [] {
    constexpr char kHash[] = "$2b$05$......................O000000000000000000000000000000";
    auto least = Nanoseconds{UINT64_MAX};  // another process may have had the CPU meanwhile
    for (int i = 0; i < 3; ++i) {
      const Nanoseconds begin = SystemClock().Now();
      IsPasswordOf("", kHash);
      least = std::min(least, SystemClock().Now() - begin);
    }
    return least;
  }();
  return cost < kMeasured ? measured / (uint64_t{1} << (kMeasured - cost))
                          : measured * (uint64_t{1} << (cost - kMeasured));
}

// So long as the dearest user's wrong password and the rest after it keep the thread.
Nanoseconds TimeOfRefusal(const std::map<std::string, std::string>& users) {
  unsigned dearest = 0;
  for (const auto& [user, hash] : users) dearest = std::max(dearest, CostOf(hash));
  return TimeOfHash(dearest) * (1 + kRest);
}

bool SameBytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && gnutls_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

bool IsPasswordOf(const std::string& password, const std::string& bcrypt_hash) {
  const auto data = std::make_unique<crypt_data>();  // 32 KiB
  const char* made = crypt_r(password.c_str(), bcrypt_hash.c_str(), data.get());
  const bool right = made != nullptr && SameBytes(made, bcrypt_hash);
  gnutls_memset(data.get(), 0, sizeof(*data));
  return right && password.find('\0') == std::string::npos;
}

PasswordChecker::PasswordChecker(Verify verify, const Clock& clock) : verify_(std::move(verify)), clock_(clock) {
  CHECK_EQ(gnutls_rnd(GNUTLS_RND_KEY, key_.data(), key_.size()), 0) << "no random numbers";
  checks_ = std::thread([this] { CheckThem(); });
  refusals_ = std::thread([this] { RefuseThem(); });
}

PasswordChecker::~PasswordChecker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_one();
  refused_.notify_one();
  checks_.join();
  refusals_.join();
}

void PasswordChecker::SetUsers(std::map<std::string, std::string> users) {
  const Nanoseconds refusal = users.empty() ? Nanoseconds() : TimeOfRefusal(users);
  const std::lock_guard lock(mutex_);
  std::erase_if(rights_, [&](const auto& right) { return !users.contains(right.first); });
  refusal_ = refusal;
  users_ = std::move(users);
}

void PasswordChecker::Check(Attempt attempt, Done done) {
  std::optional<PasswordQuestion> crowded_out;
  bool remembered = false;
  {
    const std::lock_guard lock(mutex_);
    remembered = IsRemembered(attempt.user, attempt.password);
    if (!remembered) {
      const bool is_user = users_.contains(attempt.user);
      PasswordQuestion question{.peer = std::move(attempt.peer),
                                .user = std::move(attempt.user),
                                .password = std::move(attempt.password),
                                .done = std::move(done)};
      const Nanoseconds now = clock_.Now();
      crowded_out = is_user ? queue_.AddToCheck(std::move(question), now, refusal_)
                            : queue_.AddWrong(std::move(question), now, refusal_);
      asked_.notify_one();
      refused_.notify_one();
    }
  }
  if (remembered) done(Verdict::kRight);
  if (crowded_out) crowded_out->done(Verdict::kBusy);
}

void PasswordChecker::CheckThem() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  while (std::optional<PasswordQuestion> question = NextQuestion()) {
    const Nanoseconds begin = clock_.Now();
    const bool right = Verified(*question);
    const Nanoseconds took = clock_.Now() - begin;
    if (right) {
      question->done(Verdict::kRight);
      continue;
    }
    {
      const std::lock_guard lock(mutex_);
      queue_.Refuse(*std::move(question));
    }
    refused_.notify_one();
    if (!Rest(took * kRest)) return;
  }
}

void PasswordChecker::RefuseThem() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Nanoseconds now = clock_.Now();
    if (std::optional<PasswordQuestion> question = queue_.Refused(now)) {
      lock.unlock();
      question->done(question->refusal);
      question.reset();
      lock.lock();
    } else if (const auto next = queue_.NextRefusal()) {
      refused_.wait_for(lock, std::chrono::nanoseconds((*next - now).value));
    } else {
      refused_.wait(lock);
    }
  }
}

std::optional<PasswordQuestion> PasswordChecker::NextQuestion() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (auto question = queue_.NextToCheck()) return question;
    asked_.wait(lock);
  }
  return std::nullopt;
}

bool PasswordChecker::Rest(Nanoseconds time) {
  std::unique_lock lock(mutex_);
  return !asked_.wait_for(lock, std::chrono::nanoseconds(time.value), [this] { return stopping_; });
}

bool PasswordChecker::Verified(const PasswordQuestion& question) {
  std::string hash;
  {
    const std::lock_guard lock(mutex_);
    // It may have been asked again before the first answer.
    if (IsRemembered(question.user, question.password)) return true;
    const auto user = users_.find(question.user);
    if (user == users_.end()) return false;  // no more
    hash = user->second;
  }
  if (!verify_(question.password, hash)) return false;
  const std::lock_guard lock(mutex_);
  const auto user = users_.find(question.user);
  if (user == users_.end() || user->second != hash) return false;  // changed meanwhile
  rights_[question.user] = DigestOf(hash, question.password);
  return true;
}

bool PasswordChecker::IsRemembered(const std::string& user, const std::string& password) const {
  const auto right = rights_.find(user);
  if (right == rights_.end()) return false;
  const Digest digest = DigestOf(users_.at(user), password);
  return gnutls_memcmp(digest.data(), right->second.data(), digest.size()) == 0;
}

PasswordChecker::Digest PasswordChecker::DigestOf(const std::string& hash, const std::string& password) const {
  const std::string text = hash + '\0' + password;
  Digest digest;
  CHECK_EQ(gnutls_hmac_fast(GNUTLS_MAC_SHA256, key_.data(), key_.size(), text.data(), text.size(), digest.data()), 0);
  return digest;
}

}  // namespace brahe::web
