#include "userspace/config/config.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "userspace/base/temp_tree.h"
#include "userspace/config/parsed_line.h"

namespace brahe::config {
namespace {

// A configuration file and what becomes of it.
class ConfigFileTest : public testing::Test {
 protected:
  Strings With(std::string_view content, Strings flags = {}) {
    tree_.Write("c.yaml", content);
    flags.insert(flags.begin(), "--config.file=" + tree_.At("c.yaml"));
    return flags;
  }
  [[nodiscard]] std::string At(int line) const { return tree_.At("c.yaml") + ":" + std::to_string(line) + ": "; }

  TempTree tree_;
};

TEST_F(ConfigFileTest, FlagsWinOverTheFileAndTheFileOverTheDefaults) {
  const Config c =
      ConfigOf(With("monitor:\n  interval: 3s\n  staleness: 1s\nrapl: {zones: [dram]}\n", {"--monitor.interval=7s"}));
  EXPECT_EQ(c.monitor.interval, Seconds(7));
  EXPECT_EQ(c.monitor.staleness, Seconds(1));
  EXPECT_EQ(c.rapl.zones, Strings{"dram"});
  EXPECT_EQ(c.monitor.max_terminated, 500);
}

TEST_F(ConfigFileTest, AListOfAFlagReplacesThatOfTheFile) {
  EXPECT_EQ(ConfigOf(With("rapl: {zones: [dram]}", {"--rapl.zones=core"})).rapl.zones, Strings{"core"});
  EXPECT_EQ(ConfigOf(With("rapl: {zones: [dram]}", {"--rapl.zones="})).rapl.zones, Strings());
}

TEST_F(ConfigFileTest, AnEmptyListMeansTheDefault) {
  const Config c = ConfigOf(With("exporter: {prometheus: {metricsLevel: []}}\nweb: {listenAddresses: []}\n"));
  EXPECT_EQ(c.exporter.metrics_level, Config().exporter.metrics_level);
  EXPECT_EQ(c.web.listen_addresses, Strings{":28282"});
}

TEST_F(ConfigFileTest, ALocalSocketIsForRootUnlessItSaysForWhom) {
  EXPECT_EQ(Config().web.local_socket.path, "");
  const Config::Web web = ConfigOf(With("web:\n  localSocket:\n    path: /run/s\n")).web;
  EXPECT_EQ(web.local_socket.path, "/run/s");
  EXPECT_EQ(web.local_socket.allow, Strings{"root"});
  EXPECT_EQ(ConfigOf(With("web: {localSocket: {allow: [root, user:ada, group:4]}}")).web.local_socket.allow,
            (Strings{"root", "user:ada", "group:4"}));
}

TEST_F(ConfigFileTest, AFolderKeepsTheStateWhereItIsSetOrSystemdHasMadeOne) {
  Config::State state = ConfigOf({}).state;
  EXPECT_EQ(StateFolder(state, nullptr), "");
  EXPECT_EQ(StateFolder(state, ""), "");
  EXPECT_EQ(StateFolder(state, "/var/lib/brahe"), "/var/lib/brahe");
  EXPECT_EQ(StateFolder(state, "/var/lib/brahe:/var/lib/more"), "/var/lib/brahe");
  EXPECT_TRUE(state.keep_counting);
  EXPECT_EQ(state.other_boot, "reset");
  state = ConfigOf(With("state: {dir: /s, keepCounting: false, otherBoot: nodes}")).state;
  EXPECT_EQ(StateFolder(state, "/var/lib/brahe"), "/s");
  EXPECT_FALSE(state.keep_counting);
  EXPECT_EQ(state.other_boot, "nodes");
  EXPECT_EQ(StateFolder(ConfigOf({"--state.dir=none"}).state, "/var/lib/brahe"), "");
  EXPECT_NE(ErrorOf({"--state.other-boot=all"}), "");
}

TEST_F(ConfigFileTest, BadValuesNameFileLineAndKey) {
  EXPECT_EQ(ErrorOf(With("# c\nmonitor:\n  interval: abc\n")),
            At(3) + "monitor.interval: \"abc\" is not a duration (such as 5s or 500ms)");
  EXPECT_EQ(ErrorOf(With("monitor:\n  interval: -1s\n")),
            At(2) + "monitor.interval: \"-1s\" is negative; a duration must not be");
  EXPECT_EQ(ErrorOf(With("web:\n  listenAddresses:\n  - \":1\"\n  - 9100\n")),
            At(2) +
                "web.listenAddresses: \"9100\" is not an address to listen on (such as :28282, localhost:28282 or "
                "[::1]:28282)");
}

TEST_F(ConfigFileTest, AKeyThatNobodyKnowsIsIgnoredAndSaidOrAnErrorIfSoWished) {
  const Strings arguments = With("monitor:\n  intervall: 1s\n  staleness: 2s\nteleportation:\n  enabled: true\n");
  EXPECT_EQ(ConfigOf(arguments).monitor.staleness, Seconds(2));
  EXPECT_EQ(RemarksOf(arguments).unknown_keys,
            (Strings{At(2) + "monitor.intervall: unknown key, ignored; did you mean monitor.interval?",
                     At(4) + "teleportation: unknown key, ignored; see --help"}));
  const std::string error = At(2) + "monitor.intervall: unknown key; did you mean monitor.interval?";
  for (const char* strict : {"--config.strict", "--config.strict=true"}) {
    Strings strictly = arguments;
    strictly.emplace_back(strict);
    EXPECT_EQ(ErrorOf(strictly), error) << strict;
  }
  for (const char* lenient : {"--no-config.strict", "--config.strict=false"}) {
    Strings leniently = arguments;
    leniently.emplace_back("--config.strict");
    leniently.emplace_back(lenient);
    EXPECT_EQ(ErrorOf(leniently), "") << lenient;
  }
  EXPECT_EQ(ErrorOf({"--config.strict=perhaps"}), "--config.strict: \"perhaps\" is neither true nor false");
  EXPECT_EQ(ErrorOf({"--config.strickt"}), "--config.strickt: unknown flag; did you mean --config.strict?");
}

TEST_F(ConfigFileTest, OfManyUnknownKeysTheFirstAreNamedAndTheOthersCounted) {
  std::string many;
  for (int i = 0; i < 50; ++i) many += "key" + std::to_string(i) + ": 1\n";
  const Strings keys = RemarksOf(With(many)).unknown_keys;
  ASSERT_EQ(keys.size(), 21U);
  EXPECT_EQ(keys[19], At(20) + "key19: unknown key, ignored; see --help");
  EXPECT_EQ(keys[20], tree_.At("c.yaml") + ": 30 more unknown keys, ignored");
}

TEST_F(ConfigFileTest, WhatIsOffIsNotSaid) {
  const char* const off =
      "debug: {pprof: {enabled: false}}\n"
      "exporter: {prometheus: {debugCollectors: []}}\n"
      "dev: {fake-cpu-meter: {enabled: false, zones: []}}\n"
      "experimental:\n"
      "  platform: {redfish: {enabled: false, configFile: /r.yaml, nodeName: n1, httpTimeout: 5s}}\n"
      "  hwmon: {forceEnabled: false, zones: [], chipRules: []}\n"
      "  gpu: {enabled: false, idlePower: 17.5, dcgmEndpoint: 'http://localhost:9400'}\n";
  const Remarks remarks = RemarksOf(With(off));
  EXPECT_EQ(remarks.without_effect, Strings());
  EXPECT_EQ(remarks.unknown_keys, Strings());
  EXPECT_EQ(RemarksOf(With("exporter:\n  prometheus:\n    debugCollectors: [go]\n")).without_effect,
            Strings{"exporter.prometheus.debugCollectors (" + tree_.At("c.yaml") + ":3)"});
  EXPECT_EQ(ErrorOf(With("debug: {pprof: {enabled: perhaps}}\n")),
            At(1) + "debug.pprof.enabled: \"perhaps\" is neither true nor false");
}

TEST_F(ConfigFileTest, TheFakeMeterOfKeplersDevelopersIsChosen) {
  EXPECT_EQ(ConfigOf(With("dev:\n  fake-cpu-meter:\n    enabled: true\ncpu: {preferredMeters: [rapl]}\n"))
                .cpu.preferred_meters,
            Strings{"fake"});
  EXPECT_EQ(ConfigOf(With("dev: {fake-cpu-meter: {enabled: false}}")).cpu.preferred_meters,
            (Strings{"rapl", "perf", "hwmon", "model"}));
}

// "VALUE (ORIGIN)" of the setting with this key.
std::string Find(const std::vector<Setting>& settings, const std::string& key) {
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& s) { return s.key == key; });
  return found == settings.end() ? "none" : found->value + " (" + found->origin + ")";
}

