#pragma once

#include <functional>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/top/curses_terminal.h"
#include "userspace/top/feed.h"
#include "userspace/top/recording.h"
#include "userspace/top/signals.h"
#include "userspace/top/view.h"

namespace brahe::top {

struct ShowParts {
  Feed& feed;
  const Signals& signals;
  RecordingWriter* recorder;  // null: nothing is recorded
  bool has_unicode;
  // A warning that was logged since it was asked last; empty: none.
  std::function<std::string()> warning;
};

// The live table, until somebody quits or a signal ends it. An Error where it cannot go on.
Status ShowLive(const ShowParts& parts, CursesTerminal& terminal, View view, const Clock& clock);

struct PrintOptions {
  bool json = false;
  bool once = false;  // what comes first, of a feed that has no end; else what came last
  size_t columns = 80;
};

// The same on standard output, for others than a terminal: a document each epoch, or a table at the end. Until the
// feed has no more, or a signal.
Status Print(const ShowParts& parts, const PrintOptions& options, View view, const Clock& clock);

}  // namespace brahe::top
