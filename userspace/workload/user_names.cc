#include "userspace/workload/user_names.h"

#include <glog/logging.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "userspace/base/file.h"

namespace brahe::workload {
namespace {

// Takes the text up to `end` (or all of it) off the front of `rest`.
std::string_view TakeUntil(char end, std::string_view& rest) {
  const std::string_view head = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(head.size() + 1, rest.size()));
  return head;
}

// Lines that begin with "+" or "-" are those of NIS.
bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kLongestUserName && text.front() != '+' && text.front() != '-' &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

}  // namespace

bool UserNames::State::operator==(const State& other) const {
  return device == other.device && inode == other.inode && size == other.size &&
         changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec;
}

std::string UserNames::NameOf(uint32_t uid) {
  if (!std::exchange(is_fresh_, true)) Refresh();
  const auto name = names_.find(uid);
  return name != names_.end() ? name->second : std::to_string(uid);
}

// A symbolic link would lead out of the host's root folder into our own, which may be a container's.
UserNames::State UserNames::Look() const {
  struct stat info;
  if (lstat(path_.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return {.device = info.st_dev, .inode = info.st_ino, .size = info.st_size, .changed = info.st_ctim};
}

void UserNames::Refresh() {
  const State state = Look();
  if (has_told_ && state == state_) return;
  state_ = state;
  names_.clear();
  const bool readable = state.size >= 0 && shows_host_();
  const auto text = readable ? ReadRegularFile(path_) : Result<std::string>(MakeError(path_ + " is not the host's"));
  if (!text && !has_told_) {
    LOG(INFO) << "Users are known by their numbers, because " << path_
              << " cannot be read (needs CAP_SYS_PTRACE and the host's procfs)";
  }
  has_told_ = true;
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) ReadLine(TakeUntil('\n', rest));
}

// NAME:PASSWORD:UID:...
void UserNames::ReadLine(std::string_view line) {
  const std::string_view name = TakeUntil(':', line);
  TakeUntil(':', line);
  const std::string_view number = TakeUntil(':', line);
  uint32_t uid = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), uid);
  if (error != std::errc() || end != number.data() + number.size() || !IsName(name)) return;
  names_.try_emplace(uid, name);
}

}  // namespace brahe::workload
