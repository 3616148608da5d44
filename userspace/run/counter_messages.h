#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/run/figures.h"

// What a client and the service that counts for it say to each other, each a line of JSON. The service begins, with its
// origin; then the client asks, and each question has one answer.
namespace brahe::run {

inline constexpr int kProtocolVersion = 1;

// What a client asks for.
struct Question {
  enum class Kind {
    kBegin,      // count the process whose pidfd is with this line, and all that it will start
    kProcesses,  // which of those live
    kEnd,        // end the count: what was used
    kAbandon,    // end it and say nothing of it
  } kind = Kind::kBegin;
  Nanoseconds elapsed = {};  // of kEnd: how long the command took
};

std::string LineOf(const Question& question);
Result<Question> QuestionIn(std::string_view line);

// What the service answers.
struct Answer {
  std::optional<std::string> error = {};  // why there is nothing else
  std::optional<Origin> origin = {};      // of the first line
  std::vector<LeftProcess> processes = {};
  std::optional<RunFigures> figures = {};  // without the exit status
};

std::string LineOf(const Answer& answer);
Result<Answer> AnswerIn(std::string_view line);

}  // namespace brahe::run
