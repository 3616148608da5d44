#include "userspace/exporter/exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/exposition/protobuf_renderer.h"
#include "userspace/exposition/test_snapshot.h"
#include "userspace/exposition/text_renderer.h"
#include "userspace/http/gunzip.h"
#include "userspace/http/test_client.h"

namespace brahe::exporter {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class FakeSource final : public monitor::SnapshotSource {
 public:
  std::shared_ptr<const monitor::Snapshot> Fresh() override {
    ++fresh_calls;
    delay_.wait();
    return Latest();
  }
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Latest() const override {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Resumed() const override { return resumed; }
  [[nodiscard]] bool Healthy() const override { return healthy; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {{Milliseconds(2), Milliseconds(1)}}; }

  void Publish(monitor::Snapshot snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::make_shared<const monitor::Snapshot>(std::move(snapshot));
  }
  // Fresh waits until the result is given its value.
  std::promise<void> HoldFresh() {
    std::promise<void> release;
    delay_ = release.get_future().share();
    return release;
  }

  std::shared_ptr<const monitor::Snapshot> resumed;  // to be set before anybody asks
  std::atomic<bool> healthy = true;
  std::atomic<int> fresh_calls = 0;

 private:
  static std::shared_future<void> NoDelay() {
    std::promise<void> now;
    now.set_value();
    return now.get_future().share();
  }
  std::shared_future<void> delay_ = NoDelay();
  mutable std::mutex mutex_;
  std::shared_ptr<const monitor::Snapshot> snapshot_;
};

class ExporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const exposition::RenderOptions facts = exposition::TestOptions();
    options_ = {{facts.levels}, facts.node_name, facts.version, facts.revision, facts.branch, facts.arch};
    options_.settings = [] { return std::vector<SettingRow>{{"web.configFile", "/etc/<web>.yaml", "c.yaml:3"}}; };
    auto exporter = StartExporter(*http::ListenOn({"127.0.0.1:0"}), options_, source_);
    ASSERT_TRUE(exporter) << exporter.error().message;
    exporter_ = std::move(*exporter);
  }

  // `headers` are whole lines.
  http::TestResponse Get(const std::string& target, const std::string& headers = "") const {
    const http::TestClient client(Port());
    client.Send("GET " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + headers + "\r\n");
    return http::ParseResponse(client.ReadAll());
  }
  uint16_t Port() const { return exporter_->ports().at(0); }

  FakeSource source_;
  ExporterOptions options_;
  std::unique_ptr<Exporter> exporter_;
};

size_t OpenFiles() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

TEST_F(ExporterTest, ServesTheSnapshotAndThenItsOwnInstruments) {
  source_.Publish(exposition::SmallSnapshot());
  const http::TestResponse response = Get("/metrics?other=x");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  const exposition::RenderOptions options = exposition::TestOptions();
  exposition::TextRenderer renderer(std::make_shared<const exposition::RenderInput>(source_.Latest(), options),
                                    exposition::ExpositionFormat::kText, "");
  EXPECT_THAT(response.body, StartsWith(renderer.ReadAll()));
  EXPECT_THAT(response.body, HasSubstr("brahe_scrapes_total{node_name=\"node-1\"} 1\n"));
  EXPECT_THAT(response.body, HasSubstr("brahe_epoch_duration_seconds_count{node_name=\"node-1\"} 1\n"));
  EXPECT_THAT(Get("/metrics").body, HasSubstr("brahe_scrape_duration_seconds_count{node_name=\"node-1\"} 1\n"));
}

// A connection that is kept from scrape to scrape.
class PrometheusClient {
 public:
  explicit PrometheusClient(uint16_t port) : client_(port) {}

  void Ask() const {
    client_.Send(
        "GET /metrics HTTP/1.1\r\nHost: test\r\nUser-Agent: Prometheus/2.42.0\r\n"
        "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n");
  }
  std::string Scrape() const {
    Ask();
    std::string response;
    std::vector<char> block(1 << 16);
    while (!response.ends_with("\r\n0\r\n\r\n")) {
      const ssize_t size = recv(client_.fd(), block.data(), block.size(), 0);
      if (size <= 0) break;
      response.append(block.data(), static_cast<size_t>(size));
    }
    return response;
  }

