#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace brahe {

// Why an operation failed. `code` is an errno value, or 0 where no system call was involved. `message` is one line that
// names the thing ("open /sys/...: Permission denied"); it is made where the failure is seen and a caller adds context
// at most once.
struct Error {
  int code = 0;
  std::string message;
};

// An Error for a system call that has just failed: "WHAT: strerror(code)".
inline Error SystemError(std::string_view what, int code = errno) {
  return Error{code, std::string(what) + ": " + std::generic_category().message(code)};
}

// An Error with no errno behind it.
inline Error MakeError(std::string message) { return Error{0, std::move(message)}; }

// True for an Error of lacking permission.
inline bool IsPermission(const Error& error) { return error.code == EACCES || error.code == EPERM; }

// A value or the Error that stands in its place; shaped like std::expected, which GCC 12 has only with -std=c++23.
// Reading the side that is not there is a bug and throws std::bad_variant_access, which nobody catches.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit, like std::expected
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  const Error& error() const { return std::get<1>(state_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] T value_or(T fallback) const { return has_value() ? value() : std::move(fallback); }

 private:
  std::variant<T, Error> state_;
};

// Success, or the Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: implicit, like std::expected

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<std::monostate, Error> state_;
};

using Status = Result<void>;

}  // namespace brahe
