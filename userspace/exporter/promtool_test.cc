#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "userspace/base/file.h"
#include "userspace/base/temp_tree.h"
#include "userspace/exposition/test_snapshot.h"
#include "userspace/exposition/text_renderer.h"
#include "userspace/instruments/registry.h"

namespace brahe::exporter {
namespace {

TEST(Promtool, HasNothingToSayAboutTheExposition) {
  if (access("/usr/bin/promtool", X_OK) != 0) GTEST_SKIP() << "promtool is not installed (package prometheus)";
  instruments::Instruments instruments("node-1");
  instruments.ObserveEpochs({{Milliseconds(3), Milliseconds(1)}});
  instruments.CountScrape();
  instruments.ObserveScrape(Milliseconds(40));
  monitor::Snapshot snapshot = exposition::SmallSnapshot();
  exposition::AddGpus(snapshot);
  exposition::TextRenderer renderer(std::make_shared<const exposition::RenderInput>(
                                        std::make_shared<const monitor::Snapshot>(snapshot), exposition::TestOptions()),
                                    exposition::ExpositionFormat::kText, instruments.Text());
  const TempTree tree;
  tree.Write("metrics", renderer.ReadAll());
  const std::string command =
      "/usr/bin/promtool check metrics < " + tree.At("metrics") + " > " + tree.At("complaints") + " 2>&1";
  const int status = system(command.c_str());
  const auto complaints = ReadFile(tree.At("complaints"));
  ASSERT_TRUE(complaints) << complaints.error().message;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(*complaints, "");
}

}  // namespace
}  // namespace brahe::exporter
