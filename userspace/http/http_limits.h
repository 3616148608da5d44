#pragma once

#include "userspace/base/units.h"

namespace brahe::http {

// What slow and greedy clients are held to. Where all connections are taken, a new one takes the place of the one that
// has waited longest for its first request, else of the one that has been idle longest, else of the one that has been
// answered longest, if that is long enough. Where a user of a local socket has all that one may have, it is one of its
// own.
struct HttpLimits {
  unsigned connections = 256;               // of all addresses together, at most; see ConnectionPlaces
  unsigned of_one_user = 0;                 // of them, over a Unix socket; 0: as many as there are
  Nanoseconds first_request = Seconds(10);  // from the connection to the end of the first request
  Nanoseconds idle = Seconds(120);          // from an answer's end to the end of the next request
  Nanoseconds answer = Seconds(60);         // from there to the answer's end
  Nanoseconds giving_way = Seconds(10);     // of an answer, after which its connection can lose its place
};

}  // namespace brahe::http
