// Prints an exposition of a snapshot and of all instruments, for tests in other languages: print_exposition
// text|openmetrics|created|protobuf small|large. "created" is OpenMetrics with the lines that tell when counters were
// 0.
#include <iostream>
#include <string_view>

#include "userspace/exposition/renderer.h"
#include "userspace/exposition/test_snapshot.h"
#include "userspace/instruments/registry.h"

namespace brahe::exporter {
namespace {

exposition::ExpositionFormat FormatOf(std::string_view name) {
  if (name == "protobuf") return exposition::ExpositionFormat::kProtobuf;
  return name == "text" ? exposition::ExpositionFormat::kText : exposition::ExpositionFormat::kOpenMetrics;
}

int Main(std::string_view name, std::string_view size) {
  const exposition::ExpositionFormat format = FormatOf(name);
  exposition::RenderOptions options = exposition::TestOptions();
  options.created_lines = name == "created";
  instruments::Instruments instruments(
      "node-1",
      [] {
        return instruments::PodDirectoryFigures{
            .fetches = 3, .failures = {{"timeout", 1}}, .pods = 2, .age = Seconds(4)};
      },
      [] {
        return instruments::PushFigures{.exports = {{"taken", 5}}};
      },
      [] {
        return instruments::PlatformFigures{.source = "redfish",
                                            .node_name = "node-1",
                                            .bmc_id = "bmc-1",
                                            .powers = {{"1", "0", "System", "PowerControl", Microwatts{245'500'000}}},
                                            .reads = 9,
                                            .failures = {{"timeout", 1}},
                                            .age = Seconds(2)};
      });
  instruments.ObserveEpochs(
      {{Milliseconds(3), Milliseconds(1), {Milliseconds(1), Milliseconds(2)}}, {Seconds(100), std::nullopt}});
  instruments.CountScrape();
  instruments.ObserveScrape(Milliseconds(40));
  instruments.ObserveSizes({{"node", {20, 2000}}}, true);
  instruments.SetLimited({"node", "process"}, {"process"});
  auto snapshot = std::make_shared<monitor::Snapshot>(size == "large" ? exposition::LargeSnapshot(2000)
                                                                      : exposition::SmallSnapshot());
  if (size != "large") exposition::AddGpus(*snapshot);
  auto input = std::make_shared<const exposition::RenderInput>(snapshot, options, exposition::SpellingOf(format));
  std::cout << exposition::MakeRenderer(input, format, instruments.Text(format, options.created_lines))->ReadAll();
  return 0;
}

}  // namespace
}  // namespace brahe::exporter

int main(int argc, char** argv) { return argc >= 2 ? brahe::exporter::Main(argv[1], argc > 2 ? argv[2] : "small") : 2; }
