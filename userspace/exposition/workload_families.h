#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "userspace/exposition/families.h"

namespace brahe::exposition {

// Kepler's families of processes, containers, virtual machines and pods. Any thread.
std::span<const Family> KeplerWorkloadFamilies();

// The families of what is in no workload of a list, and of the groups that a snapshot happens to have: `input.rests`
// and `input.groups`. `texts` holds their names and help texts.
std::vector<Family> ListFamilies(const RenderInput& input, std::deque<std::string>& texts);

}  // namespace brahe::exposition
