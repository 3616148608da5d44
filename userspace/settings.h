#pragma once

#include <mutex>
#include <vector>

#include "userspace/config/config.h"
#include "userspace/exporter/setting_row.h"

namespace brahe {

// The command line and what of it is in effect: renewed by one thread, shown by any.
class Settings {
 public:
  // `argv` must outlive this.
  Settings(int argc, char** argv, std::vector<config::Setting> in_effect);

  // What arguments and file say now. On an Error all stays as it is.
  Result<config::Reread> Renew();
  // For the page of the exporter.
  [[nodiscard]] std::vector<exporter::SettingRow> Rows() const;

 private:
  const int argc_;
  char** const argv_;
  mutable std::mutex mutex_;  // of in_effect_, which one thread alone writes
  std::vector<config::Setting> in_effect_;
};

// Logs what was set by somebody, with --log.level=debug the defaults as well, and the remarks.
void LogSettings(const config::CommandLine& line);

// Unknown keys are warnings; what has no effect is one INFO line.
void LogRemarks(const config::Remarks& remarks);

}  // namespace brahe
