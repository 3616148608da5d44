#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "userspace/top/frame.h"
#include "userspace/top/history.h"

namespace brahe::top {

// What somebody pressed.
struct Key {
  enum class Kind : uint8_t {
    kCharacter,
    kUp,
    kDown,
    kLeft,
    kRight,
    kPageUp,
    kPageDown,
    kHome,
    kEnd,
    kBackTab,
    kEnter,
    kEscape,
    kBackspace,
    kHelp,
  };
  Kind kind = Kind::kCharacter;
  char character = 0;  // of kCharacter: a byte of UTF-8, or a control character
};

// What a key asks for that is not the view's.
enum class Wish : uint8_t { kNone, kQuit, kPause, kFrameBack, kFrameOn, kMinuteBack, kMinuteOn };

// The columns that rows are sorted by.
enum class Sort : uint8_t { kName, kId, kPower, kEnergy, kCpuTime };
inline constexpr size_t kSorts = 5;

// Which part of a frame is looked at, and how. It has no terminal and no clock. Not thread-safe.
class View {
 public:
  explicit View(std::string level) : level_(std::move(level)) {}

  // The next frame of a row of them; Restart begins another row, at an earlier one. `frozen`: it is not looked at, and
  // counts for the history only.
  void Show(Frame frame, bool frozen = false);
  void Restart() { history_.Clear(); }
  // How many rows of the table there is room for.
  void SetRoom(size_t rows);
  Wish Press(const Key& key);

  [[nodiscard]] const Frame& frame() const { return frame_; }
  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const std::string& level() const { return level_; }
  // The level itself; null: it has no rows.
  [[nodiscard]] const Level* table() const { return level_ == kTreeLevel ? &tree_ : frame_.Find(level_); }
  [[nodiscard]] size_t zone() const { return zone_; }
  [[nodiscard]] Sort sort() const { return sort_; }
  [[nodiscard]] bool reversed() const { return reversed_; }
  [[nodiscard]] const std::string& filter() const { return filter_; }
  [[nodiscard]] bool is_editing() const { return is_editing_; }
  [[nodiscard]] bool shows_help() const { return shows_help_; }
  // Indices into the rows of the table, filtered and sorted; the first one in the window, and the one that is marked.
  [[nodiscard]] const std::vector<size_t>& order() const { return order_; }
  [[nodiscard]] size_t first() const { return first_; }
  [[nodiscard]] size_t cursor() const { return cursor_; }

 private:
  [[nodiscard]] bool IsBefore(const Level& a, size_t row_a, const Level& b, size_t row_b) const;
  void Edit(const Key& key);
  Wish PressCharacter(char character);
  void Arrange();
  void MoveTo(size_t row);
  void Move(std::ptrdiff_t rows);
  // The level so many places further on, in a circle; or the one in this place.
  void ChooseNext(std::ptrdiff_t places);
  void Choose(size_t place);
  void ChooseLevel(std::string level);

  Frame frame_;
  History history_;
  std::string level_;
  std::string level_before_tree_ = "process";
  Level tree_;  // where that is looked at
  size_t zone_ = 0;
  bool zone_is_chosen_ = false;  // else it is the primary one
  Sort sort_ = Sort::kPower;
  bool reversed_ = false;
  std::string filter_;
  bool is_editing_ = false;
  bool shows_help_ = false;
  std::vector<size_t> order_;
  size_t room_ = 1;
  size_t first_ = 0;
  size_t cursor_ = 0;
};

}  // namespace brahe::top
