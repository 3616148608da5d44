#include "userspace/cpu/bank_reader.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>

namespace brahe {
namespace {

constexpr uint64_t kQuietReads = 2;

}  // namespace

Status BankReader::Read(uint32_t bank, const std::function<void(const task_key&, const char*)>& on_new) {
  ++reads_;
  return program_.ReadBank(bank, [&](const task_reading& reading) {
    Entry& entry = EntryOf(reading.key);
    if (!std::exchange(entry.in_kernel, true)) on_new(reading.key, reading.comm);
    entry.last_change = reads_;
    pending_ns_[reading.key] += reading.gained_ns;
  });
}

void BankReader::Add(const task_key& key, uint64_t ns) {
  EntryOf(key).last_change = reads_ + 1;  // slots are read before the bank
  if (ns != 0) pending_ns_[key] += ns;
}

BankReader::Entry& BankReader::EntryOf(const task_key& key) {
  std::vector<Entry>& entries = processes_[{key.tgid, key.start_ns}];
  for (Entry& entry : entries) {
    if (entry.cgroup_id == key.cgroup_id && entry.socket == key.socket) return entry;
  }
  return entries.emplace_back(Entry{.cgroup_id = key.cgroup_id, .socket = key.socket});
}

void BankReader::TakePending(const std::function<void(const task_key&, Nanoseconds)>& take) {
  for (const auto& [key, ns] : pending_ns_) take(key, Nanoseconds{ns});
  pending_ns_.clear();
}

bool BankReader::IsQuiet(const Entry& entry) const { return reads_ >= entry.last_change + kQuietReads; }

Result<bool> BankReader::Delete(const ProcessKey& process) {
  const auto at = processes_.find(process);
  if (at == processes_.end()) return true;
  int error = 0;
  std::erase_if(at->second, [&](const Entry& entry) {
    if (error != 0 || !IsQuiet(entry)) return false;
    const task_key key = {process.pid, entry.socket, process.start_ns, entry.cgroup_id};
    if (entry.in_kernel && bpf_map_delete_elem(program_.procs_fd(), &key) != 0 && errno != ENOENT) error = errno;
    return error == 0;
  });
  if (error != 0) return SystemError("delete from BPF map procs", error);
  if (!at->second.empty()) return false;
  processes_.erase(at);
  return true;
}

void BankReader::ForEachQuietProcess(const std::function<void(const ProcessKey&, uint64_t)>& visit) const {
  for (const auto& [process, entries] : processes_) {
    uint64_t last_change = 0;
    for (const Entry& entry : entries) last_change = std::max(last_change, entry.last_change);
    if (reads_ >= last_change + kQuietReads) visit(process, reads_ - last_change);
  }
}

}  // namespace brahe
