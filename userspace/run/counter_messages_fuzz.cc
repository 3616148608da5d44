// What a client says to the service that counts for it, and the other way round.
#include "userspace/base/fuzz_input.h"
#include "userspace/run/counter_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::run;
  const std::string_view line = brahe::TextOf(data, size);
  if (const auto question = QuestionIn(line)) {
    const std::string written = LineOf(*question);
    const auto again = QuestionIn(written);
    brahe::Require(again && LineOf(*again) == written, "a question is read as it is written");
  } else {
    brahe::Require(!question.error().message.empty(), "an error says something");
  }
  if (const auto answer = AnswerIn(line)) {
    const std::string written = LineOf(*answer);
    const auto again = AnswerIn(written);
    brahe::Require(again && LineOf(*again) == written, "an answer is read as it is written");
  } else {
    brahe::Require(!answer.error().message.empty(), "an error says something");
  }
  return 0;
}
