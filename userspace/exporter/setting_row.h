#pragma once

#include <string>

namespace brahe::exporter {

// A line of the table of settings on the page at /.
struct SettingRow {
  std::string key;
  std::string value;
  std::string origin;  // who set it
};

}  // namespace brahe::exporter
