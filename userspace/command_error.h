#pragma once

#include <iostream>
#include <string>
#include <string_view>

namespace brahe {

// Ends a command of brahe's: says on standard error what is wrong, with the command's name before it unless it stands
// there, and returns `status`.
inline int FailCommand(std::string_view command, const std::string& message, int status) {
  const std::string head = "brahe " + std::string(command) + ": ";
  std::cerr << (message.starts_with(head) ? "" : head) << message << "\n";
  return status;
}

}  // namespace brahe
