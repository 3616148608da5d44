#include "userspace/page/assets.h"

#include <algorithm>
#include <span>

#include "userspace/page/embedded_assets.h"

namespace brahe::page {
namespace {

std::string_view ContentTypeOf(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/plain; charset=utf-8";
}

}  // namespace

std::optional<Asset> FindAsset(std::string_view name) {
  const std::span<const EmbeddedAsset> assets(kEmbeddedAssets, kEmbeddedAssetCount);
  const auto found = std::ranges::find(assets, name, [](const EmbeddedAsset& asset) { return asset.name; });
  if (found == assets.end()) return std::nullopt;
  return Asset{.content_type = ContentTypeOf(name),
               .gzip = {reinterpret_cast<const char*>(found->content), found->size},
               .etag = "W/\"" + std::string(found->sum) + "\""};
}

}  // namespace brahe::page
