#include "userspace/workload/container_rules.h"

#include <algorithm>
#include <string>
#include <utility>

#include "userspace/workload/path_names.h"
#include "userspace/workload/slurm_rules.h"

namespace brahe::workload {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr size_t kIdLength = 64;

// What runtimes call a container by default.
bool IsFullId(std::string_view text) { return text.size() == kIdLength && IsHex(text); }

// podman's payload cgroups may carry an id that is cut, to 12 digits at least.
bool IsCutId(std::string_view text) { return text.size() >= 12 && text.size() <= kIdLength && IsHex(text); }

// What BuildKit calls each step of a build: 25 digits to the base 36.
bool IsBuildId(std::string_view text) {
  return text.size() == 25 && text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
}

bool IsFullOrBuildId(std::string_view text) { return IsFullId(text) || IsBuildId(text); }

// What takes the place of an id where people choose it: letters, digits and separators. systemd's units look alike.
bool IsChosenName(std::string_view text) {
  constexpr size_t kLongest = 76;
  constexpr std::string_view kSeparators = "-_.";
  const auto is_alnum = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (text.empty() || text.size() > kLongest || !is_alnum(text.front()) || !is_alnum(text.back())) return false;
  for (const std::string_view unit : {".scope", ".service", ".slice"}) {
    if (text.ends_with(unit)) return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alnum(c) || kSeparators.find(c) != std::string_view::npos; });
}

// For names that nothing else can be taken for.
bool IsAnyName(std::string_view text) { return !text.empty(); }

// A cgroup whose own name tells of a container: WORD ID, possibly followed by ".scope".
struct NameRule {
  std::string_view word;
  bool (*is_id)(std::string_view);
  std::string_view runtime;
  bool rootless = false;  // engines without root use it as well
};

constexpr NameRule kNameRules[] = {
    // /system.slice/docker-ID.scope, without root ../user@1000.service/user.slice/docker-ID.scope
    {"docker-", IsFullId, "docker", true},
    // /system.slice/containerd-ID.scope
    {"containerd-", IsFullId, "containerd"},
    // /system.slice/nerdctl-ID.scope, without root ../user@1000.service/user.slice/nerdctl-ID.scope
    {"nerdctl-", IsFullId, "containerd", true},
    // /kubepods.slice/kubepods-podUID.slice/cri-containerd-ID.scope
    {"cri-containerd-", IsFullId, "containerd"},
    // /kubepods.slice/kubepods-podUID.slice/crio-ID.scope, and /kubepods/podUID/crio-ID
    {"crio-", IsFullId, "crio"},
    // /machine.slice/libpod-ID.scope/container, and /libpod_parent/libpod-ID; without root
    // ../user@1000.service/user.slice/libpod-ID.scope/container
    {"libpod-", IsFullId, "podman", true},
    // /user.slice/user-1000.slice/podman-1234.scope/libpod-payload-ID, and in each service that podman makes
    {"libpod-payload-", IsCutId, "podman", true},
    // /lxc.payload.NAME/init.scope; LXD and Incus have it of LXC. The supervisor's /lxc.monitor.NAME is none. Without
    // root ../user@1000.service/app.slice/run-r1234.scope/lxc.payload.NAME
    {"lxc.payload.", IsAnyName, "lxc", true},
    // /kubepods/burstable/podUID/kata_ID: the sandbox's virtual machine
    {"kata_", IsFullId, "kata"},
    // /kubepods/burstable/podUID/kata_crio-ID
    {"kata_crio-", IsFullId, "kata"},
    // /kata-overhead.slice/runtime-rs-ID.scope: what of a sandbox shall not count against the pod's limits
    {"runtime-rs-", IsFullId, "kata"},
};

// A cgroup that has the name of systemd's notation because its runtime was told one and uses another driver:
// SLICE:WORD:ID.
struct ColonRule {
  std::string_view word;
  bool (*is_id)(std::string_view);
  std::string_view runtime;
  bool rootless = false;
};

constexpr ColonRule kColonRules[] = {
    // /system.slice/containerd.service/kubepods-podUID.slice:cri-containerd:ID
    {"cri-containerd", IsFullId, "containerd"},
    // /kubepods-podUID.slice:crio:ID
    {"crio", IsFullId, "crio"},
    // /system.slice:docker:ID, also of a build's step; without root user.slice:docker:ID
    {"docker", IsFullOrBuildId, "docker", true},
    // /machine.slice:libpod:ID; without root user.slice:libpod:ID
    {"libpod", IsFullId, "podman", true},
    // /kata-overhead.slice:runtime-rs:ID
    {"runtime-rs", IsFullId, "kata"},
};

