#include "userspace/top/view.h"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "userspace/base/values.h"
#include "userspace/top/tree.h"

namespace brahe::top {
namespace {

constexpr size_t kMaxFilter = 60;  // bytes

bool Matches(const Row& row, const std::string& lower_case_filter) {
  if (lower_case_filter.empty()) return true;
  for (const std::string* text : {&row.name, &row.id, &row.detail}) {
    if (LowerCase(*text).find(lower_case_filter) != std::string::npos) return true;
  }
  return false;
}

// Ids are numbers or texts: 9 comes before 10.
std::tuple<uint64_t, const std::string&> IdOf(const Row& row) {
  uint64_t number = 0;
  std::from_chars(row.id.data(), row.id.data() + row.id.size(), number);
  return {number, row.id};
}

}  // namespace

void View::Show(Frame frame, bool frozen) {
  history_.Add(frame);
  if (frozen) return;
  frame_ = std::move(frame);
  if (!zone_is_chosen_ || zone_ >= frame_.zones.size()) zone_ = frame_.primary_zone;
  Arrange();
}

void View::SetRoom(size_t rows) {
  room_ = std::max<size_t>(rows, 1);
  MoveTo(cursor_);
}

// By names from A to Z, by figures from much to little.
bool View::IsBefore(const Level& a, size_t row_a, const Level& b, size_t row_b) const {
  const Row &of_a = a.rows[row_a], &of_b = b.rows[row_b];
  switch (sort_) {
    case Sort::kName:
      return std::tie(of_a.name, of_a.id) < std::tie(of_b.name, of_b.id);
    case Sort::kId:
      return IdOf(of_a) < IdOf(of_b);
    case Sort::kCpuTime:
      return of_a.cpu_time > of_b.cpu_time;
    case Sort::kPower:
    case Sort::kEnergy:
      break;
  }
  const Figure &figure_a = a.FigureOf(row_a, zone_), &figure_b = b.FigureOf(row_b, zone_);
  const Microwatts power_a = figure_a.power.value_or(Microwatts()), power_b = figure_b.power.value_or(Microwatts());
  if (sort_ == Sort::kPower && power_a != power_b) return power_a > power_b;
  return figure_a.energy > figure_b.energy;
}

void View::Arrange() {
  order_.clear();
  const std::string filter = LowerCase(filter_);
  if (level_ == kTreeLevel) {
    const auto is_before = [this](const Level& a, size_t row_a, const Level& b, size_t row_b) {
      return reversed_ ? IsBefore(b, row_b, a, row_a) : IsBefore(a, row_a, b, row_b);
    };
    tree_ = TreeOf(frame_, is_before, [&](const Row& row) { return Matches(row, filter); });
    for (size_t row = 0; row < tree_.rows.size(); ++row) order_.push_back(row);
  } else if (const Level* level = table()) {
    for (size_t row = 0; row < level->rows.size(); ++row) {
      if (Matches(level->rows[row], filter)) order_.push_back(row);
    }
    std::stable_sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
      return reversed_ ? IsBefore(*level, b, *level, a) : IsBefore(*level, a, *level, b);
    });
  }
  MoveTo(cursor_);
}

void View::MoveTo(size_t row) {
  cursor_ = order_.empty() ? 0 : std::min(row, order_.size() - 1);
  const size_t last_first = order_.size() > room_ ? order_.size() - room_ : 0;
  const size_t lowest = cursor_ + 1 > room_ ? cursor_ + 1 - room_ : 0;
  first_ = std::min({std::max(first_, lowest), cursor_, last_first});
}

void View::Move(std::ptrdiff_t rows) {
  const std::ptrdiff_t target = static_cast<std::ptrdiff_t>(cursor_) + rows;
  MoveTo(target < 0 ? 0 : static_cast<size_t>(target));
}

void View::ChooseNext(std::ptrdiff_t places) {
  const auto count = static_cast<std::ptrdiff_t>(frame_.levels.size());
  if (count == 0) return;
  std::ptrdiff_t place = 0;
  while (place < count && frame_.levels[static_cast<size_t>(place)].name != level_) ++place;
  if (place == count) place = places > 0 ? -1 : 0;  // what was looked at is gone
  Choose(static_cast<size_t>((place + places + count) % count));
}

void View::Choose(size_t place) {
  if (place >= frame_.levels.size()) return;
  ChooseLevel(frame_.levels[place].name);
}

