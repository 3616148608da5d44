#include "userspace/settings.h"

#include <glog/logging.h>

#include <string>
#include <utility>

#include "userspace/base/values.h"

namespace brahe {

Settings::Settings(int argc, char** argv, std::vector<config::Setting> in_effect)
    : argc_(argc), argv_(argv), in_effect_(std::move(in_effect)) {}

Result<config::Reread> Settings::Renew() {
  auto reread = config::RereadCommandLine(argc_, argv_, in_effect_);
  if (!reread) return reread.error();
  const std::lock_guard lock(mutex_);
  in_effect_ = reread->settings;
  return reread;
}

std::vector<exporter::SettingRow> Settings::Rows() const {
  const std::lock_guard lock(mutex_);
  std::vector<exporter::SettingRow> rows;
  for (const config::Setting& setting : in_effect_) rows.push_back({setting.key, setting.value, setting.origin});
  return rows;
}

void LogSettings(const config::CommandLine& line) {
  for (const config::Setting& setting : line.settings) {
    const std::string text = setting.key + "=" + setting.value + " (" + setting.origin + ")";
    if (setting.origin == config::kDefaultOrigin) {
      VLOG(1) << text;
    } else {
      LOG(INFO) << text;
    }
  }
  LogRemarks(line.remarks);
}

void LogRemarks(const config::Remarks& remarks) {
  for (const std::string& key : remarks.unknown_keys) LOG(WARNING) << key;
  if (remarks.without_effect.empty()) return;
  LOG(INFO) << "Settings of Kepler's that are on and have no effect in this release: "
            << Joined(remarks.without_effect);
}

}  // namespace brahe
