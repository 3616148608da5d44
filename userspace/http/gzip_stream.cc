#include "userspace/http/gzip_stream.h"

#include <glog/logging.h>

#include <utility>

namespace brahe::http {
namespace {

// Samples repeat each other's labels, line after line: the fastest level and a short window find nearly all of it.
constexpr int kLevel = 1;
constexpr int kWindowBits = 13;
constexpr int kGzipFormat = 16;  // added to the window's bits
constexpr int kMemoryLevel = 7;
constexpr size_t kInputBytes = 16 * 1024;

}  // namespace

GzipStream::GzipStream(std::function<size_t(char*, size_t)> read) : read_(std::move(read)), input_(kInputBytes) {
  const int made =
      deflateInit2(&stream_, kLevel, Z_DEFLATED, kWindowBits + kGzipFormat, kMemoryLevel, Z_DEFAULT_STRATEGY);
  CHECK_EQ(made, Z_OK) << "out of memory";
}

GzipStream::~GzipStream() { deflateEnd(&stream_); }

size_t GzipStream::Next(char* buffer, size_t capacity) {
  stream_.next_out = reinterpret_cast<Bytef*>(buffer);
  stream_.avail_out = static_cast<uInt>(capacity);
  while (stream_.avail_out > 0 && !finished_) {
    if (stream_.avail_in == 0 && !read_all_) {
      const size_t size = read_(input_.data(), input_.size());
      read_all_ = size == 0;
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(size);
    }
    finished_ = deflate(&stream_, read_all_ ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
  }
  return capacity - stream_.avail_out;
}

}  // namespace brahe::http
