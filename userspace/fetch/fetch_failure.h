#pragma once

#include <string>

namespace brahe::fetch {

// What came between us and an answer.
enum class FetchCause {
  kCredentials,   // our own cannot be read
  kConnection,    // no address, refused, broken off before an answer
  kCut,           // broken off in the middle of an answer, as a server that ends does
  kTimeout,       // no connection or no answer in time, or too slow a one
  kCertificate,   // not one that we trust, or of another name
  kUnauthorized,  // 401
  kForbidden,     // 403
  kStatus,        // any other that is not 2xx
  kExpired,       // 410: what we knew is too old to be continued
  kTooLarge,
  kBadAnswer,  // not what it should be
};

inline constexpr FetchCause kAllFetchCauses[] = {
    FetchCause::kCredentials, FetchCause::kConnection,   FetchCause::kCut,       FetchCause::kTimeout,
    FetchCause::kCertificate, FetchCause::kUnauthorized, FetchCause::kForbidden, FetchCause::kStatus,
    FetchCause::kExpired,     FetchCause::kTooLarge,     FetchCause::kBadAnswer,
};

// The cause as a label: "certificate".
constexpr const char* NameOf(FetchCause cause) {
  switch (cause) {
    case FetchCause::kCredentials:
      return "credentials";
    case FetchCause::kConnection:
      return "connection";
    case FetchCause::kCut:
      return "cut";
    case FetchCause::kTimeout:
      return "timeout";
    case FetchCause::kCertificate:
      return "certificate";
    case FetchCause::kUnauthorized:
      return "unauthorized";
    case FetchCause::kForbidden:
      return "forbidden";
    case FetchCause::kStatus:
      return "status";
    case FetchCause::kExpired:
      return "expired";
    case FetchCause::kTooLarge:
      return "too_large";
    case FetchCause::kBadAnswer:
      return "bad_answer";
  }
  return "";
}

// A failure in one line that names the URL and what to do.
struct FetchFailure {
  FetchCause cause = FetchCause::kBadAnswer;
  std::string message;
};

}  // namespace brahe::fetch
