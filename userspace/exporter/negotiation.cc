#include "userspace/exporter/negotiation.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "userspace/base/file.h"

namespace brahe::exporter {
namespace {

bool SameWord(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Takes what is before the next `separator` off the front of `list`.
std::string_view TakeItem(std::string_view& list, char separator) {
  const size_t size = std::min(list.find(separator), list.size());
  const std::string_view item = Trim(list.substr(0, size));
  list.remove_prefix(std::min(size + 1, list.size()));
  return item;
}

// One of the things that a client names, with what it says of it.
struct Wish {
  std::string_view name;
  std::string_view version;  // empty: any
  std::string_view proto;    // the message and how a stream of it is made, of protocol buffers
  std::string_view encoding;
  double quality = 1;  // 0: unwanted
};

std::string_view Unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.starts_with('"') && value.ends_with('"');
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::optional<Wish> ParseWish(std::string_view text) {
  Wish wish;
  wish.name = TakeItem(text, ';');
  while (!text.empty()) {
    std::string_view value = TakeItem(text, ';');
    const std::string_view key = TakeItem(value, '=');
    if (SameWord(key, "version")) wish.version = Unquoted(value);
    if (SameWord(key, "proto")) wish.proto = Unquoted(value);
    if (SameWord(key, "encoding")) wish.encoding = Unquoted(value);
    if (!SameWord(key, "q")) continue;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), wish.quality);
    const bool in_range = wish.quality >= 0 && wish.quality <= 1;
    if (error != std::errc() || end != value.data() + value.size() || !in_range) return std::nullopt;
  }
  return wish;
}

// The best quality among the wishes that `matches`; 0 if there are none.
template <typename Matches>
double BestQuality(std::string_view header, Matches matches) {
  double best = 0;
  while (!header.empty()) {
    const auto wish = ParseWish(TakeItem(header, ','));
    if (wish && matches(*wish)) best = std::max(best, wish->quality);
  }
  return best;
}

}  // namespace

exposition::ExpositionFormat FormatFor(std::string_view accept) {
  const double protobuf = BestQuality(accept, [](const Wish& wish) {
    return SameWord(wish.name, "application/vnd.google.protobuf") &&
           wish.proto == "io.prometheus.client.MetricFamily" && SameWord(wish.encoding, "delimited");
  });
  const double open_metrics = BestQuality(accept, [](const Wish& wish) {
    return SameWord(wish.name, "application/openmetrics-text") &&
           (wish.version.empty() || wish.version == "1.0.0" || wish.version == "0.0.1");
  });
  const double text = BestQuality(accept, [](const Wish& wish) {
    return SameWord(wish.name, "text/plain") && (wish.version.empty() || wish.version == "0.0.4");
  });
  if (protobuf > 0 && protobuf >= std::max(open_metrics, text)) return exposition::ExpositionFormat::kProtobuf;
  return open_metrics > 0 && open_metrics >= text ? exposition::ExpositionFormat::kOpenMetrics
                                                  : exposition::ExpositionFormat::kText;
}

bool TakesGzip(std::string_view accept_encoding) {
  return BestQuality(accept_encoding, [](const Wish& wish) { return SameWord(wish.name, "gzip"); }) > 0;
}

}  // namespace brahe::exporter
