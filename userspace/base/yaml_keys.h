#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"

namespace brahe {

// What a key of a file holds.
enum class YamlKind : uint8_t {
  kValue,    // a single value
  kSecret,   // a single value that may be a secret
  kList,     // single values; one alone is a list of one
  kTree,     // anything at all
  kSection,  // other keys
  kNames,    // names that the writer chooses, each with a single value, which may be a secret and is never left out
  kEntries,  // a list of maps with the same keys each
};

// A row of the table by which a file is read.
struct YamlKey {
  std::string name;  // with the sections that it stands in: "monitor.interval"
  YamlKind kind = YamlKind::kValue;
  bool any_case = false;               // may be written in capitals and in small letters
  std::string one = "a single value";  // what is expected where that is, for errors
};

// Which keys a file may have. A section needs no row of its own.
struct YamlTable {
  std::string example;  // a key of the document, for errors: "monitor:"
  std::vector<YamlKey> keys;
  bool dotted = false;         // a key may be written together with its sections: "monitor.interval: 1s"
  bool takes_empty = false;    // an empty text is a value as others are
  bool holds_secrets = false;  // so that errors show no value, and secrets stand only where they may
  // Takes a key without a row, or makes it an Error; nothing below it is looked at. Null: there may be any.
  std::function<Status(const std::string& section, const std::string& key, const std::string& origin)> unknown = {};
};

// What a file gives for a key: also for a section that has a row and is not empty.
struct YamlGiven {
  std::string key = {};                 // its row's name
  size_t entry = 0;                     // which of all entries in the document the key stands in; 0: in none
  std::string name = {};                // as written
  std::string place = {};               // "config.yaml:3"
  std::string origin = {};              // "config.yaml:3: monitor.interval"
  std::vector<std::string> texts = {};  // one, but of a list all, of a section none, and of a tree its shape, if any
};

// Reads the keys of `content`, which stands in the file of this path, in the order of the file. What is left empty is
// not given, merge keys and aliases work, and a key may be given once. The Error names the file and, where there is
// one, the line and the key.
Result<std::vector<YamlGiven>> ReadYamlKeys(const std::string& path, std::string_view content, const YamlTable& table);

// What is given for a key, the first of it; null if nothing is.
const YamlGiven* FindGiven(const std::vector<YamlGiven>& given, std::string_view key, size_t entry = 0);

}  // namespace brahe
