#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/base/units.h"
#include "userspace/monitor/books_state.h"
#include "userspace/monitor/groupings.h"
#include "userspace/monitor/listing.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::monitor {

// What a process remembers of the groups that its time went to last.
struct GroupMemory {
  uint64_t cgroup_id = 0;
  uint32_t generation = 0;  // of GroupBooks; 0: nothing is remembered
  uint32_t set : 28 = 0;
  uint32_t questions : 4 = 0;  // how often it is asked again what the cgroup's path tells, which told nothing
};

// The groups of all levels of Groupings(), each with its account in the ledger.
//
// Time goes to a set, which is the groups that it belongs to, one or none at each level; after the ledger's Post each
// set passes on what it got to its groups. So a further level costs per set and not per process. Not thread-safe.
//
// A group does not end. Each level keeps kMaxGroups of them, those with the most energy; what one has used that is kept
// no more belongs to nobody at this level from then on.
class GroupBooks {
 public:
  static constexpr size_t kMaxGroups = 4096;  // about 300 bytes each
  static constexpr size_t kMaxSets = 16384;   // about 300 bytes each

  // Both must outlive this object.
  GroupBooks(attribution::Ledger& ledger, std::span<const Grouping> groupings);

  // Begins an epoch: what comes to be in it counts from `begin` on.
  void BeginEpoch(Nanoseconds begin) { epoch_begin_ = begin; }
  // The account at Level::kGroups of time that was used in `cgroup_id`. `memory` is that of the process: `facts_of()`,
  // which gives the GroupFacts, is asked only if nothing is remembered. Whoever changes facts has to clear it.
  attribution::AccountId Charge(uint64_t cgroup_id, GroupMemory& memory, const auto& facts_of) {
    if (memory.generation != generation_ || memory.cgroup_id != cgroup_id) {
      Remember(facts_of(), cgroup_id, memory);
    } else if (memory.questions > 0) {
      AskAgain(facts_of(), memory);
    }
    Set& set = sets_[memory.set];
    if (!std::exchange(set.touched, true)) touched_.push_back(memory.set);
    return set.account;
  }
  // Lists the groups that `facts` alone decide, before they have used any energy.
  void Declare(DecidedBy by, const GroupFacts& facts);
  // Adds what `account` has used so far to the groups that its pod decides.
  void Adopt(attribution::AccountId account, const GroupFacts& facts);
  // Makes everybody's memory void: what was not known is known now.
  void ForgetSets();
  // Puts back a group of earlier books. One of a level that there is not is left out.
  void Resume(const GroupState& state);
  // After the ledger's Post.
  void Settle(size_t primary);

  // After Settle: the levels that have any group. See Listing for `time`.
  [[nodiscard]] std::vector<GroupList> List(const std::vector<std::optional<Nanoseconds>>& time);

 private:
  struct Group {
    using Labels = GroupLabels;

    attribution::AccountId account = attribution::kNoAccount;
    const std::string* key = nullptr;
    std::shared_ptr<const GroupLabels> labels;
    bool ended = false;
    ListingEntry<Group> entry;
  };
  struct LevelBooks {
    const Grouping* grouping = nullptr;
    std::unordered_map<std::string, std::unique_ptr<Group>> groups = {};
    Listing<Group> listing = {};
  };
  // A group of a set: what passing on has to know, so that it need not look at groups all over the memory. The page
  // holds until a group is dropped, which ends all sets.
  struct Member {
    attribution::AccountId account = attribution::kNoAccount;
    Listing<Group>* listing = nullptr;
    ListingPage<Group>* page = nullptr;
  };
  struct Set {
    attribution::AccountId account = attribution::kNoAccount;
    std::vector<Member> members;
    bool touched = false;  // has time in this epoch
  };

  // A path may come to be known a few epochs late.
  static constexpr uint32_t kQuestions = 3;

  void Remember(const GroupFacts& facts, uint64_t cgroup_id, GroupMemory& memory);
  void AskAgain(const GroupFacts& facts, GroupMemory& memory);
  Group* Find(LevelBooks& level, const GroupFacts& facts);
  // The group with these labels, and whether it is new: then it has an account and is not listed yet.
  std::pair<Group*, bool> Enter(LevelBooks& level, std::vector<std::string> values);
  uint32_t SetOf(const GroupFacts& facts);
  void PassOn(Set& set);
  void DropSmallest(LevelBooks& level, size_t primary);

  attribution::Ledger& ledger_;
  Nanoseconds epoch_begin_;
  std::vector<LevelBooks> levels_;
  uint32_t generation_ = 1;
  std::vector<Set> sets_;
  std::unordered_map<std::string, uint32_t> set_by_groups_;  // the key is the addresses of its groups
  std::vector<uint32_t> touched_;
  std::string key_;                // scratch
  std::vector<Group*> of_levels_;  // the same
};

}  // namespace brahe::monitor
