#pragma once

#include <string_view>

namespace brahe::top {

// Gives the terminal back to whoever has it next, also where the process ends by a fault of its own: while one lives,
// the signals of such faults restore the settings that were in force when it was made, and then end the process as they
// always do. One at a time; made before the settings are changed.
class TerminalGuard {
 public:
  // Of the terminals that are standard input and output.
  TerminalGuard();
  TerminalGuard(const TerminalGuard&) = delete;
  TerminalGuard& operator=(const TerminalGuard&) = delete;
  ~TerminalGuard();

  // What is written to the terminal after a fault: at most 100 bytes.
  void SetFarewell(std::string_view sequences);
};

}  // namespace brahe::top
