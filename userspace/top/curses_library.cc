#include "userspace/top/curses_library.h"

#include <dlfcn.h>

namespace brahe::top {
namespace {

Error LoadError(const std::string& name) {
  const char* why = dlerror();
  return MakeError("cannot load " + (why == nullptr ? name : std::string(why)) +
                   "; the live table needs it: apt-get install libncursesw6; --once and --json do without");
}

}  // namespace

Result<CursesLibrary> LoadCurses(const std::string& name) {
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return LoadError(name);
  bool all = true;
  const auto find = [&]<typename Function>(const char* symbol, Function& function) {
    if (all) function = reinterpret_cast<Function>(dlsym(library, symbol));
    all = all && function != nullptr;
  };
  CursesLibrary curses;
  find("newterm", curses.newterm);
  find("endwin", curses.endwin);
  find("newwin", curses.newwin);
  find("cbreak", curses.cbreak);
  find("noecho", curses.noecho);
  find("keypad", curses.keypad);
  find("nodelay", curses.nodelay);
  find("curs_set", curses.curs_set);
  find("has_colors", curses.has_colors);
  find("start_color", curses.start_color);
  find("use_default_colors", curses.use_default_colors);
  find("init_pair", curses.init_pair);
  find("set_escdelay", curses.set_escdelay);
  find("resize_term", curses.resize_term);
  find("wresize", curses.wresize);
  find("clearok", curses.clearok);
  find("wgetch", curses.wgetch);
  find("wmove", curses.wmove);
  find("werase", curses.werase);
  find("wattrset", curses.wattrset);
  find("waddnstr", curses.waddnstr);
  find("wrefresh", curses.wrefresh);
  find("tigetstr", curses.tigetstr);
  if (!all) return LoadError(name);
  return curses;
}

}  // namespace brahe::top
