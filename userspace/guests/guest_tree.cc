#include "userspace/guests/guest_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace brahe::guests {
namespace {

constexpr char kMark[] = "vm";
constexpr char kMade[] = "made by brahe";
constexpr char kCounter[] = "energy_uj";
constexpr char kName[] = "name";
// All that a zone's folder has.
constexpr const char* kFiles[] = {kName, "max_energy_range_uj", "enabled", "source", "measured", kCounter};
constexpr char kZonePrefix[] = "intel-rapl:";

// 2^63-1: what a reader can take that has signed numbers only. No counter gets there: it would take 292 years at 1 GW.
constexpr uint64_t kRange = INT64_MAX;
// A file that says more was not written here: no machine uses so much. It leaves room for all that is to be added.
constexpr uint64_t kMostBefore = kRange / 2;

std::string Line(std::string_view text) { return std::string(text) + "\n"; }

// Where the counter goes on: 0 where there is none, or none of ours.
Result<uint64_t> Before(const Folder& zone) {
  constexpr size_t kLimit = 64;
  const auto content = ReadTreeFile(zone, kCounter, kLimit);
  if (!content) return content.error();
  if (!*content) return uint64_t{0};
  const auto value = ParseUint64(**content);
  return value && *value <= kMostBefore ? *value : uint64_t{0};
}

}  // namespace

std::string MarkId(std::string_view id) {
  std::string line(id);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return line;
}

Result<std::optional<TreeMark>> ReadMark(const Folder& tree) {
  constexpr size_t kLimit = 4096;
  const auto content = ReadTreeFile(tree, kMark, kLimit);
  if (!content) return content.error();
  if (!*content) return std::optional<TreeMark>();
  const std::string_view text = **content;
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::optional<TreeMark>();
  return std::optional(TreeMark{.id = std::string(text.substr(0, end)), .made = text.substr(end + 1) == Line(kMade)});
}

void GuestTree::SetOwner(std::string_view id) { owner_ = MarkId(id); }

void GuestTree::Add(const GuestZone& zone, Microjoules energy) {
  Counter& counter = counters_[zone.name];
  counter.zone = zone;
  counter.pending += energy.value;
}

Status GuestTree::Write(const Folder& all) {
  bool made = false;
  const auto tree = OpenFolder(all, folder_, &made);
  if (!tree) return tree.error();
  Status result = Mark(*tree, made);
  for (auto& [name, counter] : counters_) {
    const Status written = WriteZone(*tree, counter);
    if (result && !written) result = written;
  }
  return result;
}

Status GuestTree::Mark(const Folder& tree, bool made) {
  TreeMark mark{.id = owner_, .made = made};
  if (!made) {
    if (marked_ && marked_->id == owner_) return {};
    const auto before = ReadMark(tree);
    if (!before) return before.error();
    mark.made = *before && (*before)->made;
    if (*before == mark) {
      marked_ = mark;
      return {};
    }
  }
  Status written = ReplaceTreeFile(tree, kMark, Line(mark.id) + (mark.made ? Line(kMade) : ""));
  if (written) marked_ = mark;
  return written;
}

Status GuestTree::WriteZone(const Folder& tree, Counter& counter) {
  const HostMeter& meter = counter.zone.meter;
  const auto zone = OpenFolder(tree, counter.zone.folder);
  if (!zone) return zone.error();
  if (!counter.written) {
    const auto before = Before(*zone);
    if (!before) return before.error();
    counter.written = *before;
  }
  const uint64_t value = *counter.written + counter.pending;
  // Over-writing comes first, because it succeeds where there is no space for another file.
  const auto overwritten = OverwriteCounter(*zone, kCounter, value);
  if (!overwritten) return overwritten.error();
  if (*overwritten) {
    counter.written = value;
    counter.pending = 0;
  }
  if (!*overwritten || counter.told != meter) {
    const std::pair<const char*, std::string> files[] = {{kName, counter.zone.name},
                                                         {"max_energy_range_uj", std::to_string(kRange)},
                                                         {"enabled", "1"},
                                                         {"source", meter.source},
                                                         {"measured", meter.measured ? "1" : "0"}};
    for (const auto& [file, text] : files) {
      if (Status replaced = ReplaceTreeFile(*zone, file, Line(text)); !replaced) return replaced;
    }
    counter.told = meter;
  }
  if (*overwritten) return {};
  // Last, so that who finds a counter finds what belongs to it.
  Status replaced = ReplaceTreeFile(*zone, kCounter, CounterText(value));
  if (!replaced) return replaced;
  counter.written = value;
  counter.pending = 0;
  return {};
}

Status GuestTree::Remove(const Folder& all) const {
  const std::string path = all.shown + "/" + folder_;
  UniqueFd fd(openat(all.fd.get(), folder_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return errno == ENOENT ? Status() : Status(SystemError("open " + path));
  const Folder tree{std::move(fd), path};
  const auto mark = ReadMark(tree);
  if (!mark) return mark.error();
  if (!*mark || !(*mark)->made) return {};
  const auto names = ListFolder(tree);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!name.starts_with(kZonePrefix)) continue;
    const UniqueFd zone(openat(tree.fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!zone.valid()) continue;
    for (const char* file : kFiles) unlinkat(zone.get(), file, 0);
    unlinkat(tree.fd.get(), name.c_str(), AT_REMOVEDIR);
  }
  unlinkat(tree.fd.get(), kMark, 0);
  if (unlinkat(all.fd.get(), folder_.c_str(), AT_REMOVEDIR) != 0) return SystemError("remove " + path);
  return {};
}

}  // namespace brahe::guests