constexpr std::string_view kBuildKit = "buildkit";

// A cgroup that is called by the id alone, in one that tells whose it is.
struct ParentRule {
  std::string_view parent;
  bool (*is_id)(std::string_view);
  std::string_view runtime;
};

constexpr ParentRule kParentRules[] = {
    // /docker/ID, also of a build's step
    {"docker", IsFullOrBuildId, "docker"},
    // /docker/ID/docker/buildkit/STEP, in a builder's container
    {"buildkit", IsBuildId, kBuildKit},
    // /kata_overhead/ID
    {"kata_overhead", IsFullId, "kata"},
    // /containerd/NAME
    {"containerd", IsChosenName, "containerd"},
    // /lxc/NAME, and Proxmox' /lxc/101/ns/init.scope
    {"lxc", IsChosenName, "lxc"},
    // /lxc.payload/NAME, LXC 3.1 to 3.2
    {"lxc.payload", IsChosenName, "lxc"},
};

// A unit of systemd for a machine that is registered with it: BEFORE NAME AFTER.
struct MachineRule {
  std::string_view before;
  std::string_view after;
  std::string_view runtime;
};

constexpr MachineRule kMachineRules[] = {
    // /machine.slice/machine-NAME.scope/payload
    {"machine-", ".scope", "systemd-nspawn"},
    // /machine.slice/systemd-nspawn@NAME.service/payload
    {"systemd-nspawn@", ".service", "systemd-nspawn"},
};

// libvirt registers its machines as DRIVER-NUMBER-NAME. Those without a runtime are virtual machines.
struct LibvirtRule {
  std::string_view driver;
  std::string_view runtime;
};

constexpr LibvirtRule kLibvirtRules[] = {
    // /machine.slice/machine-qemu\x2d1\x2dNAME.scope/libvirt/emulator
    {"qemu-", ""},
    // /machine.slice/machine-ch\x2d1\x2dNAME.scope
    {"ch-", ""},
    // /machine.slice/machine-libxl\x2d1\x2dNAME.scope
    {"libxl-", ""},
    // /machine.slice/machine-lxc\x2d1234\x2dNAME.scope
    {"lxc-", "lxc"},
};

std::optional<Container> Found(std::string_view id, std::string_view runtime) {
  return Container{.id = std::string(id), .runtime = std::string(runtime), .pod_uid = "", .cgroup = ""};
}

std::optional<Container> ByName(std::string_view name, bool in_user_tree) {
  constexpr std::string_view kScope = ".scope";
  if (name.ends_with(kScope)) name.remove_suffix(kScope.size());
  for (const NameRule& rule : kNameRules) {
    if (!name.starts_with(rule.word) || (in_user_tree && !rule.rootless)) continue;
    const std::string_view id = name.substr(rule.word.size());
    if (rule.is_id(id)) return Found(id, rule.runtime);
  }
  return std::nullopt;
}

std::optional<Container> ByColons(std::string_view name, bool in_user_tree) {
  const size_t last = name.rfind(':');
  if (last == std::string_view::npos || last == 0) return std::nullopt;
  const std::string_view id = name.substr(last + 1);
  const size_t first = name.rfind(':', last - 1);
  if (first == std::string_view::npos) return std::nullopt;
  const std::string_view word = name.substr(first + 1, last - first - 1);
  for (const ColonRule& rule : kColonRules) {
    if (in_user_tree && !rule.rootless) continue;
    if (word == rule.word && rule.is_id(id)) return Found(id, rule.runtime);
  }
  return std::nullopt;
}

std::optional<Container> ByParent(std::string_view name, std::string_view parent) {
  for (const ParentRule& rule : kParentRules) {
    if (parent == rule.parent && rule.is_id(name)) return Found(name, rule.runtime);
  }
  return std::nullopt;
}

// A unit's name without systemd's escapes: \xHH is a byte.
std::string Unescape(std::string_view name) {
  constexpr std::string_view kEscape = "\\x";
  std::string text;
  while (!name.empty()) {
    const bool escaped = name.starts_with(kEscape) && name.size() >= 4 && IsHex(name.substr(2, 2));
    text += escaped ? static_cast<char>(kHexDigits.find(name[2]) << 4 | kHexDigits.find(name[3])) : name.front();
    name.remove_prefix(escaped ? 4 : 1);
  }
  return text;
}

bool IsUuid(std::string_view text) {
  constexpr std::string_view kForm = "00000000-0000-0000-0000-000000000000";
  return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), [](char c, char form) {
    return form == '-' ? c == '-' : kHexDigits.find(c) != std::string_view::npos;
  });
}

