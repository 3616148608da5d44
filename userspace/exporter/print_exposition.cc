// Prints an exposition of a small snapshot and of all instruments, for tests in other languages: print_exposition
// text|openmetrics.
#include <iostream>
#include <string_view>

#include "userspace/exposition/test_snapshot.h"
#include "userspace/exposition/text_renderer.h"
#include "userspace/instruments/registry.h"

namespace brahe::exporter {
namespace {

int Main(std::string_view name) {
  const exposition::ExpositionFormat format =
      name == "openmetrics" ? exposition::ExpositionFormat::kOpenMetrics : exposition::ExpositionFormat::kText;
  instruments::Instruments instruments(
      "node-1",
      [] {
        return instruments::PodDirectoryFigures{
            .fetches = 3, .failures = {{"timeout", 1}}, .pods = 2, .age = Seconds(4)};
      },
      [] {
        return instruments::PushFigures{.exports = {{"taken", 5}}};
      });
  instruments.ObserveEpochs(
      {{Milliseconds(3), Milliseconds(1), {Milliseconds(1), Milliseconds(2)}}, {Seconds(100), std::nullopt}});
  instruments.CountScrape();
  instruments.ObserveScrape(Milliseconds(40));
  instruments.ObserveSizes({{"node", {20, 2000}}}, true);
  instruments.SetLimited({"node", "process"}, {"process"});
  exposition::TextRenderer renderer(
      std::make_shared<const exposition::RenderInput>(
          std::make_shared<const monitor::Snapshot>(exposition::SmallSnapshot()), exposition::TestOptions()),
      format, instruments.Text(format));
  std::cout << renderer.ReadAll();
  return 0;
}

}  // namespace
}  // namespace brahe::exporter

int main(int argc, char** argv) { return argc == 2 ? brahe::exporter::Main(argv[1]) : 2; }
