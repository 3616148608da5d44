#pragma once

#include <zlib.h>

#include <cstddef>
#include <functional>
#include <vector>

namespace brahe::http {

// Compresses what a reader gives, in the gzip format, block by block as it is asked for. Memory: about 120 KiB, however
// long the text is. One thread at a time.
class GzipStream {
 public:
  // `read` writes its next bytes, at most `capacity`, and returns how many; 0 is its end.
  explicit GzipStream(std::function<size_t(char* buffer, size_t capacity)> read);
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  // The same of the compressed text. `capacity` is not 0.
  size_t Next(char* buffer, size_t capacity);

 private:
  const std::function<size_t(char* buffer, size_t capacity)> read_;
  z_stream stream_ = {};
  std::vector<char> input_;
  bool read_all_ = false;
  bool finished_ = false;
};

}  // namespace brahe::http