TEST_F(ConfigFileTest, EachSettingTellsItsValueAndWhereItComesFrom) {
  const auto line = Parse(With("monitor:\n  interval: 3s\n  staleness: 500ms\nrapl: {zones: [dram, core]}\n",
                               {"--monitor.max-terminated=-1", "--no-exporter.prometheus", "--exporter.stdout=true",
                                "--monitor.interval=90s", "--kube.kubelet.url=http://me:secret@n1:10255/"}));
  ASSERT_TRUE(line) << line.error().message;
  const std::string file = tree_.At("c.yaml");
  EXPECT_EQ(Find(line->settings, "log.level"), "info (default)");
  EXPECT_EQ(Find(line->settings, "monitor.interval"), "1m30s (--monitor.interval)");
  EXPECT_EQ(Find(line->settings, "monitor.staleness"), "500ms (" + file + ":3)");
  EXPECT_EQ(Find(line->settings, "monitor.maxTerminated"), "-1 (--monitor.max-terminated)");
  EXPECT_EQ(Find(line->settings, "monitor.minTerminatedEnergyThreshold"), "10 (default)");
  EXPECT_EQ(Find(line->settings, "rapl.zones"), "dram,core (" + file + ":4)");
  EXPECT_EQ(Find(line->settings, "exporter.prometheus.enabled"), "false (--exporter.prometheus)");
  EXPECT_EQ(Find(line->settings, "kube.kubelet.url"), "http://...@n1:10255/ (--kube.kubelet.url)");
  EXPECT_EQ(Find(line->settings, "debug.pprof.enabled"), "none");
}

