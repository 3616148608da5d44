#include "userspace/http/gunzip.h"

#include <glog/logging.h>
#include <zlib.h>

namespace brahe::http {
namespace {

constexpr int kGzipOnly = 15 + 16;  // the widest window, and the format

}  // namespace

std::string Gunzip(std::string_view gzip) {
  z_stream stream = {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  CHECK_EQ(inflateInit2(&stream, kGzipOnly), Z_OK) << "out of memory";
  std::string content;
  char buffer[16 * 1024];
  for (int status = Z_OK; status != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = inflate(&stream, Z_NO_FLUSH);
    CHECK(status == Z_OK || status == Z_STREAM_END) << "no whole gzip file: " << status;
    content.append(buffer, sizeof buffer - stream.avail_out);
  }
  CHECK_EQ(stream.avail_in, 0U) << "there is more behind it";
  inflateEnd(&stream);
  return content;
}

}  // namespace brahe::http
