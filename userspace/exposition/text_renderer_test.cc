#include "userspace/exposition/text_renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "userspace/base/file.h"
#include "userspace/exposition/selector.h"
#include "userspace/exposition/test_snapshot.h"

namespace brahe::exposition {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::shared_ptr<const RenderInput> InputOf(const monitor::Snapshot& snapshot,
                                           const RenderOptions& options = TestOptions()) {
  return std::make_shared<const RenderInput>(std::make_shared<const monitor::Snapshot>(snapshot), options);
}

std::string Render(const monitor::Snapshot& snapshot, const RenderOptions& options = TestOptions(),
                   const std::string& registry_text = "") {
  return TextRenderer(InputOf(snapshot, options), ExpositionFormat::kText, registry_text).ReadAll();
}

std::string RenderSelected(const monitor::Snapshot& snapshot, const RenderOptions& options) {
  return Render(*Selector().Of(std::make_shared<const monitor::Snapshot>(snapshot), options, 0).snapshot, options);
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The samples of one family, without its name.
std::vector<std::string> SamplesOf(const std::string& family, const std::string& text) {
  std::vector<std::string> samples;
  for (const std::string& line : Lines(text)) {
    if (line.starts_with(family + "{")) samples.push_back(line.substr(family.size()));
  }
  return samples;
}

monitor::Snapshot OneZone() {
  monitor::Snapshot snapshot;
  snapshot.zones = {{.name = "package", .path = "p", .figures = {}}};
  return snapshot;
}

monitor::ProcessLabels Process(uint32_t pid, const std::string& comm) { return {pid, comm, "", "regular", "", ""}; }

RenderOptions OnlyLevel(const std::string& level) {
  RenderOptions options = TestOptions();
  options.levels = {level};
  return options;
}

TEST(TextRenderer, RendersEveryFeatureAsInTheGoldenFile) {
  const auto golden = ReadFile("userspace/exposition/testdata/small.prom");
  ASSERT_TRUE(golden) << golden.error().message;
  EXPECT_EQ(Render(SmallSnapshot(), TestOptions(), "# TYPE other counter\nother 1\n"), *golden);
}

TEST(TextRenderer, GivesTheSameBytesThroughABufferOfAnySize) {
  const auto input = InputOf(SmallSnapshot());
  const std::string whole = TextRenderer(input, ExpositionFormat::kText, "tail 1\n").ReadAll();
  for (const size_t capacity : {1, 2, 3, 7, 64, 1000, 1 << 20}) {
    TextRenderer renderer(input, ExpositionFormat::kText, "tail 1\n");
    std::string text;
    std::vector<char> buffer(capacity);
    while (const size_t size = renderer.Next(buffer.data(), capacity)) text.append(buffer.data(), size);
    EXPECT_EQ(text, whole) << capacity;
    EXPECT_EQ(renderer.Next(buffer.data(), capacity), 0U);
  }
}

TEST(TextRenderer, KeepsFamiliesTogetherUnderOneHeaderEach) {
  std::set<std::string> seen;
  std::string family;
  const std::vector<std::string> lines = Lines(Render(SmallSnapshot()));
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("# HELP ")) {
      family = lines[i].substr(7, lines[i].find(' ', 7) - 7);
      EXPECT_TRUE(seen.insert(family).second) << family;
      ASSERT_LT(i + 2, lines.size());
      EXPECT_THAT(lines[i + 1], ::testing::StartsWith("# TYPE " + family + " "));
      EXPECT_THAT(lines[i + 2], ::testing::StartsWith(family + "{")) << "a header stands right before a sample";
    } else if (!lines[i].starts_with("#")) {
      EXPECT_THAT(lines[i], ::testing::StartsWith(family + "{"));
    }
  }
}

TEST(TextRenderer, LeavesOutFamiliesWithoutSamples) {
  monitor::Snapshot snapshot = OneZone();
  AddProcess(snapshot, Process(1, "init"), monitor::WorkloadState::kRunning, {1});
  SetFigure(snapshot.processes, 0, 0, {{1}, std::nullopt});
  const std::string text = Render(snapshot);
  EXPECT_THAT(text, HasSubstr("kepler_process_cpu_joules_total{"));
  EXPECT_THAT(text, Not(HasSubstr("kepler_process_cpu_watts")));
  EXPECT_THAT(text, Not(HasSubstr("kepler_node_cpu_watts"))) << "unknown, and not 0";
  EXPECT_THAT(text, Not(HasSubstr("kepler_container")));
  EXPECT_THAT(text, Not(HasSubstr("kepler_node_cpu_info")));
}

