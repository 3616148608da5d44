#include "userspace/base/standard_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace brahe {

Status OpenStandardFiles() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest that is free is this one. It stays open in what is executed, as standard files do.
    if (open("/dev/null", O_RDWR) == -1) {  // NOLINT(android-cloexec-open)
      Error error = SystemError("standard file " + std::to_string(fd) + " is closed, and open /dev/null");
      error.message += "; start with standard input, output and error open";
      return error;
    }
  }
  return {};
}

}  // namespace brahe
