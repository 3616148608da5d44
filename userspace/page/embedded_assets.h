#pragma once

#include <cstddef>

// What embed_assets.sh makes of the files of the page.
namespace brahe::page {

struct EmbeddedAsset {
  const char* name;              // without a folder
  const char* sum;               // 32 hexadecimal digits, of the content
  const unsigned char* content;  // compressed, as gzip has it
  size_t size;                   // of `content`, in bytes
};

extern const EmbeddedAsset kEmbeddedAssets[];
extern const size_t kEmbeddedAssetCount;

}  // namespace brahe::page
