#pragma once

#include "userspace/base/result.h"

namespace brahe::http {

// How many connections there is room for, at most `wanted`: each takes an open file, of which the process' limit leaves
// so many beside those that are open now, `others` that other connections may take, and what the rest of the process
// opens now and then. Raises the soft limit where it is too low, and warns where the hard one is. The Error: there is
// no room at all.
Result<unsigned> ConnectionPlaces(unsigned wanted, unsigned others = 0);

}  // namespace brahe::http