// The NAME of a machine that libvirt's `driver` calls so; empty if it is none of that driver's.
std::string_view LibvirtName(std::string_view machine, std::string_view driver) {
  if (!machine.starts_with(driver)) return {};
  machine.remove_prefix(driver.size());
  const size_t dash = machine.find('-');
  if (dash == std::string_view::npos || !IsNumber(machine.substr(0, dash))) return {};
  return machine.substr(dash + 1);
}

// Where there is no systemd-machined, libvirt makes cgroups itself and calls them DRIVER-NUMBER-NAME.libvirt-DRIVER, or
// NAME.libvirt-DRIVER in old versions. Those of other drivers are virtual machines.
std::optional<Container> ByLibvirtPartition(std::string_view name) {
  // /machine/lxc-1234-NAME.libvirt-lxc
  constexpr std::string_view kLxc = ".libvirt-lxc";
  if (!name.ends_with(kLxc)) return std::nullopt;
  name.remove_suffix(kLxc.size());
  const std::string_view guest = LibvirtName(name, "lxc-");
  if (!guest.empty()) name = guest;
  return name.empty() ? std::nullopt : Found(name, "lxc");
}

std::optional<Container> ByMachine(std::string_view name) {
  for (const MachineRule& rule : kMachineRules) {
    if (!name.starts_with(rule.before) || !name.ends_with(rule.after)) continue;
    name.remove_prefix(rule.before.size());
    const std::string machine = Unescape(name.substr(0, name.size() - rule.after.size()));
    if (machine.empty()) return std::nullopt;
    for (const LibvirtRule& libvirt : kLibvirtRules) {
      const std::string_view guest = LibvirtName(machine, libvirt.driver);
      if (guest.empty()) continue;
      return libvirt.runtime.empty() ? std::nullopt : Found(guest, libvirt.runtime);
    }
    return Found(machine, rule.runtime);
  }
  return std::nullopt;
}

// A pod's uid with the dashes that systemd's names cannot have; empty if it is none. Static pods have uids without any.
std::string PodUid(std::string_view text) {
  std::string uid(text.substr(0, 64));
  std::replace(uid.begin(), uid.end(), '_', '-');
  const bool valid = text.size() >= 8 && text.size() <= 64 && IsHex(uid.substr(0, uid.find('-'))) &&
                     uid.find_first_not_of("0123456789abcdef-") == std::string::npos;
  return valid ? uid : "";
}

// The uid of the pod whose cgroup is called `name` and lies in one called `parent`; empty if it is no pod's.
std::string PodOf(std::string_view name, std::string_view parent) {
  // /kubepods/burstable/podUID, and /kubepods/podUID for the guaranteed class
  constexpr std::string_view kPod = "pod";
  if (name.starts_with(kPod)) {
    // /../podUID, as a pod of the same class sees it that has a cgroup namespace
    const bool in_kubepods = parent == "kubepods" || parent == "burstable" || parent == "besteffort" || parent == "..";
    return in_kubepods ? PodUid(name.substr(kPod.size())) : "";
  }
  // kubepods-burstable-podUID.slice, kubepods-podUID.slice, kubelet-kubepods-podUID.slice; before a colon too
  constexpr std::string_view kSlicePod = "-pod";
  name = name.substr(0, name.find(':'));
  constexpr std::string_view kSlice = ".slice";
  const size_t pod = name.rfind(kSlicePod);
  if (!name.ends_with(kSlice) || pod == std::string_view::npos) return "";
  const std::string_view before = name.substr(0, pod);
  for (const std::string_view qos_class : {"kubepods", "kubepods-burstable", "kubepods-besteffort"}) {
    if (!before.ends_with(qos_class)) continue;
    const bool whole = before.size() == qos_class.size() || before[before.size() - qos_class.size() - 1] == '-';
    if (!whole) continue;
    const size_t uid = pod + kSlicePod.size();
    return PodUid(name.substr(uid, name.size() - kSlice.size() - uid));
  }
  return "";
}

// The innermost pod that `path` is or lies in.
std::string PodOfPath(std::string_view path) {
  for (; !path.empty(); path = WithoutLastName(path)) {
    std::string uid = PodOf(LastName(path), LastName(WithoutLastName(path)));
    if (!uid.empty()) return uid;
  }
  return "";
}

