#include "userspace/monitor/ended_list.h"

#include <algorithm>
#include <tuple>

namespace brahe::monitor {

void EndedList::Remove(attribution::AccountId account) {
  std::erase_if(items_, [account](const Item& item) { return item.account == account; });
}

std::vector<attribution::AccountId> EndedList::Settle(Nanoseconds now, const StandingOf& standing_of) {
  std::vector<attribution::AccountId> dropped;
  for (Item& item : items_) item.standing = standing_of(item.account);
  const auto stays = [&](const Item& item) {
    return item.standing.held ||
           (now - item.ended_at < policy_.retention && item.standing.energy >= policy_.min_energy);
  };
  DropFrom(std::partition(items_.begin(), items_.end(), stays) - items_.begin(), dropped);
  if (policy_.max_listed < 0 || items_.size() <= static_cast<uint64_t>(policy_.max_listed)) return dropped;

  std::nth_element(items_.begin(), items_.begin() + policy_.max_listed, items_.end(), [](const Item& a, const Item& b) {
    return std::tie(a.standing.held, a.standing.energy, a.ended_at, a.account) >
           std::tie(b.standing.held, b.standing.energy, b.ended_at, b.account);
  });
  DropFrom(policy_.max_listed, dropped);
  return dropped;
}

void EndedList::DropFrom(size_t first, std::vector<attribution::AccountId>& dropped) {
  for (size_t i = first; i < items_.size(); ++i) dropped.push_back(items_[i].account);
  items_.resize(first);
}

}  // namespace brahe::monitor
