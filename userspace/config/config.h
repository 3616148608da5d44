#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::config {

// Everything that can be set, validated, with its defaults. Names follow Kepler's YAML keys.
struct Config {
  struct Log {
    std::string level = "info";   // debug, info, warn, error
    std::string format = "text";  // text, json
  } log;
  struct Host {
    std::string sysfs = "/sys";
    std::string procfs = "/proc";
  } host;
  // Each duration is at most a hundred years.
  struct Monitor {
    Nanoseconds interval = Seconds(5);  // 0: epochs only when scraped
    Nanoseconds staleness = Milliseconds(500);
    int64_t max_terminated = 500;  // negative: no limit; 0: list none
    Microjoules min_terminated_energy = Joules(10);
    Nanoseconds terminated_retention = Seconds(120);
  } monitor;
  struct Cpu {
    std::string time_source = "auto";  // auto, bpf, procfs
    std::vector<std::string> preferred_meters = {"rapl", "perf", "hwmon", "model"};
    uint64_t max_processes = 0;  // entries of the kernel's process table, fits 32 bits; 0: chosen by the machine
  } cpu;
  struct Rapl {
    std::vector<std::string> zones;  // empty: all
  } rapl;
  // Of a virtual machine that its host tells of its energy.
  struct Guest {
    std::string path;  // of its powercap tree, which then is tried before all meters; empty: none
  } guest;
  // Sensors of boards and firmware.
  struct Hwmon {
    bool force_enabled = false;
    std::vector<std::string> zones;  // empty: those that need not be asked for
    // How the voltages and currents of a chip belong together.
    struct ChipRule {
      std::string name;                            // not empty
      std::map<unsigned, unsigned> pairings = {};  // of a voltage to a current; empty: of the same number
      std::set<unsigned> skip_voltages = {};
      std::set<unsigned> skip_currents = {};
    };
    std::vector<ChipRule> chip_rules;
  } hwmon;
  struct Attribution {
    std::string idle_split = "usage";  // usage, baseline
  } attribution;
  struct Gpu {
    bool enabled = false;
    Microwatts idle_power;  // of each; 0: learnt
  } gpu;
  struct Model {
    Microwatts idle_per_cpu;  // 0: default of the CPU
    Microwatts max_per_cpu;
    Microwatts dram_per_gib;  // 0: memory is not estimated
  } model;
  // The BMC of the machine, which tells of its power.
  struct Redfish {
    bool enabled = false;
    std::string node_name;                    // in config_file; empty: as in the metrics
    std::string config_file;                  // of BMCs; not empty where it is enabled
    Nanoseconds http_timeout = Seconds(5);    // of one request; at least 100 ms
    Nanoseconds poll_interval = Seconds(10);  // at least 1 s
  } redfish;
  struct Exporter {
    bool prometheus = true;
    std::vector<std::string> metrics_level = {"node",  "process", "container", "vm",   "pod", "namespace",
                                              "owner", "program", "unit",      "user", "job"};
    // How many are listed, those with the most energy; they fit 32 bits; 0: all.
    uint64_t top_processes = 0;
    uint64_t top_groups = 1000;  // of each level that outlives its members, such as program
    uint64_t max_series = 0;     // of one exposition; 0: any number
    bool cpu_info = true;
    bool unlisted_as_process = false;
    bool zero_samples = true;  // see exposition::NewSeries
    bool created_timestamps = false;
    bool standard_output = false;  // one of the three exporters is on
    // The third: pushes by OTLP.
    struct Otlp {
      std::string endpoint;                // http:// or https://; empty: it is off
      Nanoseconds interval = Seconds(15);  // at least 1 s
      Nanoseconds timeout = Seconds(10);   // at least 100 ms
      std::string headers_file;            // empty: none
      std::string compression = "gzip";    // gzip, none
      std::vector<std::string> metrics_level = {"node",  "container", "vm",   "pod",  "namespace",
                                                "owner", "program",   "unit", "user", "job"};
      struct Tls {
        std::string ca_file;    // empty: whom the system trusts
        std::string cert_file;  // with key_file, or both empty
        std::string key_file;
        bool insecure_skip_verify = false;
      } tls;
    } otlp;
    // Powercap trees for virtual machines, see guests::GuestTrees.
    struct Guests {
      bool enabled = false;
      std::string directory = "/run/brahe-guests";
      Nanoseconds retention = Seconds(24 * 3600);
    } guests;
  } exporter;
  struct Web {
    std::vector<std::string> listen_addresses = {":28282"};
    std::string config_file;           // TLS, users and headers, in the exporter toolkit's schema; empty: none of them
    bool probes_without_auth = false;  // those of Kubernetes need no password
    struct LocalSocket {
      std::string path;                           // empty: there is none
      std::vector<std::string> allow = {"root"};  // who may ask there, see ParseLocalRule
    } local_socket;
  } web;
  // What is kept over the exporter's end.
  struct State {
    std::string dir;            // as it is set; what it means: see StateFolder
    bool keep_counting = true;  // where there is such a folder, the kernel side counts while the exporter is away
    std::string other_boot = "reset";  // reset, nodes: what goes on over a reboot
  } state;
  // Of the command run alone.
  struct Run {
    uint64_t repeat = 1;   // at least 1
    uint64_t warm_up = 0;  // fits 32 bits, as `repeat`
    bool wait = true;      // for all descendants
    bool json = false;     // one of these three at most
    bool csv = false;
    bool markdown = false;
    std::string output;  // a file, or "-" for standard output; empty: standard error
    bool serve = false;  // count for others, instead of running a command
    std::string socket;  // of who counts for others; empty: kRunSocket, unless this is root, who needs nobody
    std::vector<std::string> allow = {"root"};  // whom it counts for, see ParseLocalRule
  } run;
  // Of the command check alone.
  struct Check {
    uint64_t seconds = 10;  // 3 to 3600
    bool json = false;
  } check;
  // Of the command state alone.
  struct ShowState {
    bool json = false;
  } show_state;
  // Of the command unpin alone.
  struct Unpin {
    std::string pins;  // empty: where the exporter has them
  } unpin;
  // Of the command top alone.
  struct Top {
    std::string level = "process";      // that it begins with
    Nanoseconds interval = Seconds(1);  // at least 100 ms
    bool once = false;
    bool json = false;
    std::string url;  // of an exporter, or "unix:" and a path; this or `replay` or none: it counts by itself
    std::string user;
    std::string password_file;
    std::string ca_file;
    std::string cert_file;  // with key_file, or both empty
    std::string key_file;
    bool insecure_skip_verify = false;
    std::string record;          // empty: nothing is recorded
    uint64_t record_limit = 64;  // MB, at least 1
    std::string replay;
  } top;
  struct Kube {
    bool enabled = false;
    std::string config;     // kubeconfig file; empty: as the pod that this process runs in
    std::string node_name;  // empty: the host's name, which will not do to find pods by
    struct PodInformer {
      std::string mode = "kubelet";             // kubelet, apiserver
      Nanoseconds poll_interval = Seconds(15);  // at least 1 s; of mode kubelet, as all of `kubelet`
    } pod_informer;
    struct Kubelet {
      std::string url;      // empty: port 10250 of node_name
      std::string ca_file;  // empty: that of the API server
      bool insecure_skip_verify = false;
    } kubelet;
  } kube;
};

