#include "userspace/cpu/bank_reader.h"

#include <bpf/bpf.h>

#include <cerrno>

#include "userspace/cpu/batch_read.h"

namespace brahe {
namespace {

constexpr uint32_t kQuietReads = 2;

ProcessKey ProcessOf(const task_key& key) { return {key.tgid, key.start_ns}; }

}  // namespace

BankReader::BankReader(int procs_fd) : fd_(procs_fd) {}

Status BankReader::Read(uint32_t bank, const std::function<void(const task_key&, const char*)>& on_new) {
  if (const auto read = ReadWholeMap(fd_, "procs", keys_, values_); !read) return read;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const auto [at, inserted] = table_.try_emplace(keys_[i]);
    TaskReading& reading = at->second;
    if (!reading.in_kernel) {
      reading.in_kernel = true;
      on_new(keys_[i], values_[i].comm);
    }
    // Smaller than before only if somebody else deleted the entry and it was made anew.
    const uint64_t before = values_[i].ns[bank] < reading.ns[bank] ? 0 : reading.ns[bank];
    const uint64_t gained = values_[i].ns[bank] - before;
    reading.ns[bank] = values_[i].ns[bank];
    reading.quiet_reads = gained == 0 ? reading.quiet_reads + 1 : 0;
    AddPending(*at, gained);
  }
  return {};
}

void BankReader::Add(const task_key& key, uint64_t ns) {
  const auto [at, inserted] = table_.try_emplace(key);
  at->second.quiet_reads = 0;
  if (inserted) unseen_.push_back(key);
  AddPending(*at, ns);
}

void BankReader::AddPending(Table::value_type& entry, uint64_t ns) {
  if (ns == 0) return;
  if (entry.second.pending_ns == 0) touched_.push_back(&entry);
  entry.second.pending_ns += ns;
}

void BankReader::TakePending(const std::function<void(const task_key&, Nanoseconds)>& take) {
  for (Table::value_type* entry : touched_) {
    take(entry->first, Nanoseconds{entry->second.pending_ns});
    entry->second.pending_ns = 0;
  }
  touched_.clear();
}

Status BankReader::DeleteDead(const std::function<bool(const ProcessKey&)>& is_dead) {
  std::vector<task_key> dead;
  for (const task_key& key : keys_) {
    const auto at = table_.find(key);
    if (at != table_.end() && at->second.quiet_reads >= kQuietReads && at->second.pending_ns == 0 &&
        is_dead(ProcessOf(key))) {
      dead.push_back(key);
    }
  }
  std::erase_if(unseen_, [&](const task_key& key) {
    const auto at = table_.find(key);
    if (at == table_.end() || at->second.in_kernel) return true;
    if (at->second.pending_ns != 0 || !is_dead(ProcessOf(key))) return false;
    table_.erase(at);
    return true;
  });
  size_t done = 0;
  while (done < dead.size()) {
    uint32_t count = static_cast<uint32_t>(dead.size() - done);
    const int status = bpf_map_delete_batch(fd_, &dead[done], &count, nullptr);
    const int error = status == 0 ? 0 : errno;
    for (uint32_t i = 0; i < count; ++i) table_.erase(dead[done + i]);
    done += count;
    if (error == ENOENT && done < dead.size()) {
      table_.erase(dead[done++]);  // gone already
    } else if (error != 0) {
      return SystemError("delete from BPF map procs", error);
    }
  }
  return {};
}

void BankReader::ForEachQuietProcess(const std::function<void(const ProcessKey&)>& visit) const {
  for (const auto& [key, reading] : table_) {
    if (reading.quiet_reads >= kQuietReads) visit(ProcessOf(key));
  }
}

}  // namespace brahe
