#include "userspace/http/gzip_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace brahe::http {
namespace {

std::string Unzipped(const std::string& zipped) {
  z_stream stream = {};
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  EXPECT_EQ(inflateInit2(&stream, kGzipOnly), Z_OK);
  std::string copy = zipped;
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  std::string text;
  char block[4096];
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(block);
    stream.avail_out = sizeof(block);
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(block, sizeof(block) - stream.avail_out);
  }
  EXPECT_EQ(status, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  inflateEnd(&stream);
  return text;
}

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
      EXPECT_EQ(Unzipped(zipped), text) << piece << " " << capacity;
      EXPECT_LT(zipped.size(), text.size() / 5);
    }
  }
}

TEST(GzipStream, AnEmptyTextIsAWholeGzipFile) { EXPECT_EQ(Unzipped(Zipped("", 1, 10)), ""); }

TEST(GzipStream, MayBeLeftBeforeItsEnd) {
  const std::string text(100'000, 'x');
  GzipStream stream(ReaderOf(text, 1000));
  char buffer[10];
  EXPECT_EQ(stream.Next(buffer, sizeof(buffer)), sizeof(buffer));
}

}  // namespace
}  // namespace brahe::http
