#include "userspace/exporter/web/password_checker.h"

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

namespace brahe {
namespace {

constexpr size_t kMostWaiting = 64;
constexpr int kNiceness = 10;
// After a wrong password the thread sleeps so many times as long as it has worked.
constexpr uint64_t kRest = 3;

// The hash that nobody has where there are no users, of the usual cost.
constexpr std::string_view kUsualPrefix = "$2b$10$";
constexpr std::string_view kNobodysSaltAndHash = "......................O000000000000000000000000000000";

// Of "$2b$10$salt and hash".
std::string_view CostOf(std::string_view hash) { return hash.size() > 6 ? hash.substr(4, 2) : std::string_view(); }

std::string NobodysHash(const std::map<std::string, std::string>& users) {
  std::string hash = std::string(kUsualPrefix) + std::string(kNobodysSaltAndHash);
  const auto dearest = std::max_element(
      users.begin(), users.end(), [](const auto& a, const auto& b) { return CostOf(a.second) < CostOf(b.second); });
  if (dearest != users.end()) hash.replace(4, 2, CostOf(dearest->second));
  return hash;
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
  SetUsers({});
  thread_ = std::thread([this] { Run(); });
}

PasswordChecker::~PasswordChecker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void PasswordChecker::SetUsers(std::map<std::string, std::string> users) {
  const std::lock_guard lock(mutex_);
  std::erase_if(rights_, [&](const auto& right) { return !users.contains(right.first); });
  nobodys_hash_ = NobodysHash(users);
  users_ = std::move(users);
}

void PasswordChecker::Check(std::string user, std::string password, Done done) {
  Verdict verdict = Verdict::kBusy;
  {
    const std::lock_guard lock(mutex_);
    if (IsRemembered(user, password)) {
      verdict = Verdict::kRight;
    } else if (questions_.size() < kMostWaiting) {
      questions_.push_back({std::move(user), std::move(password), std::move(done)});
      changed_.notify_one();
      return;
    }
  }
  done(verdict);
}

void PasswordChecker::Run() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  Question question;
  while (NextQuestion(question)) {
    const Nanoseconds begin = clock_.Now();
    const bool right = Verified(question);
    const Nanoseconds took = clock_.Now() - begin;
    question.done(right ? Verdict::kRight : Verdict::kWrong);
    question = {};
    if (!right && !Rest(took * kRest)) return;
  }
}

bool PasswordChecker::NextQuestion(Question& question) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
  if (stopping_) return false;
  question = std::move(questions_.front());
  questions_.pop_front();
  return true;
}

bool PasswordChecker::Rest(Nanoseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, std::chrono::nanoseconds(time.value), [this] { return stopping_; });
}

bool PasswordChecker::Verified(const Question& question) {
  std::string hash;
  bool is_user = false;
  {
    const std::lock_guard lock(mutex_);
    // It may have been asked again before the first answer.
    if (IsRemembered(question.user, question.password)) return true;
    const auto user = users_.find(question.user);
    is_user = user != users_.end();
    hash = is_user ? user->second : nobodys_hash_;
  }
  const bool right = verify_(question.password, hash) && is_user;
  if (!right) return false;
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

}  // namespace brahe
