#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::run {

// Lines over a connected Unix socket, some with an open file beside them. Not thread-safe.
class LineSocket {
 public:
  explicit LineSocket(UniqueFd fd) : fd_(std::move(fd)) {}

  [[nodiscard]] int fd() const { return fd_.get(); }
  // `file`: an open file that goes with the line; -1: none.
  Status Write(std::string_view line, int file = -1);
  // Waits for the next line, without its end. An Error also where the other side is gone, or says more than fits.
  Result<std::string> Read();
  // The file that came with what was read last, if one did.
  UniqueFd TakeFile() { return std::move(file_); }

 private:
  Result<size_t> Receive();

  UniqueFd fd_;
  UniqueFd file_;
  std::string pending_;  // read, and behind the last line
};

}  // namespace brahe::run
