#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "userspace/terminal/table_size.h"
#include "userspace/top/view.h"

namespace brahe::top {

enum class Style : uint8_t { kPlain, kTitle, kHead, kCursor, kEnded, kNotice };

struct Line {
  std::string text;  // PlainText, no wider than the screen
  Style style = Style::kPlain;

  bool operator==(const Line&) const = default;
};

// What is said beside the frame.
struct Around {
  std::string mode;    // "live", "replay 3/20"
  std::string notice;  // of the last line; empty: what the keys are
};

struct Screen {
  terminal::TableSize size;
  bool has_unicode = true;  // else ASCII takes its place
};

// How many rows of the table fit, for View::SetRoom.
size_t RoomOf(const View& view, const Screen& screen);

// The lines of a whole screen: as many as it has rows. Any thread.
std::vector<Line> Draw(const View& view, const Around& around, const Screen& screen);

// The same for a pipe or a file, with all rows that have used energy and no marked one, each line `columns` wide at
// most and ended by a line break.
std::string Printed(const View& view, const Around& around, size_t columns, bool has_unicode);

}  // namespace brahe::top
