#include "userspace/web/password_queue.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace brahe::web {
namespace {

using Questions = std::list<PasswordQuestion>;

// Half of the connections that the server has, so that those who wait leave places for others.
constexpr size_t kMostWaiting = 128;
constexpr size_t kMostPeers = 1024;
// Well before the server ends the connection.
constexpr Nanoseconds kLatestRefusal = Seconds(20);

PasswordQuestion TakeFrom(Questions& questions, Questions::iterator at) {
  PasswordQuestion question = std::move(*at);
  questions.erase(at);
  return question;
}

// The oldest of a peer.
Questions::iterator OldestOf(Questions& questions, std::string_view peer) {
  auto oldest = questions.end();
  for (auto at = questions.begin(); at != questions.end(); ++at) {
    if (at->peer == peer && (oldest == questions.end() || at->number < oldest->number)) oldest = at;
  }
  return oldest;
}

bool IsRefusedUnchecked(const PasswordQuestion& question) { return question.refusal == PasswordVerdict::kBusy; }

}  // namespace

void PasswordQueue::SetRefusal(PasswordQuestion& question, Nanoseconds now, Nanoseconds refusal_time) {
  question.number = ++questions_;
  if (turns_.size() >= clean_at_) {
    std::erase_if(turns_, [&](const auto& turn) { return turn.second <= now; });
    clean_at_ = std::max(kMostPeers, 2 * turns_.size());
  }
  const Nanoseconds latest = now + std::max(kLatestRefusal, refusal_time);
  Nanoseconds& turn = turns_[question.peer];
  const Nanoseconds next = std::max(turn, now) + refusal_time;
  if (next > latest) {
    // It takes no turn, and who asks and does not wait for the answer puts off no others.
    question.refuse_at = latest;
    question.refusal = PasswordVerdict::kBusy;
  } else {
    question.refuse_at = turn = next;
  }
}

std::optional<PasswordQuestion> PasswordQueue::AddToCheck(PasswordQuestion question, Nanoseconds now,
                                                          Nanoseconds refusal_time) {
  SetRefusal(question, now, refusal_time);
  to_check_.push_back(std::move(question));
  return MakeRoom();
}

std::optional<PasswordQuestion> PasswordQueue::AddWrong(PasswordQuestion question, Nanoseconds now,
                                                        Nanoseconds refusal_time) {
  SetRefusal(question, now, refusal_time);
  question.password.clear();
  wrong_.push_back(std::move(question));
  return MakeRoom();
}

std::optional<PasswordQuestion> PasswordQueue::NextToCheck() {
  const auto is_before = [this](const PasswordQuestion& a, const PasswordQuestion& b) {
    const uint64_t wrong_a = WrongAt(a.peer);
    const uint64_t wrong_b = WrongAt(b.peer);
    if (wrong_a == 0 && wrong_b == 0) return a.number > b.number;
    return std::pair(wrong_a, a.number) < std::pair(wrong_b, b.number);
  };
  const auto next = std::min_element(to_check_.begin(), to_check_.end(), is_before);
  return next != to_check_.end() ? std::optional(TakeFrom(to_check_, next)) : std::nullopt;
}

void PasswordQueue::Refuse(PasswordQuestion question) {
  wrong_at_[question.peer] = ++wrong_checks_;
  if (wrong_at_.size() > kMostPeers) {
    wrong_at_.erase(std::min_element(wrong_at_.begin(), wrong_at_.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  question.password.clear();
  wrong_.push_back(std::move(question));
}

std::optional<Nanoseconds> PasswordQueue::NextRefusal() const {
  std::optional<Nanoseconds> next;
  const auto look = [&](const PasswordQuestion& question) {
    next = next ? std::min(*next, question.refuse_at) : question.refuse_at;
  };
  std::for_each(wrong_.begin(), wrong_.end(), look);
  for (const auto& question : to_check_) {
    if (IsRefusedUnchecked(question)) look(question);
  }
  return next;
}

std::optional<PasswordQuestion> PasswordQueue::Refused(Nanoseconds now) {
  const auto wrong = std::find_if(wrong_.begin(), wrong_.end(), [&](const auto& q) { return q.refuse_at <= now; });
  if (wrong != wrong_.end()) return TakeFrom(wrong_, wrong);
  const auto unchecked = std::find_if(to_check_.begin(), to_check_.end(),
                                      [&](const auto& q) { return IsRefusedUnchecked(q) && q.refuse_at <= now; });
  return unchecked != to_check_.end() ? std::optional(TakeFrom(to_check_, unchecked)) : std::nullopt;
}

uint64_t PasswordQueue::WrongAt(const std::string& peer) const {
  const auto found = wrong_at_.find(peer);
  return found != wrong_at_.end() ? found->second : 0;
}

std::optional<PasswordQuestion> PasswordQueue::MakeRoom() {
  if (to_check_.size() + wrong_.size() <= kMostWaiting) return std::nullopt;
  std::map<std::string, size_t> counts;
  for (const auto& question : to_check_) ++counts[question.peer];
  for (const auto& question : wrong_) ++counts[question.peer];
  const auto& [peer, count] = *std::max_element(counts.begin(), counts.end(), [this](const auto& a, const auto& b) {
    return std::pair(a.second, WrongAt(a.first)) < std::pair(b.second, WrongAt(b.first));
  });
  const auto unchecked = OldestOf(to_check_, peer);
  const auto wrong = OldestOf(wrong_, peer);
  const bool takes_wrong = unchecked == to_check_.end() || (wrong != wrong_.end() && wrong->number < unchecked->number);
  return takes_wrong ? TakeFrom(wrong_, wrong) : TakeFrom(to_check_, unchecked);
}

}  // namespace brahe::web
