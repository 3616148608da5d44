#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "userspace/exposition/json_snapshot.h"
#include "userspace/exposition/renderer.h"
#include "userspace/exposition/test_snapshot.h"

namespace brahe::exposition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

monitor::Snapshot SnapshotWithGpus() {
  monitor::Snapshot snapshot = SmallSnapshot();
  AddGpus(snapshot);
  return snapshot;
}

std::string Render(monitor::Snapshot snapshot, RenderOptions options = TestOptions()) {
  const auto input = std::make_shared<const RenderInput>(std::make_shared<const monitor::Snapshot>(std::move(snapshot)),
                                                         std::move(options));
  return MakeRenderer(input, ExpositionFormat::kText, "")->ReadAll();
}

// The lines of the text that begin so.
std::vector<std::string> Lines(const std::string& text, const std::string& start) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    std::string line = text.substr(begin, end - begin);
    if (line.starts_with(start)) lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

TEST(GpuFamilies, HaveKeplersNamesTypesAndHelpTexts) {
  const std::string text = Render(SnapshotWithGpus());
  EXPECT_THAT(text, HasSubstr("# HELP kepler_node_gpu_watts Total GPU power consumption in watts\n"
                              "# TYPE kepler_node_gpu_watts gauge\n"));
  EXPECT_THAT(text, HasSubstr("# HELP kepler_container_gpu_joules_total Energy consumption of gpu at container level "
                              "in joules\n# TYPE kepler_container_gpu_joules_total counter\n"));
}

TEST(GpuFamilies, TellOfEachCardAndLeaveOutWhatIsNotKnown) {
  const std::string text = Render(SnapshotWithGpus());
  const std::string first =
      R"({gpu="0",gpu_name="NVIDIA A100",gpu_uuid="GPU-1234",node_name="node-1",vendor="nvidia"})";
  const std::string second = R"({gpu="1",gpu_name="Tesla P4",gpu_uuid="GPU-5678",node_name="node-1",vendor="nvidia"})";
  EXPECT_THAT(Lines(text, "kepler_node_gpu_info{"),
              ElementsAre("kepler_node_gpu_info" + first + " 1", "kepler_node_gpu_info" + second + " 1"));
  EXPECT_THAT(Lines(text, "kepler_node_gpu_joules_total"),
              ElementsAre("kepler_node_gpu_joules_total" + first + " 55.000000",
                          "kepler_node_gpu_joules_total" + second + " 3.000000"));
  EXPECT_THAT(Lines(text, "kepler_node_gpu_idle_watts"),
              ElementsAre("kepler_node_gpu_idle_watts" + first + " 1.500000"));
  EXPECT_THAT(Lines(text, "brahe_gpu_source_info"),
              ElementsAre(R"(brahe_gpu_source_info{gpu="0",gpu_uuid="GPU-1234",node_name="node-1",source="counter"} 1)",
                          R"(brahe_gpu_source_info{gpu="1",gpu_uuid="GPU-5678",node_name="node-1",source="power"} 1)"));
}

TEST(GpuFamilies, TellOfWhoUsesThemWithTheLabelsOfTheirCpuFamilies) {
  const std::string text = Render(SnapshotWithGpus());
  EXPECT_THAT(Lines(text, "kepler_container_gpu_watts"),
              ElementsAre(R"(kepler_container_gpu_watts{container_id="0123456789abcdef",container_name="web",)"
                          R"(node_name="node-1",pod_id="pod-1",runtime="containerd",state="running"} 3.900000)"));
  EXPECT_EQ(Lines(text, "kepler_process_gpu_joules_total").size(), 2U);
  EXPECT_THAT(Lines(text, "brahe_pod_gpu"),
              ElementsAre(R"(brahe_pod_gpu_unlisted_joules_total{node_name="node-1"} 1.800000)",
                          R"(brahe_pod_gpu_pending_joules{node_name="node-1"} 0.200000)"));
}

TEST(GpuFamilies, AreThereOnlyWhereTheirLevelIsChosen) {
  RenderOptions options = TestOptions();
  options.levels = {"pod"};
  const std::string text = Render(SnapshotWithGpus(), options);
  EXPECT_THAT(text, HasSubstr("kepler_pod_gpu_watts{"));
  EXPECT_THAT(text, HasSubstr("kepler_node_gpu_info{"));
  EXPECT_THAT(text, Not(HasSubstr("kepler_container_gpu")));
  EXPECT_THAT(text, Not(HasSubstr("kepler_node_gpu_watts")));
}

TEST(GpuFamilies, WithoutACardThereIsNotOneLine) { EXPECT_THAT(Render(SmallSnapshot()), Not(HasSubstr("gpu"))); }

TEST(GpuFamilies, AreInTheJsonDocumentToo) {
  JsonRenderer renderer(std::make_shared<const monitor::Snapshot>(SnapshotWithGpus()), "node-1", {});
  const auto json = nlohmann::json::parse(renderer.ReadAll());
  ASSERT_EQ(json["gpus"].size(), 2U);
  EXPECT_EQ(json["gpus"][0]["uuid"], "GPU-1234");
  EXPECT_EQ(json["gpus"][0]["active"]["energy_uj"], 40'000'000);
  EXPECT_EQ(json["gpus"][1]["all"]["power_uw"], nullptr);
  EXPECT_EQ(json["gpu_processes"][1]["pid"], 4711);
  EXPECT_EQ(json["gpu_processes"][1]["energy_uj"], 39'000'000);
  EXPECT_EQ(json["gpu_pods"][0]["pod_id"], "pod-1");
}

}  // namespace
}  // namespace brahe::exposition
