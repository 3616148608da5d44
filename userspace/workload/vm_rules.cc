#include "userspace/workload/vm_rules.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>

namespace brahe::workload {
namespace {

// Never empty; the first is what the process was called by.
using Arguments = std::vector<std::string>;

// Longer ones are nobody's name and would burden every scrape.
constexpr size_t kLongestName = 1024;

std::string_view LastName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string NameOrNone(std::string text) { return text.size() <= kLongestName ? std::move(text) : ""; }

// What an argument is if it is an option: -NAME, --NAME, -NAME=VALUE or --NAME=VALUE.
struct Option {
  std::string_view name;
  std::optional<std::string_view> value;  // nullopt: it is the next argument, if it takes any
};

std::optional<Option> AsOption(std::string_view argument) {
  if (!argument.starts_with('-')) return std::nullopt;
  argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos) return Option{argument, std::nullopt};
  return Option{argument.substr(0, equals), argument.substr(equals + 1)};
}

bool Has(const Arguments& arguments, std::string_view name) {
  return std::any_of(arguments.begin() + 1, arguments.end(), [&](const std::string& argument) {
    const auto option = AsOption(argument);
    return option && option->name == name;
  });
}

// The values of all options called `name`.
std::vector<std::string_view> Values(const Arguments& arguments, std::string_view name) {
  std::vector<std::string_view> values;
  for (size_t i = 1; i < arguments.size(); ++i) {
    const auto option = AsOption(arguments[i]);
    if (!option || option->name != name) continue;
    if (option->value) {
      values.push_back(*option->value);
    } else if (i + 1 < arguments.size()) {
      values.push_back(arguments[++i]);
    }
  }
  return values;
}

// The value of the last option called `name`, which is the one that counts; empty: none.
std::string Value(const Arguments& arguments, std::string_view name) {
  const auto values = Values(arguments, name);
  return values.empty() ? "" : NameOrNone(std::string(values.back()));
}

// The value of `key` in a list KEY=VALUE,KEY=VALUE as QEMU writes them: ",," is a comma in a value, and a list that
// begins without a key begins with the value of `implied`. Empty: none.
std::string Part(std::string_view list, std::string_view key, std::string_view implied = "") {
  for (bool first = true; !list.empty(); first = false) {
    std::string item;
    while (!list.empty()) {
      const size_t end = list.find(',');
      item += list.substr(0, end);
      list.remove_prefix(std::min(end, list.size()));
      if (!list.starts_with(",,")) break;
      item += ',';
      list.remove_prefix(2);
    }
    if (!list.empty()) list.remove_prefix(1);
    const size_t equals = item.find('=');
    if (equals == std::string::npos && first && key == implied) return NameOrNone(std::move(item));
    if (equals != std::string::npos && std::string_view(item).substr(0, equals) == key) {
      return NameOrNone(item.substr(equals + 1));
    }
  }
  return "";
}

// The value of `key` in the last option called `name` that has one.
std::string PartOf(const Arguments& arguments, std::string_view name, std::string_view key,
                   std::string_view implied = "") {
  const auto lists = Values(arguments, name);
  for (auto list = lists.rbegin(); list != lists.rend(); ++list) {
    std::string part = Part(*list, key, implied);
    if (!part.empty()) return part;
  }
  return "";
}

// The uuid of the guest's system table, which is where Proxmox puts it.
std::string SmbiosUuid(const Arguments& arguments) {
  constexpr std::string_view kSystem = "1";
  for (const std::string_view list : Values(arguments, "smbios")) {
    if (Part(list, "type") == kSystem) return Part(list, "uuid");
  }
  return "";
}

std::string FirstOf(std::initializer_list<std::string> names) {
  for (const std::string& name : names) {
    if (!name.empty()) return name;
  }
  return "";
}

std::optional<VirtualMachine> OfQemu(const Arguments& arguments) {
  // libvirt starts one without a machine, to ask what it can do.
  for (const std::string_view option : {"machine", "M"}) {
    if (PartOf(arguments, option, "type", "type") == "none") return std::nullopt;
  }
  const bool xen = Has(arguments, "xen-domid") || Has(arguments, "xen-attach");
  return VirtualMachine{// -id is Proxmox' number of the guest.
                        .id = FirstOf({Value(arguments, "uuid"), SmbiosUuid(arguments), Value(arguments, "id")}),
                        .name = PartOf(arguments, "name", "guest", "guest"),
                        .hypervisor = xen ? "xen" : "kvm"};
}

std::optional<VirtualMachine> OfQemuDm(const Arguments& arguments) {
  const std::string name = FirstOf({PartOf(arguments, "name", "guest", "guest"), Value(arguments, "domain-name")});
  return VirtualMachine{.id = Value(arguments, "uuid"), .name = name, .hypervisor = "xen"};
}

std::optional<VirtualMachine> OfCloudHypervisor(const Arguments& arguments) {
  return VirtualMachine{.id = PartOf(arguments, "platform", "uuid"), .name = "", .hypervisor = "cloud-hypervisor"};
}

std::optional<VirtualMachine> OfFirecracker(const Arguments& arguments) {
  return VirtualMachine{.id = Value(arguments, "id"), .name = "", .hypervisor = "firecracker"};
}

// StratoVirt takes QEMU's options.
std::optional<VirtualMachine> OfStratovirt(const Arguments& arguments) {
  return VirtualMachine{
      .id = Value(arguments, "uuid"), .name = PartOf(arguments, "name", "guest", "guest"), .hypervisor = "stratovirt"};
}

// Programs that run a virtual machine by their command "run" and tend those that run by others.
std::optional<VirtualMachine> OfRunCommand(const Arguments& arguments, const char* hypervisor) {
  if (std::find(arguments.begin() + 1, arguments.end(), "run") == arguments.end()) return std::nullopt;
  return VirtualMachine{.id = "", .name = Value(arguments, "name"), .hypervisor = hypervisor};
}

std::optional<VirtualMachine> OfCrosvm(const Arguments& arguments) { return OfRunCommand(arguments, "crosvm"); }

std::optional<VirtualMachine> OfLkvm(const Arguments& arguments) { return OfRunCommand(arguments, "lkvm"); }

std::optional<VirtualMachine> OfVirtualBox(const Arguments& arguments) {
  std::string id = FirstOf({Value(arguments, "startvm"), Value(arguments, "s")});
  if (id.empty()) return std::nullopt;  // the manager's window, or an error
  return VirtualMachine{.id = std::move(id), .name = Value(arguments, "comment"), .hypervisor = "virtualbox"};
}

// The guest's file is the last argument. Its path is the id because names repeat.
std::optional<VirtualMachine> OfVmware(const Arguments& arguments) {
  constexpr std::string_view kSuffix = ".vmx";
  VirtualMachine vm{.id = "", .name = "", .hypervisor = "vmware"};
  const std::string& file = arguments.back();
  if (arguments.size() < 2 || !file.ends_with(kSuffix) || file.size() > kLongestName) return vm;
  vm.id = file;
  vm.name = LastName(file.substr(0, file.size() - kSuffix.size()));
  return vm;
}

// A hypervisor's executable. A name that ends in '*' stands for those that begin so and go on.
struct Rule {
  std::string_view executable;
  std::optional<VirtualMachine> (*read)(const Arguments&);
};

constexpr Rule kRules[] = {
    // /usr/bin/qemu-system-x86_64 -name guest=web,debug-threads=on -uuid UUID
    {"qemu-system-*", OfQemu},
    // /usr/libexec/qemu-kvm -name guest=web -uuid UUID
    {"qemu-kvm", OfQemu},
    // /usr/bin/kvm -id 100 -name web -smbios type=1,uuid=UUID
    {"kvm", OfQemu},
    // /usr/lib/xen/bin/qemu-dm -d 3 -domain-name web
    {"qemu-dm", OfQemuDm},
    // cloud-hypervisor --platform uuid=UUID
    {"cloud-hypervisor", OfCloudHypervisor},
    // cloud-hypervisor-static-aarch64, as it is published, and Kata's cloud-hypervisor-glibc
    {"cloud-hypervisor-*", OfCloudHypervisor},
    // /srv/jailer/firecracker/web/root/firecracker --id web
    {"firecracker", OfFirecracker},
    // firecracker-v1.7.0-x86_64, as it is published; firecracker-containerd and others are helpers
    {"firecracker-v*", OfFirecracker},
    // stratovirt -machine microvm -name web -uuid UUID
    {"stratovirt", OfStratovirt},
    // crosvm run --name web vmlinux; its devices' processes have the same command line
    {"crosvm", OfCrosvm},
    // lkvm run --name web, of kvmtool
    {"lkvm", OfLkvm},
    // VBoxHeadless --comment web --startvm UUID
    {"VBoxHeadless", OfVirtualBox},
    // VirtualBoxVM --comment web --startvm UUID
    {"VirtualBoxVM", OfVirtualBox},
    // VirtualBox --comment web --startvm UUID, before 6.0
    {"VirtualBox", OfVirtualBox},
    // VBoxSDL --startvm web
    {"VBoxSDL", OfVirtualBox},
    // vmware-vmx -s vmx.stdio.keep=TRUE /vms/web/web.vmx
    {"vmware-vmx", OfVmware},
    // with checks, where the guest's settings ask for them
    {"vmware-vmx-debug", OfVmware},
    {"vmware-vmx-stats", OfVmware},
};

// The name that the file at `exe` had when it was installed.
std::string_view ExecutableName(std::string_view exe) {
  std::string_view name = LastName(exe);
  // rpm calls a file that it replaces NAME;HEX.
  name = name.substr(0, name.find(';'));
  // Nix: .NAME-wrapped, with a '_' for each further wrapper
  constexpr std::string_view kWrapped = "-wrapped";
  const std::string_view stem = name.substr(0, name.find_last_not_of('_') + 1);
  if (name.starts_with('.') && stem.ends_with(kWrapped)) return stem.substr(1, stem.size() - 1 - kWrapped.size());
  return name;
}

const Rule* RuleOf(std::string_view exe) {
  const std::string_view name = ExecutableName(exe);
  for (const Rule& rule : kRules) {
    const std::string_view beginning = rule.executable.substr(0, rule.executable.find('*'));
    const bool whole = beginning.size() == rule.executable.size();
    if (whole ? name == beginning : name.starts_with(beginning) && name.size() > beginning.size()) return &rule;
  }
  return nullptr;
}

// A hash (FNV-1a) of the whole command line in hexadecimal digits; the same on every machine and in every version.
std::string HashOf(const Arguments& arguments) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](char byte) { hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3; };
  for (const std::string& argument : arguments) {
    std::for_each(argument.begin(), argument.end(), add);
    add('\0');
  }
  std::string digits(16, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, hash >>= 4)
    *digit = "0123456789abcdef"[hash & 15];
  return digits;
}

// True if the process prints what it is asked for and ends.
bool IsQuestion(const Arguments& arguments) {
  constexpr std::string_view kQuestions[] = {"version", "V", "help", "h"};
  return std::any_of(std::begin(kQuestions), std::end(kQuestions),
                     [&](std::string_view question) { return Has(arguments, question); });
}

}  // namespace

bool IsHypervisor(std::string_view exe) { return RuleOf(exe) != nullptr; }

std::optional<VirtualMachine> VmOfProcess(std::string_view exe, const std::vector<std::string>& arguments) {
  const Rule* rule = RuleOf(exe);
  // One that ends has no arguments any more.
  if (rule == nullptr || arguments.empty() || IsQuestion(arguments)) return std::nullopt;
  auto vm = rule->read(arguments);
  if (vm && vm->id.empty()) vm->id = vm->name.empty() ? HashOf(arguments) : vm->name;
  return vm;
}

}  // namespace brahe::workload
