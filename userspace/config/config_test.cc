#include "userspace/config/config.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "userspace/base/temp_tree.h"

namespace brahe {
namespace {

using Strings = std::vector<std::string>;

Result<CommandLine> Parse(const Strings& arguments) {
  std::vector<const char*> argv = {"brahe"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

Config ConfigOf(const Strings& arguments) {
  const auto line = Parse(arguments);
  EXPECT_TRUE(line) << line.error().message;
  return line ? line->config : Config{};
}

std::string ErrorOf(const Strings& arguments) {
  const auto line = Parse(arguments);
  return line ? "" : line.error().message;
}

Strings WarningsOf(const Strings& arguments) {
  const auto line = Parse(arguments);
  EXPECT_TRUE(line) << line.error().message;
  return line ? line->warnings : Strings();
}

const std::string kNoEffect = "not supported in this release; it has no effect";

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

TEST(CommandLineTest, NothingGivenMeansTheDefaults) {
  const auto line = Parse({});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->action, CommandLine::Action::kRun);
  EXPECT_TRUE(line->warnings.empty());
  EXPECT_EQ(line->config.monitor.interval, Seconds(5));
  EXPECT_EQ(line->config.cpu.preferred_meters, (Strings{"rapl", "perf", "model"}));
  EXPECT_EQ(line->config.web.listen_addresses, Strings{":28282"});
  EXPECT_EQ(line->config.kube.node_name, "");
  EXPECT_FALSE(line->config.kube.enabled);
  EXPECT_FALSE(line->config.kube.kubelet.insecure_skip_verify);
}

TEST(CommandLineTest, EveryFlagReachesItsPlace) {
  const Config c = ConfigOf({"--log.level=debug",
                             "--host.sysfs=/host/sys",
                             "--host.procfs=/host/proc",
                             "--monitor.interval=1s",
                             "--monitor.staleness=0",
                             "--monitor.max-terminated=-1",
                             "--monitor.min-terminated-energy-threshold=0.5",
                             "--monitor.terminated-retention=1m30s",
                             "--cpu.time-source=procfs",
                             "--cpu.max-processes=4096",
                             "--cpu.preferred-meters=model,rapl",
                             "--rapl.zones=package,dram",
                             "--model.idle-watts-per-cpu=2.5",
                             "--model.max-watts-per-cpu=12.000001",
                             "--no-exporter.prometheus",
                             "--metrics=node",
                             "--web.listen-address=localhost:0",
                             "--kube.node-name=worker",
                             "--kube.enable",
                             "--kube.config=/k",
                             "--kube.pod-informer.mode=apiserver",
                             "--kube.pod-informer.poll-interval=20s",
                             "--kube.kubelet.url=https://[::1]:10250",
                             "--kube.kubelet.ca-file=/ca",
                             "--kube.kubelet.insecure-skip-verify"});
  EXPECT_EQ(c.log.level, "debug");
  EXPECT_EQ(c.host.sysfs, "/host/sys");
  EXPECT_EQ(c.host.procfs, "/host/proc");
  EXPECT_EQ(c.monitor.interval, Seconds(1));
  EXPECT_EQ(c.monitor.staleness, Seconds(0));
  EXPECT_EQ(c.monitor.max_terminated, -1);
  EXPECT_EQ(c.monitor.min_terminated_energy, Microjoules{500'000});
  EXPECT_EQ(c.monitor.terminated_retention, Seconds(90));
  EXPECT_EQ(c.cpu.time_source, "procfs");
  EXPECT_EQ(c.cpu.max_processes, 4096U);
  EXPECT_EQ(c.cpu.preferred_meters, (Strings{"model", "rapl"}));
  EXPECT_EQ(c.rapl.zones, (Strings{"package", "dram"}));
  EXPECT_EQ(c.model.idle_per_cpu, Microwatts{2'500'000});
  EXPECT_EQ(c.model.max_per_cpu, Microwatts{12'000'001});
  EXPECT_FALSE(c.exporter.prometheus);
  EXPECT_EQ(c.exporter.metrics_level, Strings{"node"});
  EXPECT_EQ(c.web.listen_addresses, Strings{"localhost:0"});
  EXPECT_EQ(c.kube.node_name, "worker");
  EXPECT_TRUE(c.kube.enabled);
  EXPECT_EQ(c.kube.config, "/k");
  EXPECT_EQ(c.kube.pod_informer.mode, "apiserver");
  EXPECT_EQ(c.kube.pod_informer.poll_interval, Seconds(20));
  EXPECT_EQ(c.kube.kubelet.url, "https://[::1]:10250");
  EXPECT_EQ(c.kube.kubelet.ca_file, "/ca");
  EXPECT_TRUE(c.kube.kubelet.insecure_skip_verify);
}

TEST(CommandLineTest, AValueMayStandInTheNextArgument) {
  EXPECT_EQ(ConfigOf({"--monitor.interval", "2s"}).monitor.interval, Seconds(2));
  EXPECT_EQ(ConfigOf({"--monitor.max-terminated", "-5"}).monitor.max_terminated, -5);
  EXPECT_EQ(ConfigOf({"--kube.node-name", ""}).kube.node_name, "");
}

TEST(CommandLineTest, AnEmptyValueDoesNotEatTheNextFlag) {
  const Config c = ConfigOf({"--kube.node-name=", "--log.level=error", "--web.config-file="});
  EXPECT_EQ(c.kube.node_name, "");
  EXPECT_EQ(c.log.level, "error");
  EXPECT_EQ(ErrorOf({"--monitor.interval="}), "--monitor.interval: \"\" is not a duration (such as 5s or 500ms)");
}

TEST(CommandLineTest, AMissingValueIsSaid) {
  EXPECT_EQ(ErrorOf({"--kube.node-name", "--log.level=debug"}),
            "--kube.node-name: a value is expected before --log.level=debug");
  EXPECT_EQ(ErrorOf({"--monitor.interval"}), "--monitor.interval: a value is expected");
  EXPECT_EQ(ErrorOf({"--config.file"}), "--config.file: a value is expected");
}

TEST(CommandLineTest, ListsMayBeRepeatedAndSeparatedByCommas) {
  EXPECT_EQ(ConfigOf({"--metrics=node", "--metrics=pod,vm", "--metrics=node"}).exporter.metrics_level,
            (Strings{"node", "pod", "vm"}));
  EXPECT_EQ(ConfigOf({"--web.listen-address=:1", "--web.listen-address", "[::1]:2"}).web.listen_addresses,
            (Strings{":1", "[::1]:2"}));
}

TEST(CommandLineTest, OfAValueThatIsRepeatedTheLastOneCounts) {
  EXPECT_EQ(ConfigOf({"--monitor.interval=1s", "--monitor.interval=2s"}).monitor.interval, Seconds(2));
  EXPECT_TRUE(ConfigOf({"--no-exporter.prometheus", "--exporter.prometheus"}).exporter.prometheus);
  EXPECT_FALSE(ConfigOf({"--exporter.prometheus", "--no-exporter.prometheus"}).exporter.prometheus);
}

TEST(CommandLineTest, SwitchesTakeNoOrAValue) {
  EXPECT_TRUE(ConfigOf({"--exporter.prometheus"}).exporter.prometheus);
  EXPECT_TRUE(ConfigOf({"--exporter.prometheus=true"}).exporter.prometheus);
  EXPECT_FALSE(ConfigOf({"--exporter.prometheus=false"}).exporter.prometheus);
  EXPECT_FALSE(ConfigOf({"--no-exporter.prometheus"}).exporter.prometheus);
  EXPECT_TRUE(ConfigOf({"--no-exporter.prometheus=false"}).exporter.prometheus);
  EXPECT_EQ(ErrorOf({"--exporter.prometheus=maybe"}), "--exporter.prometheus: \"maybe\" is neither true nor false");
  EXPECT_EQ(ErrorOf({"--exporter.prometheus", "false"}),
            "\"false\": unexpected argument; write flags as --name=value and switches as --name");
}

TEST(CommandLineTest, NamesTheNearestFlagForOneThatNobodyKnows) {
  EXPECT_EQ(ErrorOf({"--monitor.intervall=1s"}), "--monitor.intervall: unknown flag; did you mean --monitor.interval?");
  EXPECT_EQ(ErrorOf({"--monitor.maxTerminated", "5"}),
            "--monitor.maxTerminated: unknown flag; did you mean --monitor.max-terminated?");
  EXPECT_EQ(ErrorOf({"--no-exporter.prometheu"}),
            "--no-exporter.prometheu: unknown flag; did you mean --no-exporter.prometheus?");
  EXPECT_EQ(ErrorOf({"--banana"}), "--banana: unknown flag; see --help");
  EXPECT_EQ(ErrorOf({"-x"}), "-x: unknown flag; see --help");
  EXPECT_EQ(ErrorOf({"run"}), "\"run\": unexpected argument; write flags as --name=value and switches as --name");
}

TEST(CommandLineTest, BadValuesNameTheFlag) {
  EXPECT_EQ(ErrorOf({"--monitor.interval=abc"}), "--monitor.interval: \"abc\" is not a duration (such as 5s or 500ms)");
  EXPECT_EQ(ErrorOf({"--log.level=loud"}), "--log.level: \"loud\" is not one of debug, info, warn, error");
  EXPECT_EQ(ErrorOf({"--metrics=node,"}), "--metrics: \"\" is not one of node, process, container, vm, pod");
  EXPECT_EQ(ErrorOf({"--host.sysfs="}), "--host.sysfs: a path is expected");
  EXPECT_EQ(ErrorOf({"--cpu.max-processes=4294967296"}),
            "--cpu.max-processes: \"4294967296\" is not a whole number from 0 to 4294967295");
  EXPECT_EQ(ErrorOf({"--web.listen-address=28282"}),
            "--web.listen-address: \"28282\" is not an address to listen on (such as :28282, localhost:28282 or "
            "[::1]:28282)");
  EXPECT_EQ(ErrorOf({"--config.file="}), "--config.file: the path of a file is expected");
}

TEST(CommandLineTest, TheModelsMaximumIsNotBelowItsIdlePower) {
  EXPECT_EQ(ErrorOf({"--model.idle-watts-per-cpu=3.5", "--model.max-watts-per-cpu=2"}),
            "model.maxWattsPerCpu: 2 is less than model.idleWattsPerCpu, 3.5");
  EXPECT_EQ(ErrorOf({"--model.idle-watts-per-cpu=3", "--model.max-watts-per-cpu=3"}), "");
  EXPECT_EQ(ErrorOf({"--model.idle-watts-per-cpu=3"}), "");
}

TEST(CommandLineTest, MetersToComeAreLeftOutWithAWarning) {
  EXPECT_EQ(ConfigOf({"--cpu.preferred-meters=msr,rapl,hwmon,fake"}).cpu.preferred_meters, (Strings{"rapl", "fake"}));
  EXPECT_EQ(WarningsOf({"--cpu.preferred-meters=msr,rapl"}),
            Strings{"--cpu.preferred-meters: \"msr\" is not supported in this release; it is left out"});
  EXPECT_EQ(ErrorOf({"--cpu.preferred-meters=hwmon"}), "--cpu.preferred-meters: nothing that is listed can be used");
  EXPECT_EQ(ErrorOf({"--cpu.preferred-meters=ipmi"}),
            "--cpu.preferred-meters: \"ipmi\" is not one of rapl, perf, model, fake");
}

TEST(CommandLineTest, JsonLogsAreNotSupportedYet) {
  EXPECT_EQ(ConfigOf({"--log.format=json"}).log.format, "text");
  EXPECT_EQ(WarningsOf({"--log.format=json"}),
            Strings{"--log.format: \"json\" is not supported in this release; text is used"});
}

TEST(CommandLineTest, FlagsOfKeplerWithoutEffectAreWarnings) {
  EXPECT_EQ(WarningsOf({"--debug.pprof", "--no-exporter.stdout", "--experimental.gpu.idle-power=17.5",
                        "--experimental.hwmon.zones=a", "--experimental.hwmon.zones=b"}),
            (Strings{"--debug.pprof: " + kNoEffect, "--exporter.stdout: " + kNoEffect,
                     "--experimental.hwmon.zones: " + kNoEffect, "--experimental.gpu.idle-power: " + kNoEffect}));
}

TEST(CommandLineTest, PodsAreFoundByTheNodesNameOrTheKubeletsUrl) {
  const std::string missing =
      "kube.enabled: kube.nodeName is missing, the name of this node in Kubernetes (in a pod, take it from "
      "spec.nodeName)";
  EXPECT_EQ(ErrorOf({"--kube.enable"}), missing);
  EXPECT_EQ(ErrorOf({"--kube.enable", "--kube.node-name=n1"}), "");
  EXPECT_EQ(ErrorOf({"--kube.enable", "--kube.kubelet.url=https://n1:10250"}), "");
  EXPECT_EQ(ErrorOf({"--kube.enable", "--kube.kubelet.url=https://n1:10250", "--kube.pod-informer.mode=apiserver"}),
            missing);
}

TEST(CommandLineTest, PodsAreNotAskedForInAnUnknownWayNorWithoutPause) {
  EXPECT_EQ(ErrorOf({"--kube.pod-informer.mode=crystalball"}),
            "--kube.pod-informer.mode: \"crystalball\" is not one of kubelet, apiserver");
  EXPECT_EQ(ErrorOf({"--kube.pod-informer.poll-interval=999ms"}), "kube.podInformer.pollInterval: less than 1s");
  EXPECT_EQ(ErrorOf({"--kube.pod-informer.poll-interval=1s"}), "");
}

TEST(CommandLineTest, HelpListsEveryFlagWithItsDefault) {
  const auto line = Parse({"--help"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->action, CommandLine::Action::kPrintAndExit);
  for (const char* part : {"--config.file FILE", "--monitor.interval DURATION", "(default: 5s)", "--metrics LEVEL",
                           "(default: node,process,container,vm,pod)", "--[no-]exporter.prometheus ",
                           "Monitor:", "--log.level debug|info|warn|error", "--version"}) {
    EXPECT_NE(line->text.find(part), std::string::npos) << part << " in\n" << line->text;
  }
  EXPECT_EQ(line->text.find("--experimental"), std::string::npos);
  EXPECT_EQ(Parse({"-h"})->text, line->text);
}

TEST(CommandLineTest, VersionIsOneLine) {
  const auto line = Parse({"--version"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->action, CommandLine::Action::kPrintAndExit);
  EXPECT_EQ(line->text, "brahe 0.1.0\n");
}

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
  EXPECT_EQ(c.exporter.metrics_level.size(), 5U);
  EXPECT_EQ(c.web.listen_addresses, Strings{":28282"});
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
  EXPECT_EQ(ErrorOf(With("monitor:\n  intervall: 1s\n")),
            At(2) + "monitor.intervall: unknown key; did you mean monitor.interval?");
}

TEST_F(ConfigFileTest, AWebConfigFileIsRefusedBecauseItsTlsWouldNotBeApplied) {
  EXPECT_EQ(ErrorOf(With("web:\n  configFile: /etc/web.yaml\n")),
            At(2) +
                "web.configFile: TLS and authentication are not supported yet; remove it or put a TLS proxy in "
                "front");
  EXPECT_EQ(ErrorOf({"--web.config-file=/etc/web.yaml"}),
            "--web.config-file: TLS and authentication are not supported yet; remove it or put a TLS proxy in front");
  EXPECT_EQ(WarningsOf(With("web: {configFile: \"\"}")), Strings());
}

TEST_F(ConfigFileTest, TheFakeMeterOfKeplersDevelopersIsChosenWithAWarning) {
  const Strings arguments = With("dev:\n  fake-cpu-meter:\n    enabled: true\ncpu: {preferredMeters: [rapl]}\n");
  EXPECT_EQ(ConfigOf(arguments).cpu.preferred_meters, Strings{"fake"});
  EXPECT_EQ(WarningsOf(arguments),
            Strings{At(3) + "dev.fake-cpu-meter.enabled: the fake meter is chosen: all energy is made up"});
  EXPECT_EQ(ConfigOf(With("dev: {fake-cpu-meter: {enabled: false}}")).cpu.preferred_meters,
            (Strings{"rapl", "perf", "model"}));
}

TEST_F(ConfigFileTest, AMissingFileIsNamed) {
  EXPECT_EQ(ErrorOf({"--config.file=/nowhere/c.yaml"}), "open /nowhere/c.yaml: No such file or directory");
}

TEST(KeplerConfigTest, AWholeConfigurationOfKeplersIsTakenWithWarningsOnly) {
  const auto line = Parse({"--config.file=userspace/config/testdata/kepler.yaml"});
  ASSERT_TRUE(line) << line.error().message;
  const Config& c = line->config;
  EXPECT_EQ(c.log.level, "debug");
  EXPECT_EQ(c.log.format, "text");
  EXPECT_EQ(c.host.procfs, "/host/proc");
  EXPECT_EQ(c.monitor.interval, Seconds(3));
  EXPECT_EQ(c.monitor.staleness, Milliseconds(1500));
  EXPECT_EQ(c.monitor.max_terminated, 250);
  EXPECT_EQ(c.monitor.min_terminated_energy, Joules(20));
  EXPECT_EQ(c.rapl.zones, (Strings{"package", "dram"}));
  EXPECT_EQ(c.cpu.preferred_meters, Strings{"rapl"});
  EXPECT_TRUE(c.exporter.prometheus);
  EXPECT_EQ(c.exporter.metrics_level, (Strings{"node", "container", "pod"}));
  EXPECT_EQ(c.web.listen_addresses, (Strings{":28282", "[::1]:9102"}));
  EXPECT_TRUE(c.kube.enabled);
  EXPECT_EQ(c.kube.config, "/etc/kepler/kubeconfig");
  EXPECT_EQ(c.kube.node_name, "worker-7");
  EXPECT_EQ(c.kube.pod_informer.mode, "kubelet");
  EXPECT_EQ(c.kube.pod_informer.poll_interval, Seconds(20));

  for (const char* key :
       {"log.format", "cpu.meters", "debug.pprof.enabled", "exporter.stdout.enabled",
        "exporter.prometheus.debugCollectors", "dev.fake-cpu-meter.zones", "platform.redfish", "gpu", "experimental"}) {
    const auto naming = [&](const std::string& w) {
      return w.find(": " + std::string(key) + ": ") != std::string::npos;
    };
    EXPECT_EQ(std::count_if(line->warnings.begin(), line->warnings.end(), naming), 1) << key;
  }
  EXPECT_EQ(line->warnings.size(), 9U);
}

}  // namespace
}  // namespace brahe
