#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

namespace brahe::monitor {

// A text that never changes and that copies share, in any thread. Takes 16 bytes where it stands.
class SharedText {
 public:
  SharedText() = default;
  // A text of its own, which is what a literal in a test wants; TextPool shares equal ones.
  SharedText(std::string_view text) {
    if (!text.empty()) text_ = std::make_shared<const std::string>(text);
  }
  SharedText(const char* text) : SharedText(std::string_view(text)) {}
  SharedText(const std::string& text) : SharedText(std::string_view(text)) {}

  [[nodiscard]] const std::string& str() const {
    static const std::string empty;
    return text_ != nullptr ? *text_ : empty;
  }
  operator const std::string&() const { return str(); }
  operator std::string_view() const { return str(); }
  [[nodiscard]] bool empty() const { return text_ == nullptr; }
  // Copies that share the text, this one included; 0 of an empty one.
  [[nodiscard]] long use_count() const { return text_.use_count(); }
  friend bool operator==(const SharedText& a, const SharedText& b) { return a.text_ == b.text_ || a.str() == b.str(); }

 private:
  std::shared_ptr<const std::string> text_;
};

// Finds equal texts, so that they are in memory once: the programs of a node are few, its processes many. Not
// thread-safe; its texts are.
class TextPool {
 public:
  SharedText Share(std::string_view text) {
    if (text.empty()) return {};
    if (const auto it = texts_.find(text); it != texts_.end()) return *it;
    // What nobody else has is forgotten whenever as many have come again.
    if (texts_.size() >= full_size_) {
      std::erase_if(texts_, [](const SharedText& known) { return known.use_count() == 1; });
      full_size_ = 2 * texts_.size() + kSmallSize;
    }
    return *texts_.emplace(text).first;
  }
  [[nodiscard]] size_t size() const { return texts_.size(); }

 private:
  static constexpr size_t kSmallSize = 64;

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  };

  std::unordered_set<SharedText, Hash, Equal> texts_;
  size_t full_size_ = kSmallSize;
};

}  // namespace brahe::monitor
