#include "userspace/config/parsed_line.h"

namespace brahe::config {
namespace {

TEST(CommandLineTest, NothingGivenMeansTheDefaults) {
  const auto line = Parse({});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->action, CommandLine::Action::kRun);
  EXPECT_TRUE(line->remarks.unknown_keys.empty() && line->remarks.without_effect.empty());
  EXPECT_EQ(line->config.monitor.interval, Seconds(5));
  EXPECT_EQ(line->config.cpu.preferred_meters, (Strings{"rapl", "perf", "hwmon", "model"}));
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
                             "--log.format=json",
                             "--no-exporter.prometheus",
                             "--exporter.prometheus.top-processes=100",
                             "--exporter.prometheus.top-groups=50",
                             "--exporter.prometheus.max-series=20000",
                             "--no-exporter.prometheus.cpu-info",
                             "--exporter.prometheus.unlisted-as-process",
                             "--no-exporter.prometheus.zero-samples",
                             "--exporter.stdout",
                             "--web.config-file=/etc/web.yaml",
                             "--web.probes-without-auth",
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
  EXPECT_EQ(c.log.format, "json");
  EXPECT_EQ(c.exporter.top_processes, 100U);
  EXPECT_EQ(c.exporter.top_groups, 50U);
  EXPECT_EQ(c.exporter.max_series, 20000U);
  EXPECT_FALSE(c.exporter.cpu_info);
  EXPECT_TRUE(c.exporter.unlisted_as_process);
  EXPECT_FALSE(c.exporter.zero_samples);
  EXPECT_TRUE(c.exporter.standard_output);
  EXPECT_EQ(c.web.config_file, "/etc/web.yaml");
  EXPECT_TRUE(c.web.probes_without_auth);
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
  EXPECT_EQ(ConfigOf({"--metrics=all"}).exporter.metrics_level, Config().exporter.metrics_level);
  EXPECT_EQ(ConfigOf({"--metrics=node", "--metrics=pod,vm", "--metrics=node"}).exporter.metrics_level,
            (Strings{"node", "pod", "vm"}));
  EXPECT_EQ(ConfigOf({"--web.listen-address=:1", "--web.listen-address", "[::1]:2"}).web.listen_addresses,
            (Strings{":1", "[::1]:2"}));
}

TEST(CommandLineTest, OfAValueThatIsRepeatedTheLastOneCounts) {
  EXPECT_EQ(ConfigOf({"--monitor.interval=1s", "--monitor.interval=2s"}).monitor.interval, Seconds(2));
  EXPECT_TRUE(ConfigOf({"--no-exporter.prometheus", "--exporter.prometheus"}).exporter.prometheus);
  EXPECT_FALSE(
      ConfigOf({"--exporter.stdout", "--exporter.prometheus", "--no-exporter.prometheus"}).exporter.prometheus);
}

TEST(CommandLineTest, SwitchesTakeNoOrAValue) {
  EXPECT_TRUE(ConfigOf({"--exporter.prometheus"}).exporter.prometheus);
  EXPECT_TRUE(ConfigOf({"--exporter.prometheus=true"}).exporter.prometheus);
  EXPECT_FALSE(ConfigOf({"--exporter.stdout", "--exporter.prometheus=false"}).exporter.prometheus);
  EXPECT_FALSE(ConfigOf({"--exporter.stdout", "--no-exporter.prometheus"}).exporter.prometheus);
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
  EXPECT_EQ(ErrorOf({"--metrics=node,"}),
            "--metrics: \"\" is not one of all, node, process, container, vm, pod, namespace, "
            "owner, program, unit, user, job");
  EXPECT_EQ(ErrorOf({"--host.sysfs="}), "--host.sysfs: a path is expected");
  EXPECT_EQ(ErrorOf({"--cpu.max-processes=4294967296"}),
            "--cpu.max-processes: \"4294967296\" is not a whole number from 0 to 4294967295");
  EXPECT_EQ(ErrorOf({"--web.listen-address=28282"}),
            "--web.listen-address: \"28282\" is not an address to listen on (such as :28282, localhost:28282 or "
            "[::1]:28282)");
  EXPECT_EQ(
      ErrorOf({"--web.local-socket.allow=root,ada"}),
      "--web.local-socket.allow: \"ada\" is nobody who could be let in (root, everyone, user:NAME or group:NAME)");
  EXPECT_EQ(ErrorOf({"--config.file="}), "--config.file: the path of a file is expected");
}

TEST(CommandLineTest, TheModelsMaximumIsNotBelowItsIdlePower) {
  EXPECT_EQ(ErrorOf({"--model.idle-watts-per-cpu=3.5", "--model.max-watts-per-cpu=2"}),
            "model.maxWattsPerCpu: 2 is less than model.idleWattsPerCpu, 3.5");
  EXPECT_EQ(ErrorOf({"--model.idle-watts-per-cpu=3", "--model.max-watts-per-cpu=3"}), "");
  EXPECT_EQ(ErrorOf({"--model.idle-watts-per-cpu=3"}), "");
}

TEST(CommandLineTest, MetersOfKeplersAreTakenForTheChoiceToSayWhatBecomesOfThem) {
  EXPECT_EQ(ConfigOf({"--cpu.preferred-meters=msr,rapl,hwmon,fake"}).cpu.preferred_meters,
            (Strings{"msr", "rapl", "hwmon", "fake"}));
  EXPECT_EQ(ErrorOf({"--cpu.preferred-meters=ipmi"}),
            "--cpu.preferred-meters: \"ipmi\" is not one of guest, rapl, perf, hwmon, model, fake, msr");
}

TEST(CommandLineTest, NoDurationIsNegative) {
  for (const char* flag : {"--monitor.interval", "--monitor.staleness", "--monitor.terminated-retention",
                           "--kube.pod-informer.poll-interval"}) {
    EXPECT_EQ(ErrorOf({flag + std::string("=-1s")}),
              flag + std::string(": \"-1s\" is negative; a duration must not be"));
    EXPECT_EQ(ErrorOf({flag, "-1s"}), flag + std::string(": \"-1s\" is negative; a duration must not be"));
  }
}

TEST(CommandLineTest, EachFlagTakesItsValueEitherWay) {
  EXPECT_EQ(ConfigOf({"--log.level", "debug", "--metrics", "node", "--metrics", "vm"}).exporter.metrics_level,
            (Strings{"node", "vm"}));
  EXPECT_EQ(ErrorOf({"--log.level"}), "--log.level: a value is expected");
  EXPECT_EQ(ErrorOf({"--log.level", "--exporter.stdout"}), "--log.level: a value is expected before --exporter.stdout");
  EXPECT_EQ(ErrorOf({"--exporter.prometheus.top-processes=4294967296"}),
            "--exporter.prometheus.top-processes: \"4294967296\" is not a whole number from 0 to 4294967295");
}

TEST(CommandLineTest, OneOfTheExportersIsOn) {
  const std::string both =
      "exporter.prometheus.enabled and exporter.stdout.enabled: both are off, and exporter.otlp.endpoint is empty; "
      "turn one of them on";
  EXPECT_EQ(ErrorOf({"--no-exporter.prometheus"}), both);
  EXPECT_EQ(ErrorOf({"--no-exporter.prometheus", "--no-exporter.stdout"}), both);
  EXPECT_EQ(ErrorOf({"--no-exporter.prometheus", "--exporter.stdout"}), "");
  EXPECT_EQ(ErrorOf({"--no-exporter.prometheus", "--exporter.otlp.endpoint=http://localhost:4318"}), "");
}

TEST(CommandLineTest, WhatIsPushedHasAUrlAndAPaceThatCanBeKept) {
  EXPECT_EQ(ErrorOf({"--exporter.otlp.endpoint=collector:4318"}),
            "exporter.otlp.endpoint: a URL that begins with http:// or https:// is expected");
  EXPECT_EQ(ErrorOf({"--exporter.otlp.interval=999ms"}), "exporter.otlp.interval: less than 1s");
  EXPECT_EQ(ErrorOf({"--exporter.otlp.timeout=0s"}), "exporter.otlp.timeout: less than 100ms");
}

TEST(CommandLineTest, WhatKeplerAloneHasIsSaidIfItIsOn) {
  const char* const endpoint = "--experimental.gpu.dcgm-endpoint=http://localhost:9400";
  EXPECT_EQ(RemarksOf({"--debug.pprof", endpoint}).without_effect, Strings{"debug.pprof.enabled (--debug.pprof)"});
  EXPECT_EQ(RemarksOf({"--no-debug.pprof", endpoint}).without_effect, Strings());
  EXPECT_EQ(ErrorOf({"--debug.pprof=perhaps"}), "--debug.pprof: \"perhaps\" is neither true nor false");
}

TEST(CommandLineTest, WhatIsNotKeplersIsUnknown) {
  EXPECT_EQ(ErrorOf({"--experimental.hwmon.enabled"}),
            "--experimental.hwmon.enabled: unknown flag; did you mean --experimental.gpu.enabled?");
  EXPECT_TRUE(ErrorOf({"--platform.redfish.enabled"}).starts_with("--platform.redfish.enabled: unknown flag; "));
  EXPECT_TRUE(ErrorOf({"--gpu.enabled"}).starts_with("--gpu.enabled: unknown flag; "));
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
  for (const char* part : {"--config.file FILE", "--[no-]config.strict", "--monitor.interval DURATION", "(default: 5s)",
                           "--metrics LEVEL", "(default: all)", "--[no-]exporter.prometheus ",
                           "Monitor:", "--log.level debug|info|warn|error", "--version"}) {
    EXPECT_NE(line->text.find(part), std::string::npos) << part << " in\n" << line->text;
  }
  EXPECT_EQ(line->text.find("--experimental.gpu.dcgm"), std::string::npos);
  EXPECT_EQ(Parse({"-h"})->text, line->text);
}

TEST(CommandLineTest, VersionIsOneLine) {
  const auto line = Parse({"--version"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->action, CommandLine::Action::kPrintAndExit);
  EXPECT_EQ(line->text, "brahe 0.1.0\n");
}

}  // namespace
}  // namespace brahe::config
