#include "userspace/base/log_format.h"

#include <gflags/gflags.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <thread>
#include <vector>

#include "userspace/base/temp_tree.h"

namespace brahe {
namespace {

// What a child writes to stderr that logs in JSON. Its folder for glog's files is `files`.
std::vector<std::string> LinesOf(const TempTree& files, const std::function<void()>& work) {
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(pipe_ends[1], STDERR_FILENO);
    close(pipe_ends[0]);
    FLAGS_log_dir = files.path();
    StartLogging("brahe", /*json=*/true);
    work();
    _exit(0);
  }
  close(pipe_ends[1]);
  std::stringstream text;
  char buffer[4096];
  for (ssize_t size; (size = read(pipe_ends[0], buffer, sizeof buffer)) > 0;) text.write(buffer, size);
  close(pipe_ends[0]);
  waitpid(child, nullptr, 0);
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(LogFormatTest, EachLineIsAnObject) {
  const TempTree files;
  const auto lines = LinesOf(files, [] {
    LOG(INFO) << "a \"quoted\" text\nof two lines";
    LOG(WARNING) << "no UTF-8: \xff.";
    LOG(ERROR) << "an error";
  });
  ASSERT_EQ(lines.size(), 3U);
  std::vector<nlohmann::json> objects;
  for (const std::string& line : lines) objects.push_back(nlohmann::json::parse(line));
  EXPECT_EQ(objects[0]["level"], "INFO");
  EXPECT_EQ(objects[0]["msg"], "a \"quoted\" text\nof two lines");
  EXPECT_TRUE(std::regex_match(objects[0]["source"].get<std::string>(), std::regex("log_format_test\\.cc:\\d+")));
  EXPECT_TRUE(std::regex_match(objects[0]["time"].get<std::string>(),
                               std::regex("20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z")));
  EXPECT_EQ(objects[1]["level"], "WARN");
  EXPECT_EQ(objects[1]["msg"], "no UTF-8: \ufffd.");
  EXPECT_EQ(objects[2]["level"], "ERROR");
  EXPECT_TRUE(std::filesystem::is_empty(files.path())) << "glog writes no files";
}

TEST(LogFormatTest, TheTimeIsThatOfTheMessage) {
  const google::LogMessageTime time(1'795'575'692, 1'795'575'692.25);
  EXPECT_EQ(JsonLogLine(google::INFO, "a.cc", 7, time, "m"),
            "{\"time\":\"2026-11-25T03:01:32.250000Z\",\"level\":\"INFO\",\"source\":\"a.cc:7\",\"msg\":\"m\"}\n");
}

TEST(LogFormatTest, TheLevelSaysWhatIsLeftOutAndMayChange) {
  const TempTree files;
  const auto lines = LinesOf(files, [] {
    const auto all = [] {
      VLOG(1) << "debug";
      LOG(INFO) << "info";
      LOG(WARNING) << "warn";
      LOG(ERROR) << "error";
    };
    for (const char* level : {"error", "debug", "warn", "info"}) {
      SetLogLevel(level);
      all();
    }
  });
  std::string said;
  for (const std::string& line : lines) said += nlohmann::json::parse(line)["msg"].get<std::string>() + " ";
  EXPECT_EQ(said, "error debug info warn error warn error info warn error ");
}

TEST(LogFormatTest, GlogsOwnFlagOfVerbosityWinsOverTheLevel) {
  const TempTree files;
  const auto verbose = LinesOf(files, [] {
    google::SetCommandLineOption("v", "2");
    SetLogLevel("info");
    VLOG(2) << "said";
    SetLogLevel("warn");
    VLOG(2) << "unsaid: VLOG is of severity INFO";
  });
  ASSERT_EQ(verbose.size(), 1U);
  EXPECT_EQ(nlohmann::json::parse(verbose.front())["msg"], "said");
  const auto quiet = LinesOf(files, [] {
    google::SetCommandLineOption("v", "0");
    for (const char* level : {"debug", "error", "debug"}) SetLogLevel(level);
    VLOG(1) << "unsaid";
    LOG(INFO) << "said";
  });
  ASSERT_EQ(quiet.size(), 1U);
  EXPECT_EQ(nlohmann::json::parse(quiet.front())["msg"], "said");
}

TEST(LogFormatTest, AFailedCheckReachesStderr) {
  const TempTree files;
  const auto lines = LinesOf(files, [] { CHECK_EQ(1, 2) << "a bug"; });
  ASSERT_FALSE(lines.empty());
  const auto object = nlohmann::json::parse(lines.front());
  EXPECT_EQ(object["level"], "FATAL");
  EXPECT_EQ(object["msg"], "Check failed: 1 == 2 (1 vs. 2) a bug");
  EXPECT_TRUE(std::filesystem::is_empty(files.path()));
}

TEST(LogFormatTest, LinesOfSeveralThreadsDoNotMix) {
  const TempTree files;
  const auto lines = LinesOf(files, [] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int j = 0; j < 100; ++j) LOG(INFO) << std::string(1000, 'x');
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  EXPECT_EQ(lines.size(), 400U);
  for (const std::string& line : lines) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

}  // namespace
}  // namespace brahe