TEST(TextRenderer, RendersTheLargestProcessesAndTheSumOfTheOthers) {
  monitor::Snapshot snapshot = OneZone();
  AddProcess(snapshot, Process(5, "cc1"), monitor::WorkloadState::kTerminated, {300});
  AddProcess(snapshot, Process(6, "small"), monitor::WorkloadState::kRunning, {7});
  AddProcess(snapshot, Process(7, "large"), monitor::WorkloadState::kRunning, {400});
  snapshot.processes.SetRest({{.unlisted = {.energy = {1000}, .power = {}}, .pending = {}}});
  RenderOptions options = TestOptions();
  options.top_processes = 2;
  const std::string text = RenderSelected(snapshot, options);
  EXPECT_THAT(SamplesOf("kepler_process_cpu_joules_total", text),
              ElementsAre(HasSubstr("comm=\"cc1\""), HasSubstr("comm=\"large\"")));
  EXPECT_THAT(SamplesOf("kepler_process_cpu_watts", text), ::testing::SizeIs(2));
  EXPECT_THAT(SamplesOf("kepler_process_cpu_seconds_total", text), ::testing::SizeIs(2));
  EXPECT_THAT(SamplesOf("kepler_process_cpu_joules_total", text)[0], ::testing::EndsWith(" 0.000300"));
  EXPECT_THAT(SamplesOf("brahe_process_unlisted_joules_total", text), ElementsAre(::testing::EndsWith(" 0.001007")));
}

TEST(TextRenderer, RendersOnlyTheChosenLevels) {
  const std::string node = Render(SmallSnapshot(), OnlyLevel("node"));
  EXPECT_THAT(node, HasSubstr("kepler_node_cpu_joules_total"));
  EXPECT_THAT(node, HasSubstr("brahe_socket_cpu_joules_total"));
  EXPECT_THAT(node, Not(HasSubstr("_process_")));
  EXPECT_THAT(node, Not(HasSubstr("kepler_container")));
  const std::string process = Render(SmallSnapshot(), OnlyLevel("process"));
  EXPECT_THAT(process, HasSubstr("kepler_process_cpu_joules_total"));
  EXPECT_THAT(process, HasSubstr("brahe_process_unlisted_joules_total"));
  EXPECT_THAT(process, Not(HasSubstr("_cpu_active_joules_total")));
  const std::string container = Render(SmallSnapshot(), OnlyLevel("container"));
  EXPECT_THAT(container, HasSubstr("kepler_container_cpu_seconds_total"));
  EXPECT_THAT(container, Not(HasSubstr("_process_")));
}

TEST(TextRenderer, RendersOfTheChosenLevelsThoseThatAreAskedFor) {
  RenderOptions options = TestOptions();
  std::erase(options.levels, "vm");
  TextRenderer renderer(InputOf(SmallSnapshot(), options), ExpositionFormat::kText, "own 1\n", {"pod", "vm"});
  const std::string text = renderer.ReadAll();
  EXPECT_THAT(text, HasSubstr("kepler_pod_cpu_joules_total{"));
  EXPECT_THAT(text, HasSubstr("brahe_pod_unlisted_joules_total{"));
  EXPECT_THAT(text, HasSubstr("kepler_build_info{"));
  EXPECT_THAT(text, Not(HasSubstr("kepler_node_cpu_joules")));
  EXPECT_THAT(text, Not(HasSubstr("kepler_vm"))) << "it is not chosen";
  const LevelSizes& sizes = renderer.sizes();
  EXPECT_EQ(sizes.size(), 2U);
  EXPECT_EQ(sizes.at("pod").series, SamplesOf("kepler_pod_cpu_joules_total", text).size() +
                                        SamplesOf("kepler_pod_cpu_watts", text).size() +
                                        SamplesOf("brahe_pod_unlisted_joules_total", text).size() +
                                        SamplesOf("brahe_pod_unlisted_watts", text).size() +
                                        SamplesOf("brahe_pod_pending_joules", text).size());
  EXPECT_EQ(sizes.at("pod").bytes + sizes.at(kNoLevel).bytes, text.size());
}

TEST(TextRenderer, RendersCpusOnlyIfTheyAreWanted) {
  RenderOptions options = TestOptions();
  options.cpu_info = false;
  EXPECT_THAT(Render(SmallSnapshot()), HasSubstr("kepler_node_cpu_info"));
  EXPECT_THAT(Render(SmallSnapshot(), options), Not(HasSubstr("kepler_node_cpu_info")));
}

