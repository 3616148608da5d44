#include "userspace/kube/string_cutter.h"

namespace brahe::kube {

void StringCutter::Take(std::string_view piece, std::string& cut) {
  for (const char c : piece) {
    if (in_string_) {
      TakeOfString(c, cut);
    } else {
      cut += c;
      ++given_;
      in_string_ = c == '"';
    }
  }
}

void StringCutter::TakeOfString(char c, std::string& cut) {
  // No string holds the end of a line: this is no JSON, and the next line may be some.
  if (c == '\n' || (c == '"' && !escaped_)) {
    EndString(cut);
    cut += c;
    ++given_;
    return;
  }
  escaped_ = !escaped_ && c == '\\';
  if (left_out_ == 0 && string_.size() < longest_) {
    string_ += c;
    return;
  }
  left_out_ += string_.size() + 1;
  string_.clear();
}

void StringCutter::Finish(std::string& cut) {
  if (in_string_) EndString(cut);
}

void StringCutter::EndString(std::string& cut) {
  if (left_out_ > 0) cuts_.push_back({given_, left_out_});
  cut += string_;
  given_ += string_.size();
  string_.clear();
  left_out_ = 0;
  in_string_ = escaped_ = false;
}

size_t StringCutter::PlaceOf(size_t position) const {
  size_t place = position;
  for (const Cut& one : cuts_) {
    if (one.after < position) place += one.bytes;
  }
  return place;
}

}  // namespace brahe::kube
