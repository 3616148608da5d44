#pragma once

#include <string>
#include <vector>

#include "userspace/top/frame.h"

namespace brahe::top {

// How workloads are called, wherever they come from: from a snapshot or from its document. Any thread.

// "shop/web-7f"; empty: the name is not known.
std::string PodName(const std::string& name_space, const std::string& name);

// The labels of a group, those that are known: "Deployment/web/shop".
std::string GroupName(const std::vector<std::string>& values);

// `levels` in the order that they are shown in, without those that have no rows. Ids that say the name again are left
// out; who has no name is called by its id.
std::vector<Level> Arranged(std::vector<Level> levels);

}  // namespace brahe::top
