#include "userspace/base/values.h"

#include <arpa/inet.h>

#include <algorithm>

#include "userspace/base/plain_text.h"
#include "userspace/base/words.h"

namespace brahe {
namespace {

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsIpv6(std::string_view host) {
  in6_addr ignored;
  return inet_pton(AF_INET6, std::string(host.substr(0, host.find('%'))).c_str(), &ignored) == 1;
}

// A name or an IPv4 address; names are resolved only when they are listened on.
bool IsHost(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string Printable(std::string_view text) {
  constexpr size_t kLongest = 80;
  return PlainText(text, kLongest);
}

std::string Quoted(std::string_view text) { return "\"" + Printable(text) + "\""; }

Result<bool> ParseBoolean(std::string_view text) {
  const std::string word = LowerCase(text);
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return MakeError(Quoted(text) + " is neither true nor false");
}

Result<int64_t> ParseInteger(std::string_view text) {
  int64_t number = 0;
  if (!ParseWhole(text, number)) return MakeError(Quoted(text) + " is not a whole number (such as 500 or -1)");
  return number;
}

Result<uint64_t> ParseCount(std::string_view text, uint64_t most) {
  uint64_t number = 0;
  if (!ParseWhole(text, number) || number > most) {
    return MakeError(Quoted(text) + " is not a whole number from 0 to " + std::to_string(most));
  }
  return number;
}

Result<uint64_t> ParseMillionths(std::string_view text, std::string_view unit) {
  constexpr uint64_t kMillion = 1'000'000;
  constexpr uint64_t kMost = 1'000'000'000;
  constexpr size_t kDecimals = 6;
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string decimals(point == std::string_view::npos ? "" : text.substr(point + 1));
  const std::string expected = " is not a number of " + std::string(unit);
  if (text.starts_with('-')) return MakeError(Quoted(text) + " is negative; " + std::string(unit) + " must not be");
  if (!AllDigits(whole) || !AllDigits(decimals) || whole.empty() || (decimals.empty() && whole.size() != text.size())) {
    return MakeError(Quoted(text) + expected + " (such as 10 or 2.5)");
  }
  if (decimals.size() > kDecimals) return MakeError(Quoted(text) + " has more than six decimals");
  decimals.resize(kDecimals, '0');
  uint64_t units = 0;
  uint64_t millionths = 0;
  if (!ParseWhole(whole, units) || !ParseWhole(decimals, millionths) || units >= kMost) {
    return MakeError(Quoted(text) + expected + " below " + std::to_string(kMost));
  }
  return units * kMillion + millionths;
}

std::string FormatMillionths(uint64_t millionths) {
  std::string text = std::to_string(millionths / 1'000'000);
  if (const uint64_t rest = millionths % 1'000'000; rest > 0) {
    std::string decimals = std::to_string(1'000'000 + rest).substr(1);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    text += "." + decimals;
  }
  return text;
}

Result<std::string> ParseWord(std::string_view text, const std::vector<std::string>& words) {
  const std::string word = LowerCase(text);
  if (std::find(words.begin(), words.end(), word) != words.end()) return word;
  return MakeError(Quoted(text) + " is not one of " + Joined(words));
}

Status CheckListenAddress(std::string_view address) {
  const Error shape = MakeError(Quoted(address) + " is not an address to listen on (such as :28282, localhost:28282 " +
                                "or [::1]:28282)");
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return shape;
  const std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (!(bracketed ? IsIpv6(host.substr(1, host.size() - 2)) : IsHost(host))) return shape;
  uint16_t number = 0;
  if (!ParseWhole(port, number)) {
    return MakeError(Quoted(address) + ": " + Quoted(port) + " is not a port (0 to 65535)");
  }
  return {};
}

std::string WithoutUser(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t at = url.substr(0, url.find_first_of("/?#", host)).rfind('@');
  return at == std::string::npos || at < host ? url : url.substr(0, host) + "..." + url.substr(at);
}

std::string Joined(const std::vector<std::string>& words, std::string_view comma) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += comma;
    text += word;
  }
  return text;
}

}  // namespace brahe
