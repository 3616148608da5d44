#include "userspace/run_counters.h"

#include <cerrno>
#include <string>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/run/command_cgroup.h"
#include "userspace/run/epoch_counter.h"
#include "userspace/run/remote_counter.h"
#include "userspace/sources.h"

namespace brahe {

Result<std::unique_ptr<run::Counter>> OpenCounter(const config::Config& config, CgroupOf cgroup_of) {
  auto sources = OpenSources(config, cpu::Purpose::kOneCommand);
  if (!sources) return sources.error();
  const auto folder_of = [procfs = config.host.procfs, hierarchy = sources->hierarchy](const std::string& process) {
    return run::CgroupFolderOf(procfs, process, hierarchy);
  };
  const auto own = folder_of("self");
  if (!own) return own.error();
  const auto parent_of = [folder_of, own, cgroup_of](pid_t held) {
    return cgroup_of == CgroupOf::kThisProcess ? own : folder_of(std::to_string(held));
  };
  auto counter =
      run::EpochCounter::Start(std::move(sources->cpu_time), std::move(sources->energy), parent_of, SystemClock());
  if (!counter) return counter.error();
  return std::unique_ptr<run::Counter>(*std::move(counter));
}

Result<std::unique_ptr<run::Counter>> AskForCounter(const config::Config::Run& config) {
  const std::string path = config.socket.empty() ? config::kRunSocket : config.socket;
  auto counter = run::RemoteCounter::Connect(path, SystemClock());
  if (counter) return std::unique_ptr<run::Counter>(*std::move(counter));
  if (counter.error().code != ENOENT && counter.error().code != ECONNREFUSED) return counter.error();
  return MakeError(counter.error().message +
                   ": who is not root has the service of brahe run count, and it does not run. Start it (systemctl "
                   "enable --now brahe-run.socket, or as root: brahe run --serve), or try sudo");
}

}  // namespace brahe
