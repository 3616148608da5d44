#include <gtest/gtest.h>

#include <memory>

#include "userspace/base/fuzz.h"
#include "userspace/exposition/json_snapshot.h"
#include "userspace/exposition/test_snapshot.h"
#include "userspace/top/document_frame.h"
#include "userspace/top/draw.h"

namespace brahe::top {
namespace {

std::string DocumentOf(const monitor::Snapshot& snapshot) {
  return exposition::JsonRenderer(std::make_shared<const monitor::Snapshot>(snapshot), "node-1").ReadAll();
}

// What holds for every document: it is refused in one line, or can be looked at from all sides.
void Check(const std::string& document) {
  auto frame = ReadFrame(document);
  if (!frame) {
    ASSERT_NE(frame.error().message, "");
    return;
  }
  const Screen screen{.size = {.columns = 120, .rows = 20}, .has_unicode = false};
  View view("process");
  view.Show(*std::move(frame));
  for (const char key : std::string_view("zlt>lr>llltll<")) {
    view.Press({.character = key});
    view.SetRoom(RoomOf(view, screen));
    for (const Line& line : Draw(view, {.mode = "live", .notice = {}}, screen)) {
      ASSERT_LE(line.text.size(), screen.size.columns);
      for (const char c : line.text) ASSERT_TRUE(c >= ' ' && c <= '~') << line.text;
    }
  }
}

TEST(DocumentFuzzTest, WhatHoldsForEveryDocumentHoldsForStrangeOnes) {
  Fuzz({DocumentOf(exposition::SmallSnapshot()), DocumentOf(monitor::Snapshot())}, Check);
}

}  // namespace
}  // namespace brahe::top
