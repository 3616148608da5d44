#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/exporter/setting_row.h"
#include "userspace/http/listen_socket.h"
#include "userspace/instruments/platform_figures.h"
#include "userspace/instruments/pod_directory_figures.h"
#include "userspace/instruments/push_figures.h"
#include "userspace/monitor/snapshot_source.h"

namespace brahe::exporter {

// What is told, which may change from scrape to scrape: see RenderOptions.
struct ExporterChoices {
  std::vector<std::string> levels;
  uint64_t top_processes = 0;
  uint64_t top_groups = 0;
  uint64_t max_series = 0;
  bool cpu_info = true;
  bool unlisted_as_process = false;
  bool created_lines = false;
};

// What the HTTP exporter depends on.
struct ExporterOptions {
  ExporterChoices choices;
  std::string node_name;
  std::string version, revision, branch, arch;  // for the build info families
  std::function<instruments::PodDirectoryFigures()> pods =
      nullptr;  // called by any thread; null where Kubernetes is not asked
  std::function<instruments::PushFigures()> pushes = nullptr;  // the same; null where nothing is pushed
  std::function<instruments::PlatformFigures()> platform =
      nullptr;                                // the same; null where nobody is asked for the platform's power
  bool zero_samples = true;                   // a Prometheus is told what new series began with, see NewSeries
  std::string web_config_file = "";           // see WebAccess; empty: plain HTTP for all
  bool probes_without_auth = false;           // /healthz and /readyz ask for no password
  std::vector<std::string> local_allow = {};  // who may ask at a Unix socket, see LocalAccess
  std::function<std::vector<SettingRow>()> settings = nullptr;  // for the page at /; called by any thread; null: none
};

// Serves /metrics, /healthz, /readyz and / until it is destroyed. Its own threads; `source` must outlive it.
class Exporter {
 public:
  virtual ~Exporter() = default;
  // The ports that are listened on, in the order of the sockets of TCP.
  [[nodiscard]] virtual std::vector<uint16_t> ports() const = 0;
  // From the next scrape on. Any thread.
  virtual void Reconfigure(ExporterChoices choices) = 0;
  // Who may ask at a Unix socket, from the next request on; on an Error the old holds. Any thread.
  virtual Status AllowLocally(const std::vector<std::string>& allow) = 0;
  // Reads the web configuration file anew; on an Error the old stays in force.
  virtual Status ReloadWebConfig() = 0;
  [[nodiscard]] virtual bool UsesTls() const = 0;
};

// Serves on `sockets` (see ListenOn and ListenLocally). The web configuration file is of those of TCP alone. The Error
// is that of the file, or of local_allow.
Result<std::unique_ptr<Exporter>> StartExporter(std::vector<http::ListenSocket> sockets, const ExporterOptions& options,
                                                monitor::SnapshotSource& source);

}  // namespace brahe::exporter
