#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "userspace/base/clock.h"
#include "userspace/web/password_queue.h"

namespace brahe::web {

// Whether `password` is the one that a bcrypt hash ($2a, $2b, $2x or $2y) was made from. Takes the time that the hash's
// cost sets: 70 ms for 10. What crypt cannot use is never right.
bool IsPasswordOf(const std::string& password, const std::string& bcrypt_hash);

// Checks passwords against bcrypt hashes, one after the other in a thread of its own, so that guessing costs the node a
// quarter of a CPU at most and no scrape waits for it. A right password is remembered until its user's hash changes, as
// an HMAC under a key that nobody knows, and is then right at once; the first time it waits for its own hash, and for
// its turn among the peers (see PasswordQueue). Any thread.
//
// A wrong one is refused at a time that tells nothing of the name: four times as long after it came as the dearest of
// the users' hashes takes, one refusal after the other of each peer. Until then what is dear is checked, what is cheap
// waits, and a name that nobody has waits as well and is not checked at all.
class PasswordChecker {
 public:
  using Verdict = PasswordVerdict;
  using Done = std::function<void(Verdict)>;
  using Verify = std::function<bool(const std::string& password, const std::string& bcrypt_hash)>;
  struct Attempt {
    std::string peer;  // whose share of the checks it takes
    std::string user;
    std::string password;
  };

  // `verify` takes the place of IsPasswordOf in tests.
  explicit PasswordChecker(Verify verify = IsPasswordOf, const Clock& clock = SystemClock());
  // What still waits is dropped.
  ~PasswordChecker();
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;

  // Name -> hash, from now on.
  void SetUsers(std::map<std::string, std::string> users);
  // Calls `done` once: at once where the password is remembered, else from one of the checker's threads. It must not
  // block.
  void Check(Attempt attempt, Done done);

 private:
  using Digest = std::array<uint8_t, 32>;

  void CheckThem();
  void RefuseThem();
  // Sleeps until there is a question; nullopt: stop.
  std::optional<PasswordQuestion> NextQuestion();
  // Sleeps; false: stop.
  bool Rest(Nanoseconds time);
  bool Verified(const PasswordQuestion& question);
  [[nodiscard]] bool IsRemembered(const std::string& user, const std::string& password) const;
  [[nodiscard]] Digest DigestOf(const std::string& hash, const std::string& password) const;

  const Verify verify_;
  const Clock& clock_;
  Digest key_;
  mutable std::mutex mutex_;
  std::condition_variable asked_;    // there is something to check
  std::condition_variable refused_;  // there may be something to refuse sooner
  bool stopping_ = false;
  std::map<std::string, std::string> users_;
  Nanoseconds refusal_;                   // how long one takes
  std::map<std::string, Digest> rights_;  // of the users whose password has been right
  PasswordQueue queue_;
  // The last, because they use the others.
  std::thread checks_;
  std::thread refusals_;
};

}  // namespace brahe::web