uint64_t MillionthsOf(const std::string& sample) {
  std::string digits = sample.substr(sample.rfind(' ') + 1);
  std::erase(digits, '.');
  return std::stoull(digits);
}

// As Kepler's end-to-end test does it.
uint64_t SumOfRunning(const std::string& family, const std::string& text) {
  uint64_t sum = 0;
  for (const std::string& sample : SamplesOf(family, text)) {
    if (sample.find("state=\"running\"") != std::string::npos) sum += MillionthsOf(sample);
  }
  return sum;
}

TEST(TextRenderer, RunningProcessesAddUpToTheNodeIfWhatTheyDoNotHaveIsOneOfThem) {
  monitor::Snapshot snapshot = OneZone();
  AddProcess(snapshot, Process(1, "a"), monitor::WorkloadState::kRunning, {4000});
  AddProcess(snapshot, Process(2, "b"), monitor::WorkloadState::kRunning, {3000});
  AddProcess(snapshot, Process(3, "c"), monitor::WorkloadState::kTerminated, {2000});
  snapshot.processes.SetRest({{.unlisted = {.energy = {70}, .power = Microwatts{11}}, .pending = {5}}});
  RenderOptions options = TestOptions();
  options.top_processes = 2;
  const std::string without = RenderSelected(snapshot, options);
  EXPECT_EQ(SumOfRunning("kepler_process_cpu_joules_total", without), 7000U);
  options.unlisted_as_process = true;
  for (const uint64_t top : {0, 1, 2}) {
    options.top_processes = top;
    const std::string text = RenderSelected(snapshot, options);
    EXPECT_EQ(SumOfRunning("kepler_process_cpu_joules_total", text), 9075U) << top;
    EXPECT_EQ(SumOfRunning("kepler_process_cpu_watts", text), 911U) << top;
    EXPECT_THAT(text,
                HasSubstr("kepler_process_cpu_joules_total{comm=\"unlisted\",container_id=\"\",exe=\"\",node_name="
                          "\"node-1\",pid=\"0\",state=\"running\",type=\"regular\",vm_id=\"\",zone=\"package\"} "));
    EXPECT_THAT(SamplesOf("kepler_process_cpu_seconds_total", text), Not(::testing::Contains(HasSubstr("unlisted"))));
  }
}

TEST(TextRenderer, RendersVirtualMachinesAndPodsWithTheirLabels) {
  const std::string vm = Render(SmallSnapshot(), OnlyLevel("vm"));
  const std::string vm_labels =
      R"({hypervisor="kvm",node_name="node-1",state="terminated",vm_id="vm-1",vm_name="guest \"1\"",zone=)";
  EXPECT_THAT(SamplesOf("kepler_vm_cpu_joules_total", vm),
              ElementsAre(vm_labels + "\"package\"} 0.000002", vm_labels + "\"dram\"} 0.000002"));
  EXPECT_THAT(SamplesOf("kepler_vm_cpu_watts", vm), ::testing::SizeIs(2));
  EXPECT_THAT(vm, Not(HasSubstr("kepler_pod")));
  EXPECT_THAT(vm, Not(HasSubstr("kepler_process")));

  const std::string pod = Render(SmallSnapshot(), OnlyLevel("pod"));
  EXPECT_EQ(SamplesOf("kepler_pod_cpu_joules_total", pod)[0],
            R"({node_name="node-1",pod_id="pod-1",pod_name="web-7f",pod_namespace="shop",state="running",)"
            R"(zone="package"} 20.000000)");
  EXPECT_EQ(SamplesOf("kepler_pod_cpu_watts", pod).back(),
            R"({node_name="node-1",pod_id="pod-2",pod_name="",pod_namespace="",state="terminated",)"
            R"(zone="dram"} 0.100000)");
  EXPECT_THAT(pod, Not(HasSubstr("kepler_vm")));
  EXPECT_THAT(pod, Not(HasSubstr("kepler_container")));
}

