#include "userspace/fetch/url.h"

#include <string_view>

namespace brahe::fetch {
namespace {

constexpr std::string_view kPlain = "http://";

}  // namespace

std::string WithDefaultPath(const std::string& url, const std::string& path) {
  const size_t begin = url.find('/', url.find("://") + 3);
  if (begin == std::string::npos) return url + path;
  return begin + 1 == url.size() ? url + path.substr(1) : url;
}

bool IsReadableOnTheWay(const std::string& url) {
  if (!url.starts_with(kPlain)) return false;
  const std::string_view rest = std::string_view(url).substr(kPlain.size());
  const std::string_view host = rest.substr(0, rest.find_first_of("/:"));
  return host != "localhost" && !host.starts_with("127.") && !rest.starts_with("[::1]");
}

}  // namespace brahe::fetch
