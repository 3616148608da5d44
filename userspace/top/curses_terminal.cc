#include "userspace/top/curses_terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace brahe::top {
namespace {

constexpr short kTitlePair = 1, kHeadPair = 2, kCursorPair = 3, kNoticePair = 4;
constexpr int kEscapeDelay = 25;  // ms: whether an escape is one alone

constexpr int Pair(short pair) { return pair << NCURSES_ATTR_SHIFT; }

terminal::TableSize SizeOfTerminal() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

std::optional<Key::Kind> KindOf(int code) {
  using Kind = Key::Kind;
  switch (code) {
    case KEY_UP:
      return Kind::kUp;
    case KEY_DOWN:
      return Kind::kDown;
    case KEY_LEFT:
      return Kind::kLeft;
    case KEY_RIGHT:
      return Kind::kRight;
    case KEY_PPAGE:
      return Kind::kPageUp;
    case KEY_NPAGE:
      return Kind::kPageDown;
    case KEY_HOME:
      return Kind::kHome;
    case KEY_END:
      return Kind::kEnd;
    case KEY_BTAB:
      return Kind::kBackTab;
    case KEY_ENTER:
    case '\r':
    case '\n':
      return Kind::kEnter;
    case KEY_BACKSPACE:
    case '\b':
    case 0x7F:
      return Kind::kBackspace;
    case KEY_F(1):
      return Kind::kHelp;
    case 0x1B:
      return Kind::kEscape;
    default:
      if (code < 0 || code > 0xFF) return std::nullopt;
      return Kind::kCharacter;
  }
}

}  // namespace

Result<std::unique_ptr<CursesTerminal>> CursesTerminal::Open(bool color) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    return MakeError("standard input and output are no terminal; --once prints the table, --json a line each epoch");
  }
  const auto curses = LoadCurses(kCursesSoname);
  if (!curses) return curses.error();
  std::unique_ptr<CursesTerminal> opened(new CursesTerminal(*curses, color));
  if (const Status started = opened->Start(); !started) return started.error();
  return opened;
}

Status CursesTerminal::Start() {
  if (curses_.newterm(nullptr, stdout, stdin) == nullptr) {
    const char* term = std::getenv("TERM");
    return MakeError("the terminal's type is not known: TERM=" + std::string(term == nullptr ? "" : term) +
                     "; set it to another, such as vt100, or install ncurses-term; --once needs none");
  }
  std::string farewell;
  for (const char* name : {"sgr0", "cnorm", "rmcup", "rmkx"}) {
    const char* sequence = curses_.tigetstr(name);
    if (sequence != nullptr && reinterpret_cast<intptr_t>(sequence) != -1) farewell += sequence;
  }
  guard_.SetFarewell(farewell);
  size_ = SizeOfTerminal();
  window_ = curses_.newwin(0, 0, 0, 0);
  if (window_ == nullptr) return MakeError("ncurses gives no window");
  curses_.cbreak();
  curses_.noecho();
  curses_.curs_set(0);
  curses_.set_escdelay(kEscapeDelay);
  curses_.keypad(window_, TRUE);
  curses_.nodelay(window_, TRUE);
  color_ = color_ && curses_.has_colors() == TRUE && curses_.start_color() == OK;
  if (!color_) return {};
  const short background = curses_.use_default_colors() == OK ? -1 : COLOR_BLACK;
  curses_.init_pair(kTitlePair, COLOR_CYAN, background);
  curses_.init_pair(kHeadPair, COLOR_BLACK, COLOR_GREEN);
  curses_.init_pair(kCursorPair, COLOR_BLACK, COLOR_CYAN);
  curses_.init_pair(kNoticePair, COLOR_YELLOW, background);
  return {};
}

CursesTerminal::~CursesTerminal() {
  if (window_ != nullptr) curses_.endwin();
}

int CursesTerminal::AttributesOf(Style style) const {
  switch (style) {
    case Style::kPlain:
      return static_cast<int>(A_NORMAL);
    case Style::kTitle:
      return static_cast<int>(A_BOLD) | (color_ ? Pair(kTitlePair) : 0);
    case Style::kHead:
      return color_ ? Pair(kHeadPair) : static_cast<int>(A_REVERSE);
    case Style::kCursor:
      return color_ ? Pair(kCursorPair) : static_cast<int>(A_REVERSE);
    case Style::kEnded:
      return static_cast<int>(A_DIM);
    case Style::kNotice:
      return color_ ? Pair(kNoticePair) : static_cast<int>(A_NORMAL);
  }
  return 0;
}

void CursesTerminal::Show(const std::vector<Line>& lines) {
  curses_.werase(window_);
  for (size_t row = 0; row < std::min(lines.size(), size_.rows); ++row) {
    curses_.wattrset(window_, AttributesOf(lines[row].style));
    curses_.wmove(window_, static_cast<int>(row), 0);
    curses_.waddnstr(window_, lines[row].text.data(), static_cast<int>(lines[row].text.size()));
  }
  curses_.wattrset(window_, static_cast<int>(A_NORMAL));
  curses_.wrefresh(window_);
}

std::optional<Key> CursesTerminal::ReadKey() {
  for (;;) {
    const int code = curses_.wgetch(window_);
    if (code == ERR) return std::nullopt;
    const auto kind = KindOf(code);
    if (!kind) continue;  // one that is of no use here
    return Key{.kind = *kind, .character = *kind == Key::Kind::kCharacter ? static_cast<char>(code) : '\0'};
  }
}

void CursesTerminal::Resize() {
  size_ = SizeOfTerminal();
  const auto rows = static_cast<int>(size_.rows), columns = static_cast<int>(size_.columns);
  curses_.resize_term(rows, columns);
  curses_.wresize(window_, rows, columns);
  Forget();
}

void CursesTerminal::Forget() { curses_.clearok(window_, TRUE); }

}  // namespace brahe::top