TEST(TextRenderer, RendersGroupsOfAnyLevelThatIsChosenWithWhatIsInNone) {
  monitor::Snapshot snapshot = OneZone();
  monitor::GroupList list = {.level = "flavour", .label_names = {"colour", "taste"}, .groups = {}};
  AddWorkload(list.groups, monitor::GroupLabels{{"red", "sw\"eet"}}, monitor::WorkloadState::kRunning, {1'000'000},
              {{{5}, Microwatts{2}}});
  list.groups.SetRest({{{{1}, std::nullopt}, {}}});
  snapshot.groups = {list};
  const std::string text = Render(snapshot, OnlyLevel("flavour"));
  EXPECT_THAT(SamplesOf("brahe_flavour_cpu_joules_total", text),
              ElementsAre(R"({colour="red",node_name="node-1",taste="sw\"eet",zone="package"} 0.000005)"));
  EXPECT_THAT(SamplesOf("brahe_flavour_cpu_watts", text), ElementsAre(::testing::EndsWith(" 0.000002")));
  EXPECT_THAT(SamplesOf("brahe_flavour_cpu_seconds_total", text),
              ElementsAre(R"({colour="red",node_name="node-1",taste="sw\"eet"} 0.001000000)"));
  EXPECT_THAT(SamplesOf("brahe_flavour_unlisted_joules_total", text),
              ElementsAre(R"({node_name="node-1",zone="package"} 0.000001)"));
  EXPECT_THAT(text, Not(HasSubstr("brahe_flavour_unlisted_watts"))) << "unknown, and not 0";
  EXPECT_THAT(text, Not(HasSubstr("brahe_flavour_pending_joules")));
  EXPECT_THAT(Render(snapshot, OnlyLevel("node")), Not(HasSubstr("flavour")));
}

TEST(TextRenderer, RendersPendingEnergyWhereThereCanBeAny) {
  monitor::Snapshot snapshot = OneZone();
  snapshot.containers.SetRest({{}});
  snapshot.vms.SetRest({{}});
  EXPECT_THAT(SamplesOf("brahe_container_pending_joules", Render(snapshot)), ::testing::SizeIs(1));
  EXPECT_THAT(SamplesOf("brahe_vm_pending_joules", Render(snapshot)), IsEmpty());
  snapshot.vms.SetRest({{{}, {3}}});
  EXPECT_THAT(SamplesOf("brahe_vm_pending_joules", Render(snapshot)), ElementsAre(::testing::EndsWith(" 0.000003")));
}

TEST(TextRenderer, SumsGroupsThatArePrintedAlike) {
  monitor::Snapshot snapshot = OneZone();
  monitor::GroupList list = {.level = "program", .label_names = {"program"}, .groups = {}};
  for (const char* program : {"a\xFE", "b", "a\xFF"}) {
    AddWorkload(list.groups, monitor::GroupLabels{{program}}, monitor::WorkloadState::kRunning, {}, {{{4}, {}}});
  }
  snapshot.groups = {list};
  EXPECT_THAT(SamplesOf("brahe_program_cpu_joules_total", Render(snapshot)),
              ElementsAre(::testing::EndsWith(" 0.000008"), ::testing::EndsWith(" 0.000004")));
}

TEST(TextRenderer, ListedAndUnlistedWattsOfProcessesAreThePowerOfAllWhateverIsListed) {
  monitor::Snapshot snapshot = OneZone();
  for (uint32_t pid = 1; pid <= 4; ++pid) {
    AddProcess(snapshot, Process(pid, "p"), monitor::WorkloadState::kRunning, {pid * 1000});
  }
  snapshot.processes.SetRest({{.unlisted = {.energy = {}, .power = Microwatts{11}}, .pending = {}}});
  RenderOptions options = TestOptions();
  options.top_processes = 1;
  const std::string text = RenderSelected(snapshot, options);
  EXPECT_THAT(SamplesOf("kepler_process_cpu_watts", text), ElementsAre(::testing::EndsWith(" 0.000400")));
  EXPECT_THAT(SamplesOf("brahe_process_unlisted_watts", text), ElementsAre(::testing::EndsWith(" 0.000611")));
}

TEST(TextRenderer, SumsVirtualMachinesWhoseNamesArePrintedAlike) {
  monitor::Snapshot snapshot = OneZone();
  AddVm(snapshot, {"a\xFE", "", "kvm"}, monitor::WorkloadState::kRunning, {1});
  AddVm(snapshot, {"b", "", "kvm"}, monitor::WorkloadState::kRunning, {10});
  AddVm(snapshot, {"a\xFE", "", "kvm"}, monitor::WorkloadState::kTerminated, {100});
  AddVm(snapshot, {"a\xFF", "", "kvm"}, monitor::WorkloadState::kRunning, {2});
  const std::vector<std::string> joules = SamplesOf("kepler_vm_cpu_joules_total", Render(snapshot));
  ASSERT_EQ(joules.size(), 3U);
  EXPECT_THAT(joules[0], ::testing::EndsWith(" 0.000003"));
  EXPECT_THAT(joules[1], ::testing::EndsWith(" 0.000010"));
  EXPECT_THAT(joules[2], ::testing::EndsWith(" 0.000100"));
}

