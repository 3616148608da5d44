#pragma once

#include <microhttpd.h>

#include <optional>
#include <string>

namespace brahe::http {

// A request's first line as the library has taken it apart.
struct RequestLine {
  const char* method;
  const char* version;
  const char* target_end;  // see EndOfTarget
};

// Where the target ends, before it is decoded: at the first NUL, or at the "%00" in its path that will be one. The
// library keeps the version right behind the target, in one buffer, so that a NUL of the client's shows.
const char* EndOfTarget(const char* target);

// What two readers of one request could disagree about, so that it must not be answered as if it were clear: lengths
// that differ, no host or several, a NUL in the target, which would be cut there. Nothing for a request that is clear.
std::optional<std::string> RequestFault(MHD_Connection* connection, const RequestLine& line);

}  // namespace brahe::http
