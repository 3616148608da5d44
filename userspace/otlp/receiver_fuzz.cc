// What a receiver of metrics answers, and the file of headers for it.
#include "userspace/base/fuzz_input.h"
#include "userspace/otlp/export_answer.h"
#include "userspace/otlp/header_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::otlp;
  const std::string_view text = brahe::TextOf(data, size);
  if (const auto answer = ReadExportAnswer(text)) {
    brahe::Require(answer->message.size() <= size, "a message is a part of the answer");
  }
  brahe::Require(MessageOfStatus(text).size() <= size, "a message is a part of the status");
  const auto headers = ParseHeaders(text, "file");
  if (!headers) {
    brahe::RequireOneLine(headers.error().message);
    return 0;
  }
  std::string written;
  for (const std::string& header : *headers) {
    brahe::Require(header.find(':') != std::string::npos, "a header has a name");
    brahe::Require(header.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a header is one line");
    written += header + "\n";
  }
  const auto again = ParseHeaders(written, "file");
  brahe::Require(again && *again == *headers, "headers are read as they are written");
  return 0;
}