TEST_F(ConfigFileTest, AnotherNameIsTheOriginOfWhatItSetsAndOfNothingElse) {
  const auto meters = Parse(With("dev:\n  fake-cpu-meter: {enabled: false}\ncpu:\n  meters: [model]\n"));
  ASSERT_TRUE(meters);
  EXPECT_EQ(Find(meters->settings, "cpu.preferredMeters"), "model (" + tree_.At("c.yaml") + ":4)");
  EXPECT_EQ(Find(meters->settings, "cpu.meters"), "none");
  const auto fake = Parse(With("dev:\n  fake-cpu-meter: {enabled: false}\n"));
  ASSERT_TRUE(fake);
  EXPECT_EQ(Find(fake->settings, "cpu.preferredMeters"), "rapl,perf,hwmon,model (default)");
}

TEST_F(ConfigFileTest, WhatChangedIsAppliedOrNeedsARestart) {
  Strings arguments =
      With("log: {level: info}\nmonitor: {interval: 3s}\nrapl: {zones: [core]}\n", {"--monitor.staleness=1s"});
  const auto started = Parse(arguments);
  ASSERT_TRUE(started);
  const auto reread = [&](const std::vector<Setting>& in_effect) {
    std::vector<const char*> argv = {"brahe"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return RereadCommandLine(static_cast<int>(argv.size()), argv.data(), in_effect);
  };
  const auto same = reread(started->settings);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->applied, Strings());
  EXPECT_EQ(same->pending, Strings());

  With(
      "log: {level: warn}\nexporter: {prometheus: {metricsLevel: [node], topProcesses: 5}}\n\n"
      "monitor: {interval: 4s, staleness: 2s}\n");
  const std::string file = tree_.At("c.yaml");
  const auto changed = reread(started->settings);
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->config.log.level, "warn");
  EXPECT_EQ(changed->config.exporter.metrics_level, Strings{"node"});
  EXPECT_EQ(changed->config.exporter.top_processes, 5U);
  EXPECT_EQ(changed->applied, (Strings{"log.level is warn now (" + file + ":1)",
                                       "exporter.prometheus.metricsLevel is node now (" + file + ":2)",
                                       "exporter.prometheus.topProcesses is 5 now (" + file + ":2)"}));
  const Strings pending = {"monitor.interval changed to 4s in " + file + ":4; restart to apply it",
                           "rapl.zones changed back to its default, nothing; restart to apply it"};
  EXPECT_EQ(changed->pending, pending);
  EXPECT_EQ(Find(changed->settings, "log.level"), "warn (" + file + ":1)");
  EXPECT_EQ(Find(changed->settings, "monitor.interval"), "3s (" + file + ":2)");

  // What has not been applied is said again; what has been is not.
  const auto again = reread(changed->settings);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->applied, Strings());
  EXPECT_EQ(again->pending, pending);

  With("log: {level: error}\nmonitor: {intervall: 4s}\n");
  const auto unknown = reread(started->settings);
  ASSERT_TRUE(unknown) << unknown.error().message;
  EXPECT_EQ(unknown->config.log.level, "error");
  EXPECT_EQ(unknown->remarks.unknown_keys,
            Strings{At(2) + "monitor.intervall: unknown key, ignored; did you mean monitor.interval?"});
  arguments.emplace_back("--config.strict");
  const auto refused = reread(started->settings);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, At(2) + "monitor.intervall: unknown key; did you mean monitor.interval?");
}