TEST(TextRenderer, RendersWhatIsOfNoLevelWhateverIsChosen) {
  for (const char* level : {"vm", "pod"}) {
    monitor::Snapshot snapshot = SmallSnapshot();
    snapshot.vms = {};
    snapshot.pods = {};
    const std::string text = Render(snapshot, OnlyLevel(level));
    for (const char* family : {"kepler_build_info", "kepler_node_cpu_info", "brahe_build_info",
                               "brahe_energy_read_errors_total", "brahe_bpf_switches_total"}) {
      EXPECT_THAT(text, HasSubstr(family)) << level;
    }
    EXPECT_THAT(text, Not(HasSubstr("joules"))) << level;
  }
}

TEST(TextRenderer, RendersBpfFiguresOnlyWithBpf) {
  monitor::Snapshot snapshot = SmallSnapshot();
  snapshot.cpu_time_source = "procfs";
  const std::string text = Render(snapshot);
  for (const char* family : {"brahe_bpf", "brahe_late_cuts", "brahe_lost", "brahe_conservation_error"}) {
    EXPECT_THAT(text, Not(HasSubstr(family)));
  }
}

TEST(TextRenderer, SumsTerminatedProcessesThatHaveTheSameLabels) {
  monitor::Snapshot snapshot = OneZone();
  const monitor::ProcessLabels twin = Process(5, "cc1");
  AddProcess(snapshot, twin, monitor::WorkloadState::kTerminated, {30});
  AddProcess(snapshot, Process(5, "ld"), monitor::WorkloadState::kTerminated, {400});
  AddProcess(snapshot, twin, monitor::WorkloadState::kTerminated, {2000});
  AddProcess(snapshot, twin, monitor::WorkloadState::kTerminated, {10000});
  const std::string text = Render(snapshot);
  const auto labels_of = [](const std::string& comm) {
    return "{comm=\"" + comm + R"(",container_id="",exe="",node_name="node-1",pid="5",state="terminated",)" +
           R"(type="regular",vm_id="",zone="package"} )";
  };
  EXPECT_THAT(SamplesOf("kepler_process_cpu_joules_total", text),
              ElementsAre(labels_of("cc1") + "0.012030", labels_of("ld") + "0.000400"));
  EXPECT_THAT(SamplesOf("kepler_process_cpu_watts", text),
              ElementsAre(labels_of("cc1") + "0.001203", labels_of("ld") + "0.000040"));
  const std::vector<std::string> seconds = SamplesOf("kepler_process_cpu_seconds_total", text);
  ASSERT_EQ(seconds.size(), 2U) << "one for each set of labels";
  EXPECT_THAT(seconds[0], ::testing::EndsWith(" 0.000601500"));
}

TEST(TextRenderer, TakesProcessesForTheSameOnlyIfTheyArePrintedAlike) {
  monitor::Snapshot snapshot = OneZone();
  AddProcess(snapshot, Process(5, "a\xFE"), monitor::WorkloadState::kTerminated, {1});
  AddProcess(snapshot, Process(5, "a\xFF"), monitor::WorkloadState::kTerminated, {2});
  AddProcess(snapshot, {5, "a", "", "regular", "c", ""}, monitor::WorkloadState::kTerminated, {4});
  AddProcess(snapshot, {5, "a", "", "regular", "", "c"}, monitor::WorkloadState::kTerminated, {8});
  const std::vector<std::string> joules = SamplesOf("kepler_process_cpu_joules_total", Render(snapshot));
  ASSERT_EQ(joules.size(), 3U);
  EXPECT_THAT(joules[0], ::testing::EndsWith(" 0.000003"));
  EXPECT_THAT(joules[1], ::testing::EndsWith(" 0.000004"));
  EXPECT_THAT(joules[2], ::testing::EndsWith(" 0.000008"));
}

