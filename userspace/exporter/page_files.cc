#include "userspace/exporter/page_files.h"

#include <string>
#include <string_view>

#include "userspace/exporter/negotiation.h"
#include "userspace/http/gunzip.h"
#include "userspace/page/assets.h"

namespace brahe::exporter {
http::HttpResponse PageFile(const http::HttpRequest& request) {
  const auto asset = page::FindAsset(std::string_view(request.path).substr(sizeof kPageFolder - 1));
  if (!asset) return {.status = 404, .body = "the page has no such file\n"};
  // Another binary may be here at any time: a client asks each time whether what it has is still what is.
  http::HttpResponse response = {.content_type = std::string(asset->content_type),
                                 .headers = {{"ETag", asset->etag},
                                             {"Cache-Control", "no-cache"},
                                             {"Vary", "Accept-Encoding"},
                                             {"X-Content-Type-Options", "nosniff"}}};
  if (http::HeaderOf(request, "if-none-match").find(asset->etag) != std::string_view::npos) {
    response.status = 304;
  } else if (TakesGzip(http::HeaderOf(request, "accept-encoding"))) {
    response.body = asset->gzip;
    response.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    response.body = http::Gunzip(asset->gzip);
  }
  return response;
}

}  // namespace brahe::exporter
