// A document that is no exporter's: it is refused in one line, or can be looked at from all sides.
#include "userspace/base/fuzz_input.h"
#include "userspace/top/document_frame.h"
#include "userspace/top/draw.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::top;
  auto frame = ReadFrame(brahe::TextOf(data, size));
  if (!frame) {
    brahe::Require(!frame.error().message.empty(), "an error says something");
    return 0;
  }
  const Screen screen{.size = {.columns = 120, .rows = 20}, .has_unicode = false};
  View view("process");
  view.Show(*std::move(frame));
  for (const char key : std::string_view("zlt>lr>llltll<")) {
    view.Press({.character = key});
    view.SetRoom(RoomOf(view, screen));
    for (const Line& line : Draw(view, {.mode = "live", .notice = {}}, screen)) {
      brahe::Require(line.text.size() <= screen.size.columns, "a line fits the screen");
      for (const char c : line.text) brahe::Require(c >= ' ' && c <= '~', "a screen without Unicode shows none");
    }
  }
  return 0;
}
