#pragma once

#include <string>
#include <utility>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::exporter {

// The levels that a query asks for, by level=node&level=pod, by level=node,pod or by collect[]=node as Prometheus'
// exporters have it; empty: it asks for none, and so for all. Other arguments mean nothing. An Error says which word is
// no level and which are.
Result<std::vector<std::string>> AskedLevels(const std::vector<std::pair<std::string, std::string>>& arguments);

}  // namespace brahe::exporter
