#include "userspace/web/local_guests.h"

#include <glog/logging.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/local_rule.h"
#include "userspace/base/values.h"

namespace brahe::web {
namespace {

// What the kernel calls users and groups that a namespace does not know.
constexpr uint32_t kNobody = 65534;

// Whether this process' user namespace knows everybody, so that kNobody is somebody.
bool KnowsEverybody(const char* map) {
  const auto text = ReadFile(map);
  if (!text) return false;
  const std::string_view lines = Trim(*text);
  return lines.starts_with('0') && lines.ends_with(" 4294967295");
}

// getpwnam_r or getgrnam_r, and the number in what it finds.
template <typename Entry, typename Find, typename Number>
std::optional<uint32_t> Look(const std::string& name, Find find, Number number) {
  Entry entry{};
  std::vector<char> text(1024);
  for (;;) {
    Entry* found = nullptr;
    const int code = find(name.c_str(), &entry, text.data(), text.size(), &found);
    if (code == ERANGE && text.size() < (1 << 24)) {
      text.resize(2 * text.size());  // a group has many members
    } else {
      return found != nullptr ? std::optional<uint32_t>(found->*number) : std::nullopt;
    }
  }
}

std::optional<uint32_t> NumberOf(const std::string& setting, const LocalRule& rule) {
  const bool is_user = rule.kind == LocalRule::Kind::kUser;
  // The largest stands for none.
  const auto number = ParseCount(rule.name, std::numeric_limits<uint32_t>::max() - 1);
  auto found = number ? std::optional(static_cast<uint32_t>(*number))
                      : (is_user ? Look<passwd>(rule.name, getpwnam_r, &passwd::pw_uid)
                                 : Look<group>(rule.name, getgrnam_r, &group::gr_gid));
  const std::string text = (is_user ? "user:" : "group:") + Printable(rule.name);
  if (!found) {
    LOG(WARNING) << setting << ": " << text << " lets nobody in: there is none of this name here; give the number, or "
                 << "make it and reload (SIGHUP)";
  } else if (found == kNobody && !KnowsEverybody(is_user ? "/proc/self/uid_map" : "/proc/self/gid_map")) {
    LOG(WARNING) << setting << ": " << text << " lets nobody in: in this user namespace it is whoever has no number";
    found.reset();
  }
  return found;
}

}  // namespace

bool LocalGuests::Have(const http::LocalPeer& peer) const {
  return everyone || users.contains(peer.uid) ||
         std::any_of(peer.groups.begin(), peer.groups.end(), [this](gid_t group) { return groups.contains(group); });
}

Result<LocalGuests> GuestsOf(const std::string& setting, const std::vector<std::string>& allow) {
  LocalGuests guests;
  for (const std::string& text : allow) {
    const auto rule = ParseLocalRule(text);
    if (!rule) return MakeError(setting + ": " + rule.error().message);
    if (rule->kind == LocalRule::Kind::kEveryone) {
      guests.everyone = true;
    } else if (const auto number = NumberOf(setting, *rule)) {
      (rule->kind == LocalRule::Kind::kUser ? guests.users : guests.groups).insert(*number);
    }
  }
  return guests;
}

}  // namespace brahe::web