 private:
  const http::TestClient client_;
};

// Long enough for a timestamp between two scrapes.
void WaitBetweenScrapes() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

monitor::Snapshot WithMoreContainers(size_t count) {
  monitor::Snapshot snapshot = exposition::SmallSnapshot();
  for (size_t i = 0; i < count; ++i) {
    exposition::AddContainer(snapshot, {"more-" + std::to_string(i), "", "runc", ""}, monitor::WorkloadState::kRunning,
                             Joules(1));
  }
  return snapshot;
}

constexpr char kEarlier[] = ",_=\"\"} ";

TEST_F(ExporterTest, EachPrometheusIsToldOnceWhatNewSeriesBeganWithAndNobodyElseIs) {
  source_.Publish(WithMoreContainers(0));
  const PrometheusClient one(Port()), other(Port());
  EXPECT_THAT(one.Scrape(), Not(HasSubstr(kEarlier)));
  EXPECT_THAT(other.Scrape(), Not(HasSubstr(kEarlier)));
  source_.Publish(WithMoreContainers(1));
  WaitBetweenScrapes();
  EXPECT_THAT(Get("/metrics").body, Not(HasSubstr(kEarlier)));
  const std::string told = one.Scrape();
  EXPECT_THAT(told, HasSubstr(kEarlier));
  EXPECT_THAT(told, HasSubstr("container_id=\"more-0\""));
  WaitBetweenScrapes();
  EXPECT_THAT(one.Scrape(), Not(HasSubstr(kEarlier)));
  EXPECT_THAT(other.Scrape(), HasSubstr(kEarlier));
  WaitBetweenScrapes();
  EXPECT_THAT(other.Scrape(), Not(HasSubstr(kEarlier)));
  EXPECT_THAT(PrometheusClient(Port()).Scrape(), Not(HasSubstr(kEarlier))) << "a third one";
}

TEST_F(ExporterTest, OnePrometheusAfterARestartIsToldOfWhatTheEarlierLifeHasNeverShown) {
  monitor::Snapshot earlier = WithMoreContainers(1);
  earlier.time = SystemClock().Now() - Seconds(2);
  source_.resumed = std::make_shared<const monitor::Snapshot>(earlier);
  source_.Publish(WithMoreContainers(2));
  EXPECT_THAT(Get("/metrics").body, Not(HasSubstr(kEarlier)));
  const PrometheusClient client(Port());
  const std::string told = client.Scrape();
  const auto earlier_sample = [](const std::string& id) {
    return HasSubstr("container_id=\"" + id +
                     "\",container_name=\"\",node_name=\"node-1\",pod_id=\"\",runtime=\"runc\",state=\"running\","
                     "zone=\"package\",_=\"\"} 0.000000 ");
  };
  EXPECT_THAT(told, earlier_sample("more-1"));
  EXPECT_THAT(told, Not(earlier_sample("more-0"))) << "it was shown before";
  WaitBetweenScrapes();
  EXPECT_THAT(client.Scrape(), Not(HasSubstr(kEarlier)));
}

TEST_F(ExporterTest, APrometheusThatLeftInTheMiddleIsToldAgain) {
  monitor::Snapshot large = exposition::LargeSnapshot(8000);
  source_.Publish(large);
  EXPECT_THAT(PrometheusClient(Port()).Scrape(), HasSubstr("\r\n0\r\n"));
  exposition::AddContainer(large, {"new", "", "runc", ""}, monitor::WorkloadState::kRunning, Joules(1));
  source_.Publish(large);
  WaitBetweenScrapes();
  PrometheusClient(Port()).Ask();
  std::this_thread::sleep_for(std::chrono::seconds(1));  // until the server has seen that it left
  EXPECT_THAT(PrometheusClient(Port()).Scrape(), HasSubstr(kEarlier));
  WaitBetweenScrapes();
  EXPECT_THAT(PrometheusClient(Port()).Scrape(), Not(HasSubstr(kEarlier)));
}