TEST(TextRenderer, AnUnknownPowerMakesTheSumUnknown) {
  monitor::Snapshot snapshot = OneZone();
  AddProcess(snapshot, Process(5, "sh"), monitor::WorkloadState::kTerminated, {10});
  AddProcess(snapshot, Process(5, "sh"), monitor::WorkloadState::kTerminated, {20});
  SetFigure(snapshot.processes, 1, 0, {{20}, std::nullopt});
  const std::string text = Render(snapshot);
  EXPECT_THAT(SamplesOf("kepler_process_cpu_joules_total", text), ::testing::SizeIs(1));
  EXPECT_THAT(SamplesOf("kepler_process_cpu_watts", text), IsEmpty());
}

TEST(TextRenderer, ARunningProcessIsOneSampleWithItsTerminatedTwinWhereThereIsNoState) {
  for (const bool terminated_first : {true, false}) {
    monitor::Snapshot snapshot = OneZone();
    const monitor::ProcessLabels labels = Process(5, "sh");
    if (terminated_first) AddProcess(snapshot, labels, monitor::WorkloadState::kTerminated, {3});
    AddProcess(snapshot, labels, monitor::WorkloadState::kRunning, {7});
    if (!terminated_first) AddProcess(snapshot, labels, monitor::WorkloadState::kTerminated, {3});
    const std::string text = Render(snapshot);
    EXPECT_THAT(
        SamplesOf("kepler_process_cpu_seconds_total", text),
        ElementsAre(
            R"({comm="sh",container_id="",exe="",node_name="node-1",pid="5",type="regular",vm_id=""} 0.000000500)"));
    EXPECT_EQ(SamplesOf("kepler_process_cpu_joules_total", text).size(), 2U);
  }
}

TEST(TextRenderer, SumsAContainerThatEndedTwice) {
  monitor::Snapshot snapshot = OneZone();
  const monitor::ContainerLabels labels{"c1", "web", "docker", ""};
  AddContainer(snapshot, labels, monitor::WorkloadState::kTerminated, {1});
  AddContainer(snapshot, labels, monitor::WorkloadState::kRunning, {10});
  AddContainer(snapshot, labels, monitor::WorkloadState::kTerminated, {2});
  const std::string text = Render(snapshot);
  const auto labels_of = [](const std::string& state) {
    return R"({container_id="c1",container_name="web",node_name="node-1",pod_id="",runtime="docker",state=")" + state;
  };
  EXPECT_THAT(SamplesOf("kepler_container_cpu_joules_total", text),
              ElementsAre(labels_of("terminated") + "\",zone=\"package\"} 0.000003",
                          labels_of("running") + "\",zone=\"package\"} 0.000010"));
  EXPECT_THAT(SamplesOf("kepler_container_cpu_seconds_total", text),
              ElementsAre(labels_of("terminated") + "\"} 0.000000150", labels_of("running") + "\"} 0.000000500"));
}

TEST(TextRenderer, SumsReadErrorsOfZonesThatDifferOnlyInTheirPath) {
  monitor::Snapshot snapshot = OneZone();
  snapshot.socket_zones = {{"package", "die0", 0, {}, {.source = "rapl", .read_errors = 1, .resets = 10}},
                           {"package", "other", 1, {}, {.source = "rapl", .read_errors = 2, .resets = 20}},
                           {"package", "die1", 0, {}, {.source = "rapl", .read_errors = 4, .resets = 40}}};
  const std::string text = Render(snapshot);
  EXPECT_THAT(SamplesOf("brahe_energy_read_errors_total", text),
              ElementsAre(R"({node_name="node-1",socket="0",zone="package"} 5)",
                          R"({node_name="node-1",socket="1",zone="package"} 2)"));
  EXPECT_THAT(SamplesOf("brahe_energy_resets_total", text),
              ElementsAre(R"({node_name="node-1",socket="0",zone="package"} 50)",
                          R"({node_name="node-1",socket="1",zone="package"} 20)"));
  EXPECT_EQ(SamplesOf("brahe_socket_cpu_joules_total", text).size(), 3U);
}

TEST(TextRenderer, NeverRendersASeriesTwice) {
  monitor::Snapshot snapshot = LargeSnapshot(300);
  for (int round = 0; round < 3; ++round) {
    for (uint32_t pid = 1000; pid < 1100; ++pid) {
      AddProcess(snapshot, *snapshot.processes[pid - 1000].labels, monitor::WorkloadState::kTerminated, {pid});
    }
  }
  std::set<std::string> series;
  for (const std::string& line : Lines(Render(snapshot))) {
    if (line.starts_with("#")) continue;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
}

}  // namespace
}  // namespace brahe::exposition