TEST_F(ConfigFileTest, RulesOfHwmonChipsAreCheckedAndShown) {
  const std::string rules = "experimental:\n  hwmon:\n    chipRules:\n";
  const auto line = Parse(With(rules + "    - {name: b, pairings: {3: 1, 0: 2}, skipCurrents: [9]}\n"
                                       "    - {name: a, pairings: {1: 1}, useSameIndex: yes, skipVoltages: [2, 1]}\n"));
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(Find(line->settings, "experimental.hwmon.chipRules"),
            "name=b pairings=0:2 pairings=3:1 skipCurrents=9; name=a skipVoltages=1 skipVoltages=2 (" +
                tree_.At("c.yaml") + ":5)");
  const std::string place = At(5) + "experimental.hwmon.chipRules: ";
  const auto error_of = [&](const std::string& rule) {
    return ErrorOf(With(rules + "    - {name: a}\n    - " + rule));
  };
  EXPECT_EQ(error_of("{useSameIndex: true}\n"), place + "name: the chip's name is missing");
  EXPECT_EQ(error_of("{name: x, skipVoltages: [one]}\n"),
            place + "skipVoltages: \"one\" is not a whole number from 0 to 999");
  EXPECT_EQ(error_of("{name: x, pairings: {1: -1}}\n"), place + "pairings: \"-1\" is not a whole number from 0 to 999");
  EXPECT_EQ(error_of("{name: x, pairings: {a: 1}}\n"), place + "pairings: \"a\" is not a whole number from 0 to 999");
  EXPECT_EQ(error_of("{name: x, useSameIndex: maybe}\n"), place + "useSameIndex: \"maybe\" is neither true nor false");
}

TEST_F(ConfigFileTest, AMissingFileIsNamed) {
  EXPECT_EQ(ErrorOf({"--config.file=/nowhere/c.yaml"}), "open /nowhere/c.yaml: No such file or directory");
}

