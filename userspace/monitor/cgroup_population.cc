#include "userspace/monitor/cgroup_population.h"

#include "userspace/base/file.h"

namespace brahe {
namespace {

bool HasProcesses(const std::string& folder) {
  const Result<std::string> processes = ReadFile(folder + "/cgroup.procs");
  return processes && !Trim(*processes).empty();
}

}  // namespace

bool IsContainerPopulated(const std::string& cgroup_root, const std::string& path, const std::string& container_id) {
  const size_t id = path.rfind(container_id);
  if (id == std::string::npos) return false;
  const std::string container_folder = cgroup_root + path.substr(0, path.find('/', id));
  if (const Result<std::string> events = ReadFile(container_folder + "/cgroup.events")) {
    return events->find("populated 1") != std::string::npos;
  }
  return HasProcesses(container_folder) || HasProcesses(cgroup_root + path);
}

}  // namespace brahe
