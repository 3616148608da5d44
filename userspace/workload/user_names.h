#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace brahe::workload {

// Bytes of the longest name of a user that is told.
inline constexpr size_t kLongestUserName = 64;

// What the host calls its users: the file etc/passwd below the root folder of its first process, PROCFS/1/root. In a
// container that is not our own, whose users have nothing to do with those of the host. To look there takes
// CAP_SYS_PTRACE; without it, and where PROCFS is not the host's, users are known by their numbers.
//
// Names that other services know (LDAP, sssd, systemd-homed) are not: to ask for those may take seconds. The file is
// read again when it has changed, for which it is looked at once an epoch at most. Not thread-safe.
class UserNames {
 public:
  // `shows_host`: whether PROCFS is that of the whole machine. Asked before each reading.
  UserNames(const std::string& procfs_root, std::function<bool()> shows_host)
      : path_(procfs_root + "/1/root/etc/passwd"), shows_host_(std::move(shows_host)) {}

  // The user's name; its number where it has none that is known. Of several names it is the first, as in all tools.
  std::string NameOf(uint32_t uid);
  void EndEpoch() { is_fresh_ = false; }

 private:
  // Tells one state of the file from another.
  struct State {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;  // -1: it cannot be read
    timespec changed = {};
    bool operator==(const State& other) const;
  };
  [[nodiscard]] State Look() const;
  void Refresh();
  void ReadLine(std::string_view line);

  std::string path_;
  std::function<bool()> shows_host_;
  bool is_fresh_ = false;
  State state_;
  bool has_told_ = false;
  std::unordered_map<uint32_t, std::string> names_;
};

}  // namespace brahe::workload
