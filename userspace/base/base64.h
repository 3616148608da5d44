#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace brahe {

// What `text` stands for: standard base64, white space between allowed; nullopt for anything else.
std::optional<std::string> DecodeBase64(std::string_view text);

// `bytes` as standard base64 on one line.
std::string EncodeBase64(std::string_view bytes);

}  // namespace brahe