TEST_F(ExporterTest, NobodyIsToldWhereThatIsOff) {
  options_.zero_samples = false;
  const auto exporter = StartExporter(*http::ListenOn({"127.0.0.1:0"}), options_, source_);
  ASSERT_TRUE(exporter);
  const PrometheusClient client((*exporter)->ports().at(0));
  source_.Publish(WithMoreContainers(0));
  client.Scrape();
  source_.Publish(WithMoreContainers(1));
  WaitBetweenScrapes();
  EXPECT_THAT(client.Scrape(), Not(HasSubstr(kEarlier)));
}

TEST_F(ExporterTest, ServesTheFormatAndTheEncodingThatAreAskedFor) {
  source_.Publish(exposition::SmallSnapshot());
  const http::TestResponse open_metrics = Get("/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n");
  EXPECT_THAT(open_metrics.head,
              HasSubstr("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
  EXPECT_THAT(open_metrics.head, HasSubstr("Vary: Accept, Accept-Encoding\r\n"));
  EXPECT_THAT(open_metrics.head, Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(open_metrics.body, EndsWith("\n# EOF\n"));
  const http::TestResponse zipped = Get("/metrics", "Accept-Encoding: gzip, deflate\r\n");
  EXPECT_THAT(zipped.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(zipped.head, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_THAT(zipped.body, StartsWith("\x1f\x8b"));
  EXPECT_LT(zipped.body.size(), open_metrics.body.size() / 3);
}

TEST_F(ExporterTest, SaysThatThereAreNoFiguresBeforeTheFirstEpoch) {
  const http::TestResponse response = Get("/metrics");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "no figures yet: the first epoch has not ended\n");
}

TEST_F(ExporterTest, AnswersHeadOfTheMetricsWithoutABody) {
  source_.Publish(exposition::SmallSnapshot());
  const http::TestResponse response = http::Request(Port(), "HEAD", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(Get("/metrics").status, 200);
}

TEST_F(ExporterTest, TellsWhetherTheMonitorIsHealthy) {
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/healthz").body, "ok\n");
  source_.healthy = false;
  EXPECT_EQ(Get("/healthz").status, 503);
  EXPECT_EQ(Get("/healthz").body, "no epoch has ended for three intervals\n");
  EXPECT_EQ(source_.fresh_calls, 0) << "a probe asks for no epoch";
}

TEST_F(ExporterTest, IsReadyOnceThereAreFiguresAndTheMonitorIsHealthy) {
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/readyz").body, "no figures yet: the first epoch has not ended\n");
  source_.Publish(exposition::SmallSnapshot());
  EXPECT_EQ(Get("/readyz").status, 200);
  source_.healthy = false;
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/readyz").body, "no epoch has ended for three intervals\n");
  EXPECT_EQ(source_.fresh_calls, 0) << "a probe asks for no epoch";
}

TEST_F(ExporterTest, HasAPageOfLinks) {
  EXPECT_THAT(Get("/").body, HasSubstr("the first epoch has not ended"));
  monitor::Snapshot snapshot = exposition::SmallSnapshot();
  for (monitor::ZoneSeries& zone : snapshot.zones) zone.state = {.source = "<model>"};
  source_.Publish(std::move(snapshot));
  const http::TestResponse page = Get("/");
  EXPECT_THAT(page.head, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  for (const char* text : {"href=\"metrics\"", "Kepler's schema", "href=\"assets/d3-license.txt\"", "href=\"healthz\"",
                           "0.1.0", "node-1", "&lt;model&gt;, not measured", "bpf"}) {
    EXPECT_THAT(page.body, HasSubstr(text));
  }
  EXPECT_THAT(page.body, Not(HasSubstr("://"))) << "nothing is fetched from elsewhere";
}

TEST_F(ExporterTest, ThePageTakesNothingFromElsewhere) {
  const std::string head = Get("/").head;
  EXPECT_THAT(head, HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "));
  EXPECT_THAT(head, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(head, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
}

TEST_F(ExporterTest, ServesTheFilesOfThePage) {
  const http::TestResponse plain = Get("/assets/page.js");
  EXPECT_EQ(plain.status, 200);
  EXPECT_THAT(plain.head, HasSubstr("Content-Type: text/javascript; charset=utf-8\r\n"));
  EXPECT_THAT(plain.body, StartsWith("//"));
  const http::TestResponse gzip = Get("/assets/page.js", "Accept-Encoding: gzip\r\n");
  EXPECT_THAT(gzip.head, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_EQ(http::Gunzip(gzip.body), plain.body);
  const size_t begin = plain.head.find("ETag: ") + 6;
  const std::string tag = plain.head.substr(begin, plain.head.find('\r', begin) - begin);
  const http::TestResponse again = Get("/assets/page.js", "If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Get("/assets/page.js", "If-None-Match: \"another\"\r\n").status, 200);
  for (const char* path : {"/assets/", "/assets", "/assets/no.js", "/assets/../page.js", "/assets/%2e%2e/page.js"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST_F(ExporterTest, ServesTheSnapshotAsJson) {
  EXPECT_EQ(Get("/api/v1/snapshot").status, 503);
  source_.Publish(exposition::SmallSnapshot());
  const http::TestResponse json = Get("/api/v1/snapshot");
  EXPECT_THAT(json.head, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(json.body, StartsWith("{\"epoch\":7,"));
  EXPECT_THAT(json.body, HasSubstr("\"node_name\":\"node-1\""));
  EXPECT_THAT(json.body, EndsWith("]}\n"));
  EXPECT_THAT(Get("/api/v1/snapshot", "Accept-Encoding: gzip\r\n").head, HasSubstr("Content-Encoding: gzip\r\n"));
}

TEST_F(ExporterTest, TheSnapshotMayBeOfSomeLevels) {
  source_.Publish(exposition::SmallSnapshot());
  const std::string all = Get("/api/v1/snapshot").body;
  const std::string some = Get("/api/v1/snapshot?level=container,pod").body;
  for (const char* label : {"\"pid\":", "\"vm_name\":"}) {
    EXPECT_THAT(all, HasSubstr(label));
    EXPECT_THAT(some, Not(HasSubstr(label)));
  }
  for (const char* label : {"\"container_name\":", "\"pod_name\":", "\"rests\":", "\"cpus\":"}) {
    EXPECT_THAT(some, HasSubstr(label));
  }
  EXPECT_EQ(Get("/api/v1/snapshot?level=pods").status, 400);
  EXPECT_THAT(Get("/api/v1/snapshot?level=pods").body, HasSubstr("no level is called \"pods\"; levels are node, "));
}

TEST_F(ExporterTest, ServesTheHistoryAsJson) {
  const http::TestResponse empty = Get("/api/v1/history?level=pod");
  EXPECT_EQ(empty.status, 200);
  EXPECT_THAT(empty.head, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(empty.body, HasSubstr("\"level\":\"pod\",\"names\":[],\"points\":[]"));
  EXPECT_EQ(http::Gunzip(Get("/api/v1/history?level=pod", "Accept-Encoding: gzip\r\n").body), empty.body);
  monitor::Snapshot snapshot = exposition::SmallSnapshot();
  for (int i = 0; i < 2; ++i) {
    snapshot.time += Seconds(5);
    snapshot.unix_ms += 5000;
    source_.Publish(snapshot);
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));  // it looks each second
  }
  const std::string end = std::to_string(snapshot.unix_ms);
  EXPECT_THAT(Get("/api/v1/history").body, HasSubstr("{\"unix_ms\":" + end + ",\"duration_ms\":5000,"));
  EXPECT_THAT(Get("/api/v1/history?since=" + end).body, HasSubstr("\"points\":[]"));
  for (const auto& [query, fault] : {std::pair{"level=pods", "no level is called \"pods\""},
                                     {"level=pod,vm", "one level at a time, not of pod, vm"},
                                     {"level=process", "no history of the level process"},
                                     {"since=-1", "since: "},
                                     {"since=1e3", "since: "}}) {
    const http::TestResponse answer = Get(std::string("/api/v1/history?") + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_THAT(answer.body, HasSubstr(fault));
  }
}

TEST_F(ExporterTest, AnswersTheProbesOfKeplersDaemonSet) {
  EXPECT_EQ(Get("/probe/livez").status, Get("/healthz").status);
  EXPECT_EQ(Get("/probe/readyz").status, 503);
  source_.Publish(exposition::SmallSnapshot());
  EXPECT_EQ(Get("/probe/livez").status, 200);
  EXPECT_EQ(Get("/probe/readyz").status, 200);
}

TEST_F(ExporterTest, ThePageListsTheSettings) {
  EXPECT_THAT(Get("/").body,
              HasSubstr("<tr><td>web.configFile</td><td>/etc/&lt;web&gt;.yaml</td><td>c.yaml:3</td></tr>"));
}

TEST_F(ExporterTest, LevelsMayChangeWhileItServes) {
  source_.Publish(exposition::SmallSnapshot());
  EXPECT_THAT(Get("/metrics").body, HasSubstr("kepler_process_cpu_joules_total{"));
  exporter_->Reconfigure({.levels = {"node"}});
  const std::string body = Get("/metrics").body;
  EXPECT_THAT(body, HasSubstr("kepler_node_cpu_joules_total{"));
  EXPECT_THAT(body, Not(HasSubstr("kepler_process_cpu_joules_total{")));
  EXPECT_THAT(body, HasSubstr("node-1"));
}

TEST_F(ExporterTest, AScrapeMayAskForSomeLevels) {
  source_.Publish(exposition::SmallSnapshot());
  for (const char* query : {"?level=node&level=pod", "?level=node,pod", "?collect%5B%5D=node&collect[]=pod"}) {
    const std::string body = Get(std::string("/metrics") + query).body;
    EXPECT_THAT(body, HasSubstr("kepler_node_cpu_joules_total{")) << query;
    EXPECT_THAT(body, HasSubstr("kepler_pod_cpu_joules_total{")) << query;
    EXPECT_THAT(body, HasSubstr("brahe_scrapes_total{")) << query;
    EXPECT_THAT(body, Not(HasSubstr("kepler_process_cpu"))) << query;
  }
  const http::TestResponse refused = Get("/metrics?level=node&level=nodes");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, StartsWith("no level is called \"nodes\"; levels are node, "));
  exporter_->Reconfigure({.levels = {"node"}});
  const http::TestResponse left_out = Get("/metrics?level=node&level=pod");
  EXPECT_EQ(left_out.status, 200) << "what is left out spoils nothing";
  EXPECT_THAT(left_out.body, HasSubstr("kepler_node_cpu_joules_total{"));
  EXPECT_THAT(left_out.body, Not(HasSubstr("kepler_pod_cpu")));
}

size_t SeriesIn(const std::string& body) {
  size_t series = 0;
  for (size_t line = 0; line < body.size(); line = body.find('\n', line) + 1) series += body[line] != '#' ? 1 : 0;
  return series;
}

TEST_F(ExporterTest, TellsHowLargeTheLastScrapeWas) {
  source_.Publish(exposition::SmallSnapshot());
  const http::TestResponse first = Get("/metrics");
  const std::string second = Get("/metrics?level=node").body;
  size_t series = 0, bytes = 0;
  for (size_t at = 0; at < second.size(); at = second.find('\n', at) + 1) {
    const std::string line = second.substr(at, second.find('\n', at) - at);
    const auto value = [&] { return std::stoul(line.substr(line.rfind(' '))); };
    if (line.starts_with("brahe_exposition_series{")) series += value();
    if (line.starts_with("brahe_exposition_bytes{")) bytes += value();
  }
  EXPECT_EQ(series, SeriesIn(first.body));
  EXPECT_EQ(bytes, first.body.size());
}

TEST_F(ExporterTest, HoldsALimitOfSeriesThatIsSetWhileItServesAndSaysSo) {
  monitor::Snapshot crowd = exposition::SmallSnapshot();
  for (uint32_t i = 0; i < 300; ++i) {
    exposition::AddProcess(crowd, {5000 + i, "worker", "/w", "regular", "", ""}, monitor::WorkloadState::kRunning,
                           {1000 + i});
  }
  source_.Publish(std::move(crowd));
  const std::string all = Get("/metrics").body;
  EXPECT_THAT(all, Not(HasSubstr("brahe_exposition_limited")));
  ExporterChoices choices = options_.choices;
  choices.max_series = SeriesIn(all) - 100;
  exporter_->Reconfigure(choices);
  testing::internal::CaptureStderr();
  for (int scrape = 0; scrape < 3; ++scrape) {
    const std::string body = Get("/metrics").body;
    EXPECT_LE(SeriesIn(body), choices.max_series);
    EXPECT_GT(SeriesIn(body), choices.max_series - 100);
    EXPECT_THAT(body, HasSubstr("brahe_exposition_limited{level=\"process\",node_name=\"node-1\"} 1\n"));
    EXPECT_THAT(body, HasSubstr("brahe_exposition_limited{level=\"pod\",node_name=\"node-1\"} 0\n"));
  }
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("exporter.prometheus.maxSeries=" + std::to_string(choices.max_series) + " leaves out"));
  EXPECT_EQ(log.find("leaves out"), log.rfind("leaves out")) << "once";
  choices.max_series = 0;
  exporter_->Reconfigure(choices);
  EXPECT_THAT(Get("/metrics").body, Not(HasSubstr("brahe_exposition_limited")));
}

TEST_F(ExporterTest, KnowsNoOtherPathAndNoOtherMethod) {
  EXPECT_EQ(Get("/metricsx").status, 404);
  EXPECT_EQ(Get("/metricsx").body,
            "not found; there are /, /metrics, /healthz, /readyz, /api/v1/snapshot and /api/v1/history\n");
  EXPECT_EQ(Get("/metrics/").status, 404);
  EXPECT_EQ(http::Request(Port(), "POST", "/metrics").status, 405);
}

TEST_F(ExporterTest, AWaitingScrapeDoesNotHoldUpAProbe) {
  source_.Publish(exposition::SmallSnapshot());
  std::promise<void> release = source_.HoldFresh();
  std::vector<std::future<http::TestResponse>> scrapes;
  for (int i = 0; i < 8; ++i) scrapes.push_back(std::async(std::launch::async, [this] { return Get("/metrics"); }));
  while (source_.fresh_calls < 1) std::this_thread::yield();
  EXPECT_EQ(Get("/healthz").status, 200);
  release.set_value();
  for (auto& scrape : scrapes) EXPECT_EQ(scrape.get().status, 200);
}

TEST_F(ExporterTest, StopsThoughAScrapeWaits) {
  source_.Publish(exposition::SmallSnapshot());
  std::promise<void> release = source_.HoldFresh();
  auto scrape = std::async(std::launch::async, [this] { return Get("/metrics"); });
  while (source_.fresh_calls < 1) std::this_thread::yield();
  std::thread stop([this] { exporter_.reset(); });
  EXPECT_EQ(scrape.get().status, 503) << "answered before the snapshot is there";
  release.set_value();
  stop.join();
}

TEST_F(ExporterTest, ServesProtocolBuffersToWhoAsksForThem) {
  source_.Publish(exposition::SmallSnapshot());
  const http::TestResponse response =
      Get("/metrics",
          "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.head, HasSubstr("Content-Type: application/vnd.google.protobuf; "
                                       "proto=io.prometheus.client.MetricFamily; encoding=delimited\r\n"));
  const std::string families = exposition::ProtobufRenderer(std::make_shared<const exposition::RenderInput>(
                                                                source_.Latest(), exposition::TestOptions(),
                                                                exposition::LabelSpelling::kProtobuf),
                                                            "")
                                   .ReadAll();
  EXPECT_THAT(response.body, StartsWith(families));
  EXPECT_THAT(response.body, HasSubstr("brahe_epoch_duration_seconds"));
}

TEST_F(ExporterTest, TellsOpenMetricsWhenCountersWereZeroOnceThatIsSwitchedOn) {
  source_.Publish(exposition::SmallSnapshot());
  const std::string accept = "Accept: application/openmetrics-text\r\n";
  EXPECT_THAT(Get("/metrics", accept).body, Not(HasSubstr("_created")));
  exporter_->Reconfigure({.levels = {"node"}, .created_lines = true});
  const std::string text = Get("/metrics", accept).body;
  EXPECT_THAT(text, HasSubstr("kepler_node_cpu_joules_created{"));
  EXPECT_THAT(text, HasSubstr("brahe_scrapes_created{"));
  EXPECT_THAT(text, HasSubstr("brahe_epoch_duration_seconds_created{"));
  EXPECT_THAT(text, Not(HasSubstr("watts_created")));
  EXPECT_THAT(Get("/metrics").body, Not(HasSubstr("_created"))) << "text 0.0.4 has no such thing";
}

TEST_F(ExporterTest, ServesTwentyAtOnceWhileSnapshotsAreReplaced) {
  source_.Publish(exposition::LargeSnapshot(200));
  std::vector<std::future<http::TestResponse>> scrapes;
  for (int i = 0; i < 20; ++i) scrapes.push_back(std::async(std::launch::async, [this] { return Get("/metrics"); }));
  for (int i = 0; i < 20; ++i) source_.Publish(exposition::LargeSnapshot(200));
  const exposition::RenderOptions options = exposition::TestOptions();
  const std::string expected =
      exposition::TextRenderer(std::make_shared<const exposition::RenderInput>(source_.Latest(), options),
                               exposition::ExpositionFormat::kText, "")
          .ReadAll();
  for (auto& scrape : scrapes) EXPECT_THAT(scrape.get().body, StartsWith(expected));
}

TEST_F(ExporterTest, LosesNoFileDescriptorOverManyScrapes) {
  source_.Publish(exposition::SmallSnapshot());
  const size_t before = OpenFiles();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Get("/metrics").status, 200);
  // The server closes its side of the last one a little after the client.
  for (int i = 0; i < 1000 && OpenFiles() > before; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_LE(OpenFiles(), before);
}

TEST_F(ExporterTest, LetsGoOfASnapshotWhoseScraperLeft) {
  source_.Publish(exposition::LargeSnapshot(8000));
  const std::weak_ptr<const monitor::Snapshot> scraped = source_.Latest();
  {
    const http::TestClient client(Port());
    client.Send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_EQ(client.Read(50'000).size(), 50'000U);
    source_.Publish(exposition::SmallSnapshot());
    EXPECT_FALSE(scraped.expired()) << "it is read from to the end of the scrape";
  }
  for (int i = 0; i < 1000 && !scraped.expired(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(scraped.expired());
  EXPECT_THAT(Get("/metrics").body, HasSubstr("brahe_scrape_duration_seconds_count{node_name=\"node-1\"} 0\n"));
}

TEST_F(ExporterTest, WhereTwoSnapshotsAreBeingSentOthersGetTheYounger) {
  for (const std::string path : {"/metrics", "/api/v1/snapshot"}) {
    source_.Publish(exposition::SmallSnapshot());
    const size_t small = Get(path).body.size();
    const int calls = source_.fresh_calls;
    {
      std::vector<std::unique_ptr<http::TestClient>> slow;
      for (int i = 0; i < 2; ++i) {
        source_.Publish(exposition::LargeSnapshot(8000));
        slow.push_back(std::make_unique<http::TestClient>(Port()));
        slow.back()->Send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(slow.back()->Read(50'000).size(), 50'000U);
      }
      source_.Publish(exposition::SmallSnapshot());
      EXPECT_GT(Get(path).body.size(), 100 * small) << path;
      EXPECT_EQ(source_.fresh_calls, calls + 2);
    }
    for (int i = 0; i < 1000 && Get(path).body.size() > 2 * small; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_LT(Get(path).body.size(), 2 * small) << path;
  }
}

}  // namespace
}  // namespace brahe::exporter
