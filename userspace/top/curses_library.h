#pragma once

// Without its macros, which have names such as "move" and "clear".
#define NCURSES_NOMACROS 1
#include <curses.h>

#include <string>

#include "userspace/base/result.h"

namespace brahe::top {

// The functions of ncurses that are used. It is loaded and not linked: an exporter has no use for it.
struct CursesLibrary {
  decltype(&::newterm) newterm = nullptr;
  decltype(&::endwin) endwin = nullptr;
  decltype(&::newwin) newwin = nullptr;
  decltype(&::cbreak) cbreak = nullptr;
  decltype(&::noecho) noecho = nullptr;
  decltype(&::keypad) keypad = nullptr;
  decltype(&::nodelay) nodelay = nullptr;
  decltype(&::curs_set) curs_set = nullptr;
  decltype(&::has_colors) has_colors = nullptr;
  decltype(&::start_color) start_color = nullptr;
  decltype(&::use_default_colors) use_default_colors = nullptr;
  decltype(&::init_pair) init_pair = nullptr;
  decltype(&::set_escdelay) set_escdelay = nullptr;
  decltype(&::resize_term) resize_term = nullptr;
  decltype(&::wresize) wresize = nullptr;
  decltype(&::clearok) clearok = nullptr;
  decltype(&::wgetch) wgetch = nullptr;
  decltype(&::wmove) wmove = nullptr;
  decltype(&::werase) werase = nullptr;
  decltype(&::wattrset) wattrset = nullptr;
  decltype(&::waddnstr) waddnstr = nullptr;
  decltype(&::wrefresh) wrefresh = nullptr;
  decltype(&::tigetstr) tigetstr = nullptr;
};

// Loads a library by its soname or path, and keeps it until the process ends. The Error names it, what the loader says
// and the package to install.
Result<CursesLibrary> LoadCurses(const std::string& name);

// Its soname on this machine.
inline constexpr char kCursesSoname[] = "libncursesw.so.6";

}  // namespace brahe::top
