#include "userspace/monitor/group_books.h"

#include <algorithm>
#include <utility>

namespace brahe::monitor {
namespace {

bool KnowsCgroup(const GroupFacts& facts) { return !facts.cgroup.unit.empty() || !facts.cgroup.job.empty(); }

}  // namespace

GroupBooks::GroupBooks(attribution::Ledger& ledger, std::span<const Grouping> groupings) : ledger_(ledger) {
  levels_.reserve(groupings.size());
  for (const Grouping& grouping : groupings) levels_.push_back({.grouping = &grouping});
}

void GroupBooks::Remember(const GroupFacts& facts, uint64_t cgroup_id, GroupMemory& memory) {
  const uint32_t set = SetOf(facts);
  memory = {
      .cgroup_id = cgroup_id, .generation = generation_, .set = set, .questions = KnowsCgroup(facts) ? 0 : kQuestions};
}

void GroupBooks::AskAgain(const GroupFacts& facts, GroupMemory& memory) {
  if (KnowsCgroup(facts)) {
    Remember(facts, memory.cgroup_id, memory);
  } else {
    --memory.questions;
  }
}

void GroupBooks::Adopt(attribution::AccountId account, const GroupFacts& facts) {
  for (LevelBooks& level : levels_) {
    if (level.grouping->decided_by != DecidedBy::kPod) continue;
    Group* const group = Find(level, facts);
    if (group == nullptr) continue;
    ledger_.AddTo(account, group->account);
    level.listing.TouchFigures(*group);
  }
}

void GroupBooks::Declare(DecidedBy by, const GroupFacts& facts) {
  for (LevelBooks& level : levels_) {
    if (level.grouping->decided_by == by) Find(level, facts);
  }
}

void GroupBooks::ForgetSets() {
  ++generation_;
  for (const Set& set : sets_) ledger_.Close(set.account);
  sets_.clear();
  set_by_groups_.clear();
  touched_.clear();
}

void GroupBooks::Settle(size_t primary) {
  for (const uint32_t set : touched_) PassOn(sets_[set]);
  touched_.clear();
  bool dropped = false;
  for (LevelBooks& level : levels_) {
    if (level.groups.size() <= kMaxGroups) continue;
    DropSmallest(level, primary);
    dropped = true;
  }
  if (dropped || sets_.size() > kMaxSets) ForgetSets();
}

std::vector<GroupList> GroupBooks::List(const std::vector<std::optional<Nanoseconds>>& time) {
  std::vector<GroupList> lists;
  for (LevelBooks& level : levels_) {
    if (level.groups.empty()) continue;
    lists.push_back({.level = level.grouping->level,
                     .label_names = level.grouping->label_names,
                     .groups = level.listing.List(ledger_, time),
                     .by_pod = level.grouping->decided_by == DecidedBy::kPod});
  }
  return lists;
}

GroupBooks::Group* GroupBooks::Find(LevelBooks& level, const GroupFacts& facts) {
  std::vector<std::string> values = level.grouping->values(facts);
  if (values.empty()) return nullptr;
  const auto [group, added] = Enter(level, std::move(values));
  if (added) level.listing.Add(*group, epoch_begin_);
  return group;
}

void GroupBooks::Resume(const GroupState& state) {
  const auto level = std::find_if(levels_.begin(), levels_.end(),
                                  [&](const LevelBooks& books) { return books.grouping->level == state.level; });
  if (level == levels_.end() || state.labels->values.size() != level->grouping->label_names.size()) return;
  const auto [group, added] = Enter(*level, state.labels->values);
  if (!added) return;
  ledger_.Resume(group->account, state.account.time, state.account.energy);
  level->listing.Resume(*group, state.since, state.serial);
}

std::pair<GroupBooks::Group*, bool> GroupBooks::Enter(LevelBooks& level, std::vector<std::string> values) {
  key_.clear();
  for (const std::string& value : values) key_.append(value).push_back('\0');
  const auto [it, added] = level.groups.try_emplace(key_);
  if (added) {
    it->second = std::make_unique<Group>();
    Group& group = *it->second;
    group.key = &it->first;
    group.account = ledger_.Open();
    group.labels = std::make_shared<const GroupLabels>(GroupLabels{std::move(values)});
  }
  return {it->second.get(), added};
}

uint32_t GroupBooks::SetOf(const GroupFacts& facts) {
  of_levels_.clear();
  for (LevelBooks& level : levels_) of_levels_.push_back(Find(level, facts));
  key_.assign(reinterpret_cast<const char*>(of_levels_.data()), of_levels_.size() * sizeof(Group*));
  const auto [it, added] = set_by_groups_.try_emplace(key_, static_cast<uint32_t>(sets_.size()));
  if (added) {
    Set& set = sets_.emplace_back();
    set.account = ledger_.Open();
    for (size_t i = 0; i < levels_.size(); ++i) {
      if (const Group* const group = of_levels_[i]) {
        set.members.push_back({group->account, &levels_[i].listing, group->entry.page});
      }
    }
  }
  return it->second;
}

void GroupBooks::PassOn(Set& set) {
  set.touched = false;
  for (const Member& member : set.members) {
    ledger_.AddTo(set.account, member.account);
    member.listing->TouchFigures(*member.page);
  }
  ledger_.Clear(set.account);
}

// Down to half, so that it is not done in each epoch.
void GroupBooks::DropSmallest(LevelBooks& level, size_t primary) {
  std::vector<Group*> groups;
  groups.reserve(level.groups.size());
  for (const auto& [key, group] : level.groups) groups.push_back(group.get());
  const auto energy_of = [&](const Group* group) { return ledger_.BalanceOf(group->account, primary).total; };
  const auto kept_end = groups.begin() + kMaxGroups / 2;
  std::nth_element(groups.begin(), kept_end, groups.end(), [&](const Group* a, const Group* b) {
    return energy_of(a) != energy_of(b) ? energy_of(a) > energy_of(b) : a->entry.serial < b->entry.serial;
  });
  for (auto at = kept_end; at != groups.end(); ++at) {
    Group& group = **at;
    level.listing.Remove(group);
    ledger_.Close(group.account);
    level.groups.erase(level.groups.find(*group.key));
  }
}

}  // namespace brahe::monitor
