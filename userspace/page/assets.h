#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace brahe::page {

// A file that belongs to the page at /. All of it lives as long as the program.
struct Asset {
  std::string_view content_type;
  std::string_view gzip;  // the content, compressed as gzip has it
  std::string etag;       // W/"...", an entity tag (RFC 9110, section 8.8.3) of the content in any coding
};

// The file `name`, without a folder; nullopt: there is none.
std::optional<Asset> FindAsset(std::string_view name);

}  // namespace brahe::page
