#include "userspace/base/capabilities.h"

#include <sys/prctl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>

namespace brahe {
namespace {

using Sets = std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)>;

Sets SetsOfThread() { return {cap_get_proc(), cap_free}; }

bool Contains(const Sets& sets, cap_flag_t set, cap_value_t capability) {
  cap_flag_value_t value = CAP_CLEAR;
  return sets != nullptr && cap_get_flag(sets.get(), capability, set, &value) == 0 && value == CAP_SET;
}

void Change(const Sets& sets, cap_flag_t set, const std::vector<cap_value_t>& capabilities, cap_flag_value_t value) {
  if (!capabilities.empty()) {
    cap_set_flag(sets.get(), set, static_cast<int>(capabilities.size()), capabilities.data(), value);
  }
}

void ChangeEffective(const std::vector<cap_value_t>& capabilities, cap_flag_value_t value) {
  const Sets sets = SetsOfThread();
  if (sets == nullptr) return;
  Change(sets, CAP_EFFECTIVE, capabilities, value);
  cap_set_proc(sets.get());
}

// What an executed program may have at most. Lowering it takes a capability itself, without which it stays.
Status LowerBounds(const std::vector<cap_value_t>& kept) {
  if (!HasCapability(CAP_SETPCAP)) return {};
  for (cap_value_t capability = 0; capability < cap_max_bits(); ++capability) {
    const bool is_kept = std::find(kept.begin(), kept.end(), capability) != kept.end();
    if (!is_kept && cap_drop_bound(capability) != 0) return SystemError("drop from the bounding set of capabilities");
  }
  return {};
}

}  // namespace

bool HasCapability(cap_value_t capability) { return Contains(SetsOfThread(), CAP_EFFECTIVE, capability); }

Status UsePermittedCapabilities() {
  const Sets sets = SetsOfThread();
  if (sets == nullptr) return SystemError("read the capabilities of this process");
  for (cap_value_t capability = 0; capability < cap_max_bits(); ++capability) {
    if (Contains(sets, CAP_PERMITTED, capability)) Change(sets, CAP_EFFECTIVE, {capability}, CAP_SET);
  }
  if (cap_set_proc(sets.get()) != 0) return SystemError("take permitted capabilities into use");
  return {};
}

Status KeepOnlyCapabilities(const std::vector<cap_value_t>& kept) {
  const Sets before = SetsOfThread();
  const Sets after(cap_init(), cap_free);
  if (before == nullptr || after == nullptr) return SystemError("read the capabilities of this process");
  std::vector<cap_value_t> had;
  std::copy_if(kept.begin(), kept.end(), std::back_inserter(had),
               [&](cap_value_t capability) { return Contains(before, CAP_PERMITTED, capability); });
  for (const cap_flag_t set : {CAP_PERMITTED, CAP_EFFECTIVE}) Change(after, set, had, CAP_SET);
  if (const Status lowered = LowerBounds(had); !lowered) return lowered.error();
  if (cap_reset_ambient() != 0) return SystemError("clear the ambient set of capabilities");
  if (cap_set_proc(after.get()) != 0) return SystemError("give up capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("set no_new_privs");
  return {};
}

WithoutCapabilities::WithoutCapabilities(const std::vector<cap_value_t>& capabilities) {
  std::copy_if(capabilities.begin(), capabilities.end(), std::back_inserter(lowered_), HasCapability);
  ChangeEffective(lowered_, CAP_CLEAR);
}

WithoutCapabilities::~WithoutCapabilities() { ChangeEffective(lowered_, CAP_SET); }

std::string NamesOf(const std::vector<cap_value_t>& capabilities) {
  std::string names;
  for (const cap_value_t capability : capabilities) {
    const std::unique_ptr<char, int (*)(void*)> name(cap_to_name(capability), cap_free);
    names += (names.empty() ? "" : ",") + std::string(name != nullptr ? name.get() : std::to_string(capability));
  }
  return names.empty() ? "none" : names;
}

}  // namespace brahe
