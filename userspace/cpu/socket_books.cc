#include "userspace/cpu/socket_books.h"

#include <glog/logging.h>

#include <map>
#include <utility>

#include "userspace/cpu/topology.h"

namespace brahe {

SocketBooks::SocketBooks(std::vector<uint32_t> socket_of_cpu, std::string sysfs_root)
    : socket_of_cpu_(std::move(socket_of_cpu)), sysfs_root_(std::move(sysfs_root)), cpus_(socket_of_cpu_.size()) {}

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
  struct Sums {
    uint64_t capacity = 0, idle = 0, tasks = 0, lost = 0;
  };
  std::map<uint32_t, Sums> sockets;
  const Nanoseconds duration = epoch.end - epoch.begin;
  for (size_t cpu = 0; cpu < cpus_.size(); ++cpu) {
    const uint64_t idle = std::exchange(cpus_[cpu].idle_ns, 0);
    const uint64_t lost = std::exchange(cpus_[cpu].lost_ns, 0);
    if (!cpus_[cpu].counted && idle == 0 && lost == 0) continue;
    Sums& sums = sockets[socket_of_cpu_[cpu]];
    sums.idle += idle;
    sums.lost += lost;
    if (cpus_[cpu].counted) sums.capacity += duration.value;
  }
  for (const TaskTime& task : epoch.tasks) sockets[task.socket].tasks += task.time.value;
  for (const UnassignedTime& time : epoch.unassigned) sockets[time.socket].tasks += time.time.value;
  Nanoseconds error;
  for (auto& [socket, sums] : sockets) {
    const uint64_t seen = sums.idle + sums.tasks + sums.lost;
    if (exact && seen < sums.capacity) {
      error += Nanoseconds{sums.capacity - seen};
      sums.lost += sums.capacity - seen;
    } else {
      if (exact) error += Nanoseconds{seen - sums.capacity};
      sums.capacity = seen;
    }
    if (sums.lost != 0) epoch.unassigned.push_back({0, socket, {sums.lost}});
    epoch.sockets.push_back({socket, {sums.capacity}, {sums.idle}});
  }
  return error;
}

}  // namespace brahe