TEST(KeplerConfigTest, AWholeConfigurationOfKeplersIsTaken) {
  const auto line = Parse({"--config.file=userspace/config/testdata/kepler.yaml"});
  ASSERT_TRUE(line) << line.error().message;
  const Config& c = line->config;
  EXPECT_EQ(c.log.level, "debug");
  EXPECT_EQ(c.log.format, "json");
  EXPECT_TRUE(c.exporter.standard_output);
  EXPECT_EQ(c.host.procfs, "/host/proc");
  EXPECT_EQ(c.monitor.interval, Seconds(3));
  EXPECT_EQ(c.monitor.staleness, Milliseconds(1500));
  EXPECT_EQ(c.monitor.max_terminated, 250);
  EXPECT_EQ(c.monitor.min_terminated_energy, Joules(20));
  EXPECT_EQ(c.rapl.zones, (Strings{"package", "dram"}));
  EXPECT_EQ(c.cpu.preferred_meters, (Strings{"rapl", "hwmon"}));
  EXPECT_TRUE(c.exporter.prometheus);
  EXPECT_EQ(c.exporter.metrics_level, (Strings{"node", "container", "pod"}));
  EXPECT_EQ(c.web.listen_addresses, (Strings{":28282", "[::1]:9102"}));
  EXPECT_TRUE(c.kube.enabled);
  EXPECT_EQ(c.kube.config, "/etc/kepler/kubeconfig");
  EXPECT_EQ(c.kube.node_name, "worker-7");
  EXPECT_EQ(c.kube.pod_informer.mode, "kubelet");
  EXPECT_EQ(c.kube.pod_informer.poll_interval, Seconds(20));

  EXPECT_EQ(line->remarks.unknown_keys, Strings());
  Strings keys;
  for (const std::string& one : line->remarks.without_effect) keys.push_back(one.substr(0, one.find(' ')));
  EXPECT_EQ(keys, (Strings{"debug.pprof.enabled", "exporter.prometheus.debugCollectors", "dev.fake-cpu-meter.zones"}));
  EXPECT_TRUE(c.redfish.enabled);
  EXPECT_EQ(c.redfish.config_file, "/etc/kepler/redfish.yaml");
  EXPECT_TRUE(c.gpu.enabled);
  EXPECT_TRUE(c.hwmon.force_enabled);
  EXPECT_EQ(c.hwmon.zones, Strings{"power1"});
  ASSERT_EQ(c.hwmon.chip_rules.size(), 1U);
  EXPECT_EQ(c.hwmon.chip_rules[0].name, "ina3221");
  EXPECT_EQ(c.hwmon.chip_rules[0].pairings, (std::map<unsigned, unsigned>{{1, 1}, {2, 2}}));
  EXPECT_EQ(c.hwmon.chip_rules[0].skip_voltages, std::set<unsigned>{7});
}

TEST_F(ConfigFileTest, TheBmcIsAskedByAFileAndNotTooOften) {
  const std::string redfish = "experimental: {platform: {redfish: {enabled: true, ";
  const Config c = ConfigOf(With(redfish + "configFile: /r.yaml, nodeName: n1, httpTimeout: 3s, pollInterval: 30s}}}"));
  EXPECT_EQ(c.redfish.config_file, "/r.yaml");
  EXPECT_EQ(ConfigOf(With(redfish + "cfgFile: /other.yaml}}}")).redfish.config_file, "/other.yaml");
  EXPECT_EQ(c.redfish.node_name, "n1");
  EXPECT_EQ(c.redfish.http_timeout, Seconds(3));
  EXPECT_EQ(c.redfish.poll_interval, Seconds(30));
  EXPECT_NE(ErrorOf(With(redfish + "nodeName: n1}}}")).find("configFile is missing"), std::string::npos);
  EXPECT_EQ(ErrorOf(With(redfish + "configFile: /r, httpTimeout: 10ms}}}")),
            "experimental.platform.redfish.httpTimeout: less than 100ms");
  EXPECT_EQ(ErrorOf(With(redfish + "configFile: /r, pollInterval: 500ms}}}")),
            "experimental.platform.redfish.pollInterval: less than 1s");
}

