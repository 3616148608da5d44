#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>

#include "userspace/base/units.h"

namespace brahe::web {

enum class PasswordVerdict : uint8_t {
  kRight,
  kWrong,
  kBusy,  // too many wait already
};

// Whether the password of `user` is `password`, asked by whoever has the share `peer`.
struct PasswordQuestion {
  std::string peer;
  std::string user;
  std::string password;
  std::function<void(PasswordVerdict)> done;
  // The rest is the queue's.
  Nanoseconds refuse_at = {};  // when it is answered unless it is right
  PasswordVerdict refusal = PasswordVerdict::kWrong;
  uint64_t number = 0;
};

// Those who wait for a verdict, in fair shares by peer: for a check, and once it is known that they are wrong, for the
// time of their refusal. That time and the words of it are settled when they come, by nothing but who asked and when,
// so that they tell nothing of what was found. Not thread-safe; no clock.
class PasswordQueue {
 public:
  // Take in a question that comes now: to be checked, or wrong already. It is refused `refusal_time` later, or so long
  // after the refusal before it of the same peer if that is still to come; where that would be too late, it is kBusy
  // then. Gives back the one that has to leave if there are too many: of the peer that has the most, its oldest.
  std::optional<PasswordQuestion> AddToCheck(PasswordQuestion question, Nanoseconds now, Nanoseconds refusal_time);
  std::optional<PasswordQuestion> AddWrong(PasswordQuestion question, Nanoseconds now, Nanoseconds refusal_time);

  // Gives out the one to be checked next. Peers that have never been wrong come first, the latest question of them all
  // before the others, so that a crowd of them does not hold up who comes after it. Then it is the turn of the peer
  // whose last wrong one is longest ago, and of its oldest question.
  std::optional<PasswordQuestion> NextToCheck();
  // Takes back one that was checked and is wrong.
  void Refuse(PasswordQuestion question);

  // When the next refusal is due.
  [[nodiscard]] std::optional<Nanoseconds> NextRefusal() const;
  // Gives out one whose refusal is due: a wrong one, or a busy one, checked or not.
  std::optional<PasswordQuestion> Refused(Nanoseconds now);

 private:
  using Questions = std::list<PasswordQuestion>;

  void SetRefusal(PasswordQuestion& question, Nanoseconds now, Nanoseconds refusal_time);
  [[nodiscard]] uint64_t WrongAt(const std::string& peer) const;
  std::optional<PasswordQuestion> MakeRoom();

  uint64_t questions_ = 0;
  uint64_t wrong_checks_ = 0;
  Questions to_check_;
  Questions wrong_;
  std::map<std::string, uint64_t> wrong_at_;  // peer -> number of its last check that was wrong; the latest peers only
  std::map<std::string, Nanoseconds> turns_;  // peer -> its last refusal, if that is to come
  size_t clean_at_ = 0;                       // size of turns_ at which those that have passed are dropped
};

}  // namespace brahe::web
