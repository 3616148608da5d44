// The command line of a process, a NUL behind each word; the first is its executable.
#include <algorithm>
#include <set>

#include "userspace/base/fuzz_input.h"
#include "userspace/workload/vm_rules.h"

namespace brahe::workload {
namespace {

std::vector<std::string> Split(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    words.emplace_back(line.substr(0, line.find('\0')));
    line.remove_prefix(std::min(words.back().size() + 1, line.size()));
  }
  return words;
}

// Whether an id is made of the words as a whole, and not taken from one of them that looks so.
bool IsHash(const std::string& id, const std::vector<std::string>& words) {
  const bool taken = std::any_of(words.begin(), words.end(),
                                 [&](const std::string& word) { return word.find(id) != std::string::npos; });
  return !taken && id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void Check(std::vector<std::string> words) {
  const std::set<std::string> hypervisors = {
      "kvm", "xen", "virtualbox", "vmware", "firecracker", "cloud-hypervisor", "stratovirt", "crosvm", "lkvm"};
  if (words.empty()) return;
  const std::string exe = words.front();
  words.erase(words.begin());
  const auto vm = VmOfProcess(exe, words);
  Require(vm == VmOfProcess("/elsewhere/" + exe, words), "the folder decides nothing");
  if (!vm) return;
  Require(IsHypervisor(exe) && hypervisors.contains(vm->hypervisor), "a hypervisor is one that is known");
  Require(!vm->id.empty() && std::max(vm->id.size(), vm->name.size()) <= 1024, "an id and a name keep their bounds");
  const bool hashed = IsHash(vm->id, words);
  words.front() = "-uuid";
  const auto renamed = VmOfProcess(exe, words);
  Require(renamed && renamed->name == vm->name && renamed->hypervisor == vm->hypervisor &&
              (hashed ? IsHash(renamed->id, words) : renamed->id == vm->id),
          "what it was called by decides nothing");
}

}  // namespace
}  // namespace brahe::workload

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  brahe::workload::Check(brahe::workload::Split(brahe::TextOf(data, size)));
  return 0;
}
