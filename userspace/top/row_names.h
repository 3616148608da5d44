#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/top/frame.h"

namespace brahe::top {

// Rows of workloads, wherever these come from: from a snapshot or from its document. They have no figures yet. A text
// is empty where nothing is known. Any thread.
Row ProcessRow(uint64_t pid, std::string comm, std::string exe, const std::string& container_id,
               const std::string& vm_id);
Row ContainerRow(const std::string& id, std::string name, std::string runtime, const std::string& pod_id);
Row VmRow(const std::string& id, std::string name, std::string hypervisor);
Row PodRow(const std::string& id, const std::string& name, const std::string& name_space);  // "shop/web-7f"
Row GroupRow(const std::vector<std::string>& values);  // the labels that are known: "Deployment/web/shop"

// `levels` in the order that they are shown in, without those that have no rows. Ids that say the name again are left
// out; who has no name is called by its id.
std::vector<Level> Arranged(std::vector<Level> levels);

}  // namespace brahe::top
