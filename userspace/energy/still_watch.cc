#include "userspace/energy/still_watch.h"

namespace brahe::energy {

void StillWatch::Count(bool moved, Nanoseconds duration, Nanoseconds busy) {
  if (moved) {
    *this = {};
  } else if (busy.value != 0 && busy >= duration / 10) {
    ++values_.epochs;
    values_.time += duration;
  }
}

}  // namespace brahe::energy
