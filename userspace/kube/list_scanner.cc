#include "userspace/kube/list_scanner.h"

#include <algorithm>
#include <utility>

namespace brahe::kube {
namespace {

constexpr std::string_view kItemsKey = "items";
// Within the root object and its array of items.
constexpr size_t kDepthOfRoot = 1, kDepthOfItems = 2;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsStructure(char c) { return std::string_view(",:\"[]{}").find(c) != std::string_view::npos; }

}  // namespace

ListScanner::ListScanner(TakeItem take_item, const Bounds& bounds)
    : take_item_(std::move(take_item)), bounds_(bounds), cutter_(bounds.max_string) {}

bool ListScanner::Take(std::string_view piece) {
  piece_.clear();
  cutter_.Take(piece, piece_);
  return Scan();
}

Status ListScanner::Finish() {
  piece_.clear();
  cutter_.Finish(piece_);
  Scan();
  return status_;
}

size_t ListScanner::PlaceInItem(const Item& item, size_t position) const {
  return cutter_.PlaceOf(item.offset + position);
}

size_t ListScanner::PlaceInFrame(size_t position) const {
  return cutter_.PlaceOf(had_items_ && position > items_at_ ? position + left_out_ : position);
}

bool ListScanner::Scan() {
  for (const char c : piece_) {
    if (!status_) return false;
    Step(c);
    ++offset_;
  }
  return status_.has_value();
}

void ListScanner::Step(char c) {
  switch (state_) {
    case State::kFrame:
      return StepFrame(c);
    case State::kItem:
      return StepItem(c);
    case State::kFirst:
    case State::kNext:
    case State::kAfterItem:
      return StepBetween(c);
  }
}

void ListScanner::StepFrame(char c) {
  if (frame_.size() == bounds_.max_frame) {
    return Fail(MakeError("not a list: more than " + std::to_string(bounds_.max_frame >> 10) +
                          " KiB of it are not in \"items\""));
  }
  frame_ += c;
  const bool was_in_string = in_string_;
  const bool is_root = depth_ == 0;
  Follow(c);
  if (was_in_string) {
    if (in_string_ && text_.size() <= kItemsKey.size()) text_ += c;
  } else if (c == '"') {
    text_.clear();
  } else if (c == ':') {
    after_items_key_ = is_object_ && depth_ == kDepthOfRoot && text_ == kItemsKey;
  } else if (c == '[' && std::exchange(after_items_key_, false)) {
    if (std::exchange(had_items_, true)) return Fail(MakeError("not a list: it has \"items\" twice"));
    items_at_ = frame_.size();
    state_ = State::kFirst;
  } else if (!IsSpace(c)) {
    after_items_key_ = false;
    if (is_root) is_object_ = c == '{';
  }
}

void ListScanner::StepBetween(char c) {
  if (c == ']' && state_ != State::kNext) {
    state_ = State::kFrame;
    return StepFrame(c);
  }
  if (IsSpace(c)) {
    ++left_out_;
  } else if (state_ == State::kAfterItem && c == ',') {
    ++left_out_;
    state_ = State::kNext;
  } else if (state_ == State::kAfterItem || std::string_view(",:]}").find(c) != std::string_view::npos) {
    Fail(MakeError("not valid JSON at byte " + std::to_string(cutter_.PlaceOf(offset_ + 1))));
  } else {
    BeginItem(c);
  }
}

void ListScanner::BeginItem(char c) {
  item_.clear();
  item_offset_ = offset_;
  item_too_long_ = false;
  item_begin_ = c;
  state_ = State::kItem;
  StepItem(c);
}

void ListScanner::StepItem(char c) {
  const bool is_scalar = !IsStructure(item_begin_);
  if (is_scalar && (IsStructure(c) || IsSpace(c))) {
    EndItem();
    return StepBetween(c);
  }
  ++left_out_;
  if (item_.size() == bounds_.max_item) {
    item_too_long_ = true;
    item_.clear();
  }
  if (!item_too_long_) item_ += c;
  Follow(c);
  if (!is_scalar && !in_string_ && depth_ == kDepthOfItems) EndItem();
}

void ListScanner::EndItem() {
  state_ = State::kAfterItem;
  const Status taken = take_item_({.text = item_, .offset = item_offset_, .too_long = item_too_long_});
  item_.clear();
  if (!taken) Fail(taken.error());
}

void ListScanner::Follow(char c) {
  if (in_string_) {
    in_string_ = escaped_ || c != '"';
    escaped_ = !escaped_ && c == '\\';
  } else if (c == '"') {
    in_string_ = true;
  } else if (c == '[' || c == '{') {
    if (++depth_ > bounds_.max_depth) Fail(MakeError("nested deeper than " + std::to_string(bounds_.max_depth)));
  } else if (c == ']' || c == '}') {
    depth_ -= std::min<size_t>(depth_, 1);
  }
}

void ListScanner::Fail(Error error) {
  if (status_) status_ = std::move(error);
}

}  // namespace brahe::kube