void View::ChooseLevel(std::string level) {
  level_ = std::move(level);
  cursor_ = first_ = 0;
  Arrange();
}

Wish View::Press(const Key& key) {
  if (is_editing_) {
    Edit(key);
    return Wish::kNone;
  }
  if (shows_help_) {
    shows_help_ = false;
    return key.character == 'q' ? Wish::kQuit : Wish::kNone;
  }
  switch (key.kind) {
    case Key::Kind::kCharacter:
      return PressCharacter(key.character);
    case Key::Kind::kUp:
      Move(-1);
      break;
    case Key::Kind::kDown:
      Move(1);
      break;
    case Key::Kind::kLeft:
    case Key::Kind::kBackTab:
      ChooseNext(-1);
      break;
    case Key::Kind::kRight:
      ChooseNext(1);
      break;
    case Key::Kind::kPageUp:
      Move(-static_cast<std::ptrdiff_t>(room_));
      break;
    case Key::Kind::kPageDown:
      Move(static_cast<std::ptrdiff_t>(room_));
      break;
    case Key::Kind::kHome:
      MoveTo(0);
      break;
    case Key::Kind::kEnd:
      MoveTo(order_.size());
      break;
    case Key::Kind::kEscape:
      filter_.clear();
      Arrange();
      break;
    case Key::Kind::kHelp:
      shows_help_ = true;
      break;
    case Key::Kind::kEnter:
    case Key::Kind::kBackspace:
      break;
  }
  return Wish::kNone;
}

Wish View::PressCharacter(char character) {
  constexpr char kControlB = 2, kControlD = 4, kControlF = 6, kControlU = 21;
  const auto page = static_cast<std::ptrdiff_t>(room_), half = (page + 1) / 2;
  switch (character) {
    case 'q':
      return Wish::kQuit;
    case ' ':
      return Wish::kPause;
    case '[':
      return Wish::kFrameBack;
    case ']':
      return Wish::kFrameOn;
    case '{':
      return Wish::kMinuteBack;
    case '}':
      return Wish::kMinuteOn;
    case 'k':
      Move(-1);
      break;
    case 'j':
      Move(1);
      break;
    case 'h':
      ChooseNext(-1);
      break;
    case 'l':
    case '\t':
      ChooseNext(1);
      break;
    case 'g':
      MoveTo(0);
      break;
    case 'G':
      MoveTo(order_.size());
      break;
    case kControlB:
      Move(-page);
      break;
    case kControlF:
      Move(page);
      break;
    case kControlU:
      Move(-half);
      break;
    case kControlD:
      Move(half);
      break;
    case '/':
      is_editing_ = true;
      break;
    case '?':
      shows_help_ = true;
      break;
    case '<':
    case '>':
      sort_ = static_cast<Sort>((static_cast<size_t>(sort_) + (character == '>' ? 1 : kSorts - 1)) % kSorts);
      Arrange();
      break;
    case 't':
      if (level_ == kTreeLevel) {
        ChooseLevel(level_before_tree_);
      } else {
        level_before_tree_ = level_;
        ChooseLevel(kTreeLevel);
      }
      break;
    case 'r':
      reversed_ = !reversed_;
      Arrange();
      break;
    case 'z':
      if (!frame_.zones.empty()) zone_ = (zone_ + 1) % frame_.zones.size();
      zone_is_chosen_ = true;
      Arrange();
      break;
    default:
      if (character >= '1' && character <= '9') Choose(static_cast<size_t>(character - '1'));
  }
  return Wish::kNone;
}

void View::Edit(const Key& key) {
  if (key.kind == Key::Kind::kEnter) {
    is_editing_ = false;
  } else if (key.kind == Key::Kind::kEscape) {
    is_editing_ = false;
    filter_.clear();
  } else if (key.kind == Key::Kind::kBackspace) {
    // A whole character of UTF-8: its bytes but the first one are 10xxxxxx.
    while (!filter_.empty() && (static_cast<unsigned char>(filter_.back()) & 0xC0U) == 0x80U) filter_.pop_back();
    if (!filter_.empty()) filter_.pop_back();
  } else if (key.kind == Key::Kind::kCharacter && static_cast<unsigned char>(key.character) >= ' ' &&
             filter_.size() < kMaxFilter) {
    filter_ += key.character;
  }
  Arrange();
}

}  // namespace brahe::top
