#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace brahe::kube {

// Takes long strings out of a JSON text that comes in pieces: one of more than `longest` bytes, as they stand there,
// becomes the empty one. They are what an annotation may make a pod large by, and nothing of ours is so long. All else,
// also what is not JSON, is left as it is. Memory: `longest` bytes. Not thread-safe.
class StringCutter {
 public:
  explicit StringCutter(size_t longest) : longest_(longest) {}

  // Appends to `cut` what is left of `piece`; a string that has not ended is held back.
  void Take(std::string_view piece, std::string& cut);
  // After the last piece: appends what was held back.
  void Finish(std::string& cut);

  // Where a byte of the cut text is in the whole one. Both count from 1.
  [[nodiscard]] size_t PlaceOf(size_t position) const;

 private:
  struct Cut {
    size_t after;  // so many bytes of the cut text
    size_t bytes;
  };

  void TakeOfString(char c, std::string& cut);
  // Gives out the string, or notes that it is left out.
  void EndString(std::string& cut);

  size_t longest_;
  size_t given_ = 0;  // bytes of the cut text so far
  bool in_string_ = false;
  bool escaped_ = false;  // the next character of the string is
  std::string string_;    // what has come of it, without the first quote, if it is not too long
  size_t left_out_ = 0;   // bytes of it if it is
  std::vector<Cut> cuts_;
};

}  // namespace brahe::kube
