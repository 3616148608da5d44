#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/terminal/table_size.h"
#include "userspace/top/curses_library.h"
#include "userspace/top/draw.h"
#include "userspace/top/terminal_guard.h"
#include "userspace/top/view.h"

namespace brahe::top {

// The terminal that is standard input and output, as a screen. It is as it was once this is gone, whatever ends the
// process. One at a time, one thread. SIGINT, SIGTERM, SIGHUP and SIGWINCH must be blocked: else ncurses takes them.
class CursesTerminal {
 public:
  // An Error where there is no terminal, ncurses is missing, or TERM is not known. With `color` where it has any.
  static Result<std::unique_ptr<CursesTerminal>> Open(bool color);
  CursesTerminal(const CursesTerminal&) = delete;
  CursesTerminal& operator=(const CursesTerminal&) = delete;
  ~CursesTerminal();

  [[nodiscard]] terminal::TableSize size() const { return size_; }
  void Show(const std::vector<Line>& lines);
  // The next key that was pressed; nullopt: none. To be called until there is none when standard input is readable.
  std::optional<Key> ReadKey();
  // After a SIGWINCH.
  void Resize();
  // Draws all anew at the next Show.
  void Forget();

 private:
  CursesTerminal(const CursesLibrary& curses, bool color) : curses_(curses), color_(color) {}

  Status Start();
  [[nodiscard]] int AttributesOf(Style style) const;

  const CursesLibrary curses_;
  bool color_;
  TerminalGuard guard_;
  WINDOW* window_ = nullptr;  // ncurses keeps it
  terminal::TableSize size_;
};

}  // namespace brahe::top