constexpr char kTestData[] = "userspace/config/testdata/";

TEST(KeplerConfigTest, ItsPublishedFilesAreTakenUnchanged) {
  for (const std::string name :
       {"kepler_default", "kepler_compose", "kepler_configmap", "kepler_helm", "kepler_operator"}) {
    const bool from_operator = name == "kepler_operator";
    const bool names_no_levels = name == "kepler_configmap" || name == "kepler_helm";
    const size_t levels = from_operator ? 3 : names_no_levels ? Config().exporter.metrics_level.size() : 5;
    const auto line = Parse({"--config.strict", "--config.file=" + std::string(kTestData) + name + ".yaml"});
    ASSERT_TRUE(line) << line.error().message;
    EXPECT_EQ(line->config.log.level, from_operator ? "info" : "debug") << name;
    EXPECT_EQ(line->config.cpu.preferred_meters, (Strings{"rapl", "hwmon"})) << name;
    EXPECT_EQ(line->config.web.listen_addresses, Strings{":28282"}) << name;
    EXPECT_EQ(line->config.exporter.metrics_level.size(), levels) << name;
    EXPECT_TRUE(line->config.exporter.prometheus) << name;
    EXPECT_FALSE(line->config.kube.enabled) << name;
  }
}

// The arguments of a file, one a line, with `config` for Kepler's path of its file.
Strings ArgumentsOf(const std::string& name, const std::string& config) {
  std::ifstream file(kTestData + name);
  Strings arguments;
  for (std::string line; std::getline(file, line);) {
    arguments.push_back(line == "--config.file=/etc/kepler/config.yaml" ? "--config.file=" + (kTestData + config)
                                                                        : line);
  }
  EXPECT_FALSE(arguments.empty()) << name;
  return arguments;
}

TEST(KeplerConfigTest, ItsPublishedArgumentsAreTakenUnchanged) {
  const Config pod = ConfigOf(ArgumentsOf("kepler_daemonset.args", "kepler_configmap.yaml"));
  EXPECT_TRUE(pod.kube.enabled);
  EXPECT_EQ(pod.kube.node_name, "$(NODE_NAME)");
  EXPECT_EQ(pod.monitor.max_terminated, 100);
  EXPECT_EQ(pod.host.sysfs, "/host/sys");

  EXPECT_EQ(ConfigOf(ArgumentsOf("kepler_systemd.args", "kepler_default.yaml")).monitor.staleness, Seconds(1));

  const Config operated = ConfigOf(ArgumentsOf("kepler_operator.args", "kepler_operator.yaml"));
  EXPECT_TRUE(operated.kube.enabled);
  EXPECT_EQ(operated.web.listen_addresses, Strings{"0.0.0.0:28282"});

  const Strings all = ArgumentsOf("kepler_examples.args", "");
  const Config c = ConfigOf(all);
  EXPECT_FALSE(c.exporter.prometheus);
  EXPECT_TRUE(c.exporter.standard_output);
  EXPECT_EQ(c.exporter.metrics_level, (Strings{"node", "container"}));
  EXPECT_EQ(c.web.listen_addresses, (Strings{":8080", "localhost:9090"}));
  EXPECT_EQ(c.kube.config, "/path/to/kubeconfig");
  EXPECT_EQ(RemarksOf(all).without_effect.size(), 1U) << "pprof";
  EXPECT_TRUE(c.redfish.enabled);
  EXPECT_EQ(c.redfish.config_file, "/path/to/redfish.yaml");
  EXPECT_EQ(c.redfish.node_name, "worker-node-1");
  EXPECT_TRUE(c.gpu.enabled);
  EXPECT_EQ(c.gpu.idle_power, Microwatts{17'500'000});
  EXPECT_TRUE(c.hwmon.force_enabled);
  EXPECT_EQ(c.hwmon.zones, (Strings{"power1", "power2"}));
}

}  // namespace
}  // namespace brahe::config
