#include "userspace/http/gzip_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "userspace/http/gunzip.h"

namespace brahe::http {
namespace {

// Gives `text` in pieces of at most `piece` bytes.
std::function<size_t(char*, size_t)> ReaderOf(const std::string& text, size_t piece) {
  return [&text, piece, offset = size_t{0}](char* buffer, size_t capacity) mutable {
    const size_t size = std::min({capacity, piece, text.size() - offset});
    std::copy_n(text.data() + offset, size, buffer);
    offset += size;
    return size;
  };
}

std::string Zipped(const std::string& text, size_t piece, size_t capacity) {
  GzipStream stream(ReaderOf(text, piece));
  std::string zipped;
  std::string buffer(capacity, '\0');
  while (const size_t size = stream.Next(buffer.data(), capacity)) zipped.append(buffer, 0, size);
  EXPECT_EQ(stream.Next(buffer.data(), capacity), 0U) << "the end stays the end";
  return zipped;
}

TEST(GzipStream, GivesBackTheTextWhateverTheSizesAre) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "kepler_process_cpu_joules_total{pid=\"" + std::to_string(i) + "\"} 0.1\n";
  for (const size_t piece : {1, 1000, 1 << 20}) {
    for (const size_t capacity : {1, 100, 1 << 20}) {
      const std::string zipped = Zipped(text, piece, capacity);
      EXPECT_EQ(Gunzip(zipped), text) << piece << " " << capacity;
      EXPECT_LT(zipped.size(), text.size() / 5);
    }
  }
}

TEST(GzipStream, AnEmptyTextIsAWholeGzipFile) { EXPECT_EQ(Gunzip(Zipped("", 1, 10)), ""); }

TEST(GzipStream, MayBeLeftBeforeItsEnd) {
  const std::string text(100'000, 'x');
  GzipStream stream(ReaderOf(text, 1000));
  char buffer[10];
  EXPECT_EQ(stream.Next(buffer, sizeof(buffer)), sizeof(buffer));
}

}  // namespace
}  // namespace brahe::http
