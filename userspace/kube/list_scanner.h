#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "userspace/base/result.h"
#include "userspace/kube/string_cutter.h"

namespace brahe::kube {

// Takes a JSON text that comes in pieces apart, so that it need not be held as a whole: into the items of the array
// "items" of its root object, one by one, and its frame, which is the text without them. Long strings are cut out of
// both (StringCutter). Looks no closer at either than it takes to find their ends; whether they are JSON is for a
// parser to say.
//
// Memory: one item and the frame, both bounded. Places are bytes of the whole text, from 1 on. Not thread-safe.
class ListScanner {
 public:
  struct Bounds {
    size_t max_depth = 64;         // of arrays and objects in one another
    size_t max_string = 24 << 10;  // bytes; a longer one becomes empty
    size_t max_item = 1 << 20;     // bytes after that; a longer item is told without its text
    size_t max_frame = 256 << 10;  // the same of the frame
  };
  struct Item {
    std::string_view text;  // valid during the call
    size_t offset;          // of its first byte in the text without its long strings; see PlaceInItem
    bool too_long;          // then `text` is empty
  };
  // An Error ends the scan.
  using TakeItem = std::function<Status(const Item&)>;

  ListScanner(TakeItem take_item, const Bounds& bounds);

  // False once there is an error.
  bool Take(std::string_view piece);
  // After the last piece. An Error if this was no list, or deeper or longer than the bounds, or the one of TakeItem.
  Status Finish();

  // After Finish: an item that has begun and not ended. Without one, its text is empty.
  [[nodiscard]] Item Unfinished() const { return {item_, item_offset_, item_too_long_}; }
  [[nodiscard]] const std::string& frame() const { return frame_; }
  // The place of the byte of an item's text, or of the frame, that is the `position`th there.
  [[nodiscard]] size_t PlaceInItem(const Item& item, size_t position) const;
  [[nodiscard]] size_t PlaceInFrame(size_t position) const;

 private:
  enum class State {
    kFrame,      // before or after the items
    kFirst,      // an item or the end of the array is to come
    kNext,       // after a comma
    kAfterItem,  // a comma or the end of the array is to come
    kItem,
  };

  bool Scan();
  void Step(char c);
  void StepFrame(char c);
  void StepBetween(char c);
  void StepItem(char c);
  // Follows strings and brackets.
  void Follow(char c);
  void BeginItem(char c);
  void EndItem();
  void Fail(Error error);

  const TakeItem take_item_;
  const Bounds bounds_;
  StringCutter cutter_;
  std::string piece_;  // without its long strings
  Status status_;
  State state_ = State::kFrame;
  size_t offset_ = 0;  // of the byte to come, without long strings
  size_t depth_ = 0;   // arrays and objects that are open
  bool in_string_ = false;
  bool escaped_ = false;  // the next character of the string is

  std::string frame_;
  bool is_object_ = false;  // the root is
  std::string text_;        // the last string of the root object, without its quotes
  bool after_items_key_ = false;
  bool had_items_ = false;
  size_t items_at_ = 0;  // where the items stand in the frame

  std::string item_;
  size_t item_offset_ = 0;
  bool item_too_long_ = false;
  char item_begin_ = 0;  // its first character
  size_t left_out_ = 0;  // bytes between the brackets of "items"
};

}  // namespace brahe::kube