// Where the packaged `brahe run --serve` listens.
inline constexpr char kRunSocket[] = "/run/brahe-run.sock";
// Where the packaged exporter has its web.localSocket.path.
inline constexpr char kPackagedSocket[] = "/run/brahe/brahe.sock";
// Where it has its state.dir.
inline constexpr char kPackagedStateFolder[] = "/var/lib/brahe";

// The folder for what is kept over the exporter's end, empty: nothing is. `state_directory` is STATE_DIRECTORY of the
// environment, where systemd says what it has made for StateDirectory=, or null; its first folder counts where none is
// set. "none" set stands for nothing.
std::string StateFolder(const Config::State& state, const char* state_directory);

// Where a setting comes from that nobody gave.
inline constexpr char kDefaultOrigin[] = "default";

// One value in effect, as text on one line and without secrets.
struct Setting {
  std::string key;
  std::string value;
  std::string origin;       // kDefaultOrigin, "config.yaml:3" or "--monitor.interval"
  bool reloadable = false;  // changes without a restart
};

// What was taken and changes nothing.
struct Remarks {
  std::vector<std::string> unknown_keys;    // of the file: "config.yaml:3: banana: unknown key, ignored; see --help"
  std::vector<std::string> without_effect;  // Kepler's that are on: "debug.pprof.enabled (config.yaml:3)"
};

// What ParseCommandLine found.
struct CommandLine {
  enum class Action { kRun, kPrintAndExit } action = Action::kRun;
  std::string text;  // to print on stdout for kPrintAndExit (--help, --version)
  Config config;
  std::vector<Setting> settings;  // all of them, in the order of the documentation
  Remarks remarks;
};

// Defaults < YAML file (--config.file) < flags. An Error is one line that names the file and line or the flag, the
// key, and what to do (the nearest known name for one that nobody knows). A key of the file that nobody knows is an
// Error with --config.strict only. Sets gflags' values, and with them glog's verbosity: one thread at a time.
Result<CommandLine> ParseCommandLine(int argc, const char* const* argv);

// What the same arguments and the same file say now.
struct Reread {
  Config config;                     // of it, only what can be re-read is to take effect
  Remarks remarks;                   // as of CommandLine
  std::vector<Setting> settings;     // in effect from now on: the new ones where they can be re-read, else the old ones
  std::vector<std::string> applied;  // "log.level is debug now (config.yaml:2)"
  std::vector<std::string> pending;  // "monitor.interval changed to 3s in config.yaml:4; restart to apply it"
};

// Parses again and compares with the settings in effect. An Error is as of ParseCommandLine; nothing is to change then.
Result<Reread> RereadCommandLine(int argc, const char* const* argv, const std::vector<Setting>& in_effect);

}  // namespace brahe::config