// The Slurm step whose cgroup `path` is, or what of a job lies in no step. They are called as Slurm's own tools call
// them: 42.0, 42.batch, 42.extern; the job is the sum of 42 and 42.*.
std::optional<Container> BySlurm(std::string_view path) {
  constexpr std::string_view kRuntime = "slurm";
  if (const auto job = SlurmJobAt(path)) return Found(job->id, kRuntime);
  const std::string_view step = After("step_", LastName(path));
  if (step.empty()) return std::nullopt;
  const auto job = SlurmJobAt(WithoutLastName(path));
  return job ? Found(std::string(job->id) + "." + std::string(step), kRuntime) : std::nullopt;
}

// A task of Nomad's own drivers, ALLOCATION.TASK; docker's tasks are docker's.
std::optional<Container> ByNomad(std::string_view name, std::string_view parent) {
  // /nomad.slice/share.slice/UUID.web.scope, and before Nomad 1.7 /nomad.slice/UUID.web.scope
  constexpr std::string_view kScope = ".scope";
  constexpr size_t kUuid = 36;
  if (parent != "nomad.slice" && parent != "share.slice" && parent != "reserve.slice") return std::nullopt;
  if (!name.ends_with(kScope)) return std::nullopt;
  name.remove_suffix(kScope.size());
  const bool is_task = name.size() > kUuid + 1 && name[kUuid] == '.' && IsUuid(name.substr(0, kUuid));
  return is_task ? Found(name, "nomad") : std::nullopt;
}

// An id alone, wherever it lies: a parent that somebody chose (docker run --cgroup-parent), a task of ECS
// (/ecs/TASK/ID), a namespace of containerd's (/default/ID). By the length of the id it is some runtime's. podman's
// pods, /libpod_parent/ID, are called so as well, and hold containers and their monitors.
std::optional<Container> ById(std::string_view name, std::string_view parent) {
  return IsFullId(name) && parent != "libpod_parent" ? Found(name, "unknown") : std::nullopt;
}

// The container whose cgroup `path` is. In a user's own tree any user can make the rest of the names, among them those
// that are known from the runtimes of others' containers.
std::optional<Container> ContainerAt(std::string_view path, bool in_user_tree) {
  const std::string_view name = LastName(path);
  const std::string_view parent_path = WithoutLastName(path);
  const std::string_view parent = LastName(parent_path);
  if (auto container = ByName(name, in_user_tree)) return container;
  if (auto container = ByColons(name, in_user_tree)) return container;
  if (in_user_tree) return std::nullopt;
  if (auto container = ByParent(name, parent)) return container;
  if (auto container = ByMachine(name)) return container;
  if (auto container = ByLibvirtPartition(name)) return container;
  if (auto container = ByNomad(name, parent)) return container;
  if (auto container = BySlurm(path)) return container;
  // /kubepods/burstable/podUID/ID: that a runtime did it is all that is known
  if (IsFullId(name) && !PodOf(parent, LastName(WithoutLastName(parent_path))).empty()) {
    return Found(name, "kubernetes");
  }
  return ById(name, parent);
}

// The outermost of the cgroups that `path` is or lies in which systemd has given to a user; empty: it lies in none.
// /user.slice/user-1000.slice/user@1000.service
std::string_view UserTreeOf(std::string_view path) {
  constexpr std::string_view kService = ".service";
  for (size_t end, begin = 0; begin < path.size(); begin = end + 1) {
    end = std::min(path.find('/', begin), path.size());
    std::string_view uid = After("user@", path.substr(begin, end - begin));
    if (!uid.ends_with(kService)) continue;
    uid.remove_suffix(kService.size());
    if (IsNumber(uid)) return path.substr(0, end);
  }
  return {};
}

}  // namespace

std::optional<Container> ContainerOfPath(std::string_view cgroup_path) {
  const std::string_view user_tree = UserTreeOf(cgroup_path);
  const auto is_of_user = [&](std::string_view path) { return !user_tree.empty() && path.size() > user_tree.size(); };
  std::optional<Container> container;
  for (std::string_view path = cgroup_path; !path.empty(); path = WithoutLastName(path)) {
    if (container && path == user_tree) {
      container->tree = path;
      break;
    }
    auto found = ContainerAt(path, is_of_user(path));
    if (!found) continue;
    if (container) {
      container->tree = path;
      break;
    }
    container = std::move(found);
    container->of_user = is_of_user(path);
    container->pod_uid = PodOfPath(container->of_user ? user_tree : path);
    container->cgroup = path;
    // A step of a build is its id alone: it may be seen from the host and from within the builder's container.
    if (container->runtime == kBuildKit) break;
  }
  return container;
}

}  // namespace brahe::workload
