#include "userspace/guests/guest_trees.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

#include "userspace/base/plain_text.h"
#include "userspace/guests/guest_zones.h"

namespace brahe::guests {
namespace {

// By then every VM that runs since before the exporter's start has used CPU time, and so is in the snapshot.
constexpr Nanoseconds kUntilAllAreKnown = Seconds(30);

Result<Folder> OpenDirectory(const std::string& path) {
  constexpr mode_t kMode = 0755;
  const bool is_new = mkdir(path.c_str(), kMode) == 0;
  if (!is_new && errno != EEXIST) return SystemError("make " + path);
  // A link in this path is the administrator's.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return SystemError("open " + path);
  if (is_new && fchmod(fd.get(), kMode) != 0) return SystemError("chmod " + path);
  return Folder{std::move(fd), path};
}

// Whose the tree `name` is, if there is one that says so.
std::optional<TreeMark> MarkOf(const Folder& all, const std::string& name) {
  UniqueFd fd(openat(all.fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  const auto mark = ReadMark({std::move(fd), all.shown + "/" + name});
  return mark ? *mark : std::nullopt;
}

}  // namespace

GuestTrees::GuestTrees(GuestTreesOptions options, const Clock& clock) : options_(std::move(options)), faults_(clock) {}

void GuestTrees::Update(const monitor::Snapshot& snapshot) {
  constexpr char kKey[] = "directory";
  // Energy is not lost meanwhile: that of VMs that are not admitted yet is all in the snapshot in which they are.
  const auto all = OpenDirectory(options_.directory);
  if (!all) {
    faults_.Report(kKey, "Guests are told of no energy: exporter.guests.directory: " + all.error().message +
                             "; make it, and let this process write there (docs/guests.md)");
    return;
  }
  faults_.Clear(kKey, "exporter.guests.directory can be opened; guests are told of their energy");
  Update(snapshot, *all);
}

void GuestTrees::Update(const monitor::Snapshot& snapshot, const Folder& all) {
  Admit(snapshot, all);
  if (!std::exchange(adopted_, true)) AdoptLeftovers(snapshot.time, all);
  AddEnergy(snapshot);
  for (auto& [id, vm] : vms_) {
    // One that has ended has its last energy in the epoch of its end.
    if (vm.runs || vm.seen == snapshot.time) Say(vm.tree->folder(), vm.tree->Write(all));
  }
  RemoveEnded(snapshot.time, all);
}

void GuestTrees::Say(const std::string& folder, const Status& status) {
  const std::string key = "tree " + folder;
  const std::string of = "The energy of the guest in " + options_.directory + "/" + folder;
  if (status) {
    faults_.Clear(key, of + " is written again, with all of the time between");
  } else {
    faults_.Report(key, of + " is not told to it until it can be written: " + status.error().message);
  }
}

GuestTrees::VmsById::iterator GuestTrees::OwnerOf(const std::string& name) {
  return std::find_if(vms_.begin(), vms_.end(), [&](const auto& vm) { return vm.second.tree->folder() == name; });
}

std::unique_ptr<GuestTree> GuestTrees::Claim(const std::string& name) {
  const auto owner = OwnerOf(name);
  if (owner == vms_.end()) return std::make_unique<GuestTree>(name);
  if (owner->second.runs) return nullptr;
  std::unique_ptr<GuestTree> tree = std::move(owner->second.tree);
  vms_.erase(owner);
  return tree;
}

void GuestTrees::Admit(const monitor::Snapshot& snapshot, const Folder& all) {
  std::set<std::string> running;
  std::vector<std::pair<std::string, std::string>> arrived;  // id, wanted folder
  for (const auto& vm : snapshot.vms) {
    const monitor::VmLabels& labels = *vm.labels;
    if (vm.state != monitor::WorkloadState::kRunning || !running.insert(labels.id).second) continue;
    std::string wanted = FolderName(labels.name.empty() ? labels.id : labels.name);
    if (const auto known = vms_.find(labels.id); known != vms_.end()) {
      if (known->second.runs || known->second.wanted == wanted) continue;
      // It has come back with another name.
      Vm before = std::move(known->second);
      vms_.erase(known);
      before.leftover = true;
      const std::string key = LeftoverKey(before.tree->folder());
      vms_.insert_or_assign(key, std::move(before));
    }
    arrived.emplace_back(labels.id, std::move(wanted));
  }
  for (auto& [id, vm] : vms_) {
    const bool ran = std::exchange(vm.runs, running.contains(id));
    if (vm.runs || ran) vm.seen = snapshot.time;
  }
  std::map<std::string, TreeMark> marks;  // by folder
  for (const auto& [id, wanted] : arrived) {
    if (const auto mark = MarkOf(all, wanted)) marks[wanted] = *mark;
  }
  const auto is_of = [&](const std::string& folder, const std::string& id) {
    const auto mark = marks.find(folder);
    return mark != marks.end() && mark->second.id == MarkId(id);
  };
  std::stable_partition(arrived.begin(), arrived.end(), [&](const auto& vm) { return is_of(vm.second, vm.first); });
  const bool all_are_known = snapshot.time >= snapshot.begin + kUntilAllAreKnown;
  for (const auto& [id, wanted] : arrived) {
    const auto owner = OwnerOf(wanted);
    const bool is_free = owner == vms_.end() || owner->second.leftover;
    if (!all_are_known && is_free && marks.contains(wanted) && !is_of(wanted, id)) continue;
    if (vms_.size() >= kMostTrees) {
      faults_.Report("number", "There are more than " + std::to_string(kMostTrees) +
                                   " guests' trees; those of further guests are left out");
      return;
    }
    std::unique_ptr<GuestTree> tree = Claim(wanted);
    if (tree == nullptr) tree = Claim(wanted + "." + FolderName(id));
    if (tree == nullptr) {
      faults_.Report("name " + id, "The guest " + PlainText(id, 100) + " has no tree: another one has its name and id");
      continue;
    }
    tree->SetOwner(id);
    vms_[id] = {.tree = std::move(tree), .wanted = wanted, .seen = snapshot.time};
  }
}

void GuestTrees::AddEnergy(const monitor::Snapshot& snapshot) {
  std::vector<std::string_view> names;
  for (const monitor::ZoneSeries& zone : snapshot.zones) names.push_back(zone.name);
  std::vector<GuestZone> zones = GuestZonesOf(names);
  for (size_t z = 0; z < zones.size(); ++z) {
    const energy::ZoneState& state = snapshot.zones[z].state;
    zones[z].meter = {.source = state.source, .measured = state.measured};
  }
  auto before = std::exchange(counted_, {});
  for (size_t item = 0; item < snapshot.vms.size(); ++item) {
    const auto place = snapshot.vms.PlaceOf(item);
    const auto line = snapshot.vms.At(place);
    const auto vm = vms_.find(line.labels->id);
    if (vm == vms_.end()) continue;
    auto& counted = counted_[line.serial];
    counted = std::move(before[line.serial]);
    for (size_t series = 0; series < zones.size(); ++series) {
      const Microjoules energy = snapshot.vms.At(place, series).energy;
      Microjoules& done = counted[zones[series].name];
      vm->second.tree->Add(zones[series], energy - std::min(done, energy));
      done = std::max(done, energy);
    }
  }
}

void GuestTrees::RemoveEnded(Nanoseconds now, const Folder& all) {
  for (auto entry = vms_.begin(); entry != vms_.end();) {
    const Vm& vm = entry->second;
    if (vm.runs || now < vm.seen + options_.retention) {
      ++entry;
      continue;
    }
    const std::string& folder = vm.tree->folder();
    if (const Status removed = vm.tree->Remove(all); !removed) {
      faults_.Report("remove " + folder, "The tree of a guest that has ended stays: " + removed.error().message);
    }
    entry = vms_.erase(entry);
  }
}

void GuestTrees::AdoptLeftovers(Nanoseconds now, const Folder& all) {
  const auto names = ListFolder(all);
  if (!names) return;  // they stay
  for (const std::string& name : *names) {
    const auto mark = MarkOf(all, name);
    if (!mark || !mark->made || vms_.size() >= kMostTrees || OwnerOf(name) != vms_.end()) continue;
    auto tree = std::make_unique<GuestTree>(name);
    tree->SetOwner(mark->id);
    // Whose it was is not believed: who comes takes it by its name.
    vms_[LeftoverKey(name)] = {.tree = std::move(tree), .wanted = name, .seen = now, .runs = false, .leftover = true};
  }
}

}  // namespace brahe::guests
