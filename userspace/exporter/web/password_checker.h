#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "userspace/base/clock.h"

namespace brahe {

// Whether `password` is the one that a bcrypt hash ($2a, $2b, $2x or $2y) was made from. Takes the time that the hash's
// cost sets: 70 ms for 10. What crypt cannot use is never right.
bool IsPasswordOf(const std::string& password, const std::string& bcrypt_hash);

// Checks passwords against bcrypt hashes, one after the other in a thread of its own, so that guessing costs the node a
// quarter of a CPU at most and no scrape waits for it. A right password is remembered until its user's hash changes, as
// an HMAC under a key that nobody knows, and is then right at once. A user that does not exist takes the same time as a
// wrong password. Any thread.
class PasswordChecker {
 public:
  enum class Verdict : uint8_t {
    kRight,
    kWrong,
    kBusy,  // too many wait already
  };
  using Done = std::function<void(Verdict)>;
  using Verify = std::function<bool(const std::string& password, const std::string& bcrypt_hash)>;

  // `verify` takes the place of IsPasswordOf in tests.
  explicit PasswordChecker(Verify verify = IsPasswordOf, const Clock& clock = SystemClock());
  // What still waits is dropped.
  ~PasswordChecker();
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;

  // Name -> hash, from now on.
  void SetUsers(std::map<std::string, std::string> users);
  // Calls `done` once: at once where the password is remembered, else from the checker's thread. It must not block.
  void Check(std::string user, std::string password, Done done);

 private:
  using Digest = std::array<uint8_t, 32>;
  struct Question {
    std::string user, password;
    Done done;
  };

  void Run();
  // Sleeps until there is a question; false: stop.
  bool NextQuestion(Question& question);
  // Sleeps; false: stop.
  bool Rest(Nanoseconds time);
  bool Verified(const Question& question);
  [[nodiscard]] bool IsRemembered(const std::string& user, const std::string& password) const;
  [[nodiscard]] Digest DigestOf(const std::string& hash, const std::string& password) const;

  const Verify verify_;
  const Clock& clock_;
  Digest key_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<std::string, std::string> users_;
  std::string nobodys_hash_;              // of no password, as dear as the dearest of the users' hashes
  std::map<std::string, Digest> rights_;  // of the users whose password has been right
  std::deque<Question> questions_;
  std::thread thread_;  // the last, because it uses the others
};

}  // namespace brahe
