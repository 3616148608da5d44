#include "userspace/base/fuzz.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string_view>

namespace brahe {
namespace {

using Clock = std::chrono::steady_clock;

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& corpus) : corpus_(corpus) {}

  std::string Next() {
    std::string text = AnyOfCorpus();
    for (size_t changes = 1 + Below(6); changes > 0; --changes) Change(text);
    if (++made_ % 1000 != 0 || text.empty()) return text;
    constexpr size_t kMegabyte = 1 << 20;
    std::string long_text;
    while (long_text.size() < kMegabyte) long_text += text;
    return long_text;
  }

 private:
  // The distributions of <random> differ between libraries; this does not.
  size_t Below(size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  const std::string& AnyOfCorpus() { return corpus_[Below(corpus_.size())]; }
  std::string PieceOf(const std::string& text) {
    const size_t begin = Below(text.size() + 1);
    return text.substr(begin, Below(1 + std::min<size_t>(text.size() - begin, 80)));
  }

  void Change(std::string& text) {
    const size_t at = Below(text.size() + 1);
    switch (Below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(Below(256));
        break;
      case 1:
        text.insert(at, 1, static_cast<char>(Below(256)));
        break;
      case 2:
        text.erase(at, Below(20));
        break;
      case 3:
        text.insert(at, PieceOf(text));
        break;
      case 4:
        text.insert(at, PieceOf(AnyOfCorpus()));
        break;
      default:
        text = text.substr(0, at) + AnyOfCorpus();
        break;
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_{1601};
  size_t made_ = 0;
};

}  // namespace

void Fuzz(const std::vector<std::string>& corpus, const std::function<void(const std::string&)>& check, int texts) {
  const char* seconds = std::getenv("BRAHE_FUZZ_SECONDS");
  const auto end = Clock::now() + std::chrono::seconds(seconds == nullptr ? 0 : std::atoi(seconds));
  Mutator mutator(corpus);
  for (int i = 0; seconds == nullptr ? i < texts : Clock::now() < end; ++i) {
    const std::string text = mutator.Next();
    const auto begin = Clock::now();
    check(text);
    // Generous to slow machines: what grows with the square of a megabyte takes minutes.
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(10)) << text.size() << " bytes";
    if (!testing::Test::HasFailure()) continue;
    constexpr size_t kShown = 2000;
    ADD_FAILURE() << "text " << i << ": " << testing::PrintToString(text.substr(0, kShown));
    return;
  }
}

}  // namespace brahe
