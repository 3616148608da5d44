#pragma once

#include <string>

namespace brahe::fetch {

// Of a URL that CheckUrl has passed. Any thread.

// `url` itself, or if it has no path, with `path`, which begins with a slash.
std::string WithDefaultPath(const std::string& url, const std::string& path);

// Whether requests to it may be read on the way: plain http, to another host.
bool IsReadableOnTheWay(const std::string& url);

}  // namespace brahe::fetch
