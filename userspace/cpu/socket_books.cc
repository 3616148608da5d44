#include "userspace/cpu/socket_books.h"

#include <glog/logging.h>

#include <algorithm>
#include <map>
#include <utility>

#include "userspace/cpu/topology.h"

namespace brahe::cpu {

SocketBooks::SocketBooks(std::vector<uint32_t> socket_of_cpu, std::string sysfs_root)
    : socket_of_cpu_(std::move(socket_of_cpu)), sysfs_root_(std::move(sysfs_root)), cpus_(socket_of_cpu_.size()) {}

std::vector<uint32_t> SocketBooks::OfflineCpus() const {
  std::vector<uint32_t> offline;
  for (size_t cpu = 0; cpu < cpus_.size(); ++cpu) {
    if (!cpus_[cpu].online) offline.push_back(static_cast<uint32_t>(cpu));
  }
  return offline;
}

void SocketBooks::SetOfflineCpus(const std::vector<uint32_t>& cpus) {
  for (const uint32_t cpu : cpus) {
    if (cpu < cpus_.size()) cpus_[cpu].online = false;
  }
}

void SocketBooks::NoteOnlineCpus() {
  const auto online = ReadOnlineCpus(sysfs_root_);
  if (!online) {  // then every CPU that has been seen counts
    if (VLOG_IS_ON(1)) {
      LOG_EVERY_T(INFO, 1) << online.error().message;
    }
    return;
  }
  std::vector<bool> now(cpus_.size(), false);
  for (const uint32_t cpu : *online) {
    if (cpu < now.size()) now[cpu] = true;
  }
  for (size_t cpu = 0; cpu < cpus_.size(); ++cpu) {
    cpus_[cpu].counted = now[cpu] || cpus_[cpu].online;
    cpus_[cpu].online = now[cpu];
  }
}

Nanoseconds SocketBooks::Close(bool exact, CpuTimeEpoch& epoch) {
  std::map<uint32_t, SocketCount> sockets;
  for (size_t cpu = 0; cpu < cpus_.size(); ++cpu) {
    const uint64_t idle = std::exchange(cpus_[cpu].idle_ns, 0);
    const uint64_t lost = std::exchange(cpus_[cpu].lost_ns, 0);
    if (!cpus_[cpu].counted && idle == 0 && lost == 0) continue;
    SocketCount& socket = sockets[socket_of_cpu_[cpu]];
    socket.idle_ns += idle;
    socket.lost_ns += lost;
    if (cpus_[cpu].counted) socket.capacity_ns += (epoch.end - epoch.begin).value;
  }
  return CloseSockets(sockets, exact, epoch);
}

Nanoseconds CloseSockets(const std::map<uint32_t, SocketCount>& counted, bool capacity_is_known, CpuTimeEpoch& epoch) {
  std::map<uint32_t, SocketCount> sockets = counted;
  std::map<uint32_t, uint64_t> used;
  for (const auto& [socket, count] : sockets) used[socket] = count.lost_ns;
  for (const TaskTime& task : epoch.tasks) used[task.socket] += task.time.value;
  for (const UnassignedTime& time : epoch.unassigned) used[time.socket] += time.time.value;
  Nanoseconds error;
  for (auto& [socket, busy] : used) {
    SocketCount& count = sockets[socket];
    const uint64_t seen = busy + count.idle_ns;
    if (!capacity_is_known) count.capacity_ns = seen;
    error += Nanoseconds{std::max(seen, count.capacity_ns) - std::min(seen, count.capacity_ns)};
    if (seen < count.capacity_ns) {
      count.lost_ns += count.capacity_ns - seen;
    } else {
      count.capacity_ns = std::max(count.capacity_ns, busy);
      count.idle_ns = count.capacity_ns - busy;
    }
    if (count.lost_ns != 0) epoch.unassigned.push_back({0, socket, {count.lost_ns}});
    epoch.sockets.push_back({socket, {count.capacity_ns}, {count.idle_ns}});
  }
  return error;
}

}  // namespace brahe::cpu
