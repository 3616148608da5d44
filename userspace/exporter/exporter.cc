#include "userspace/exporter/exporter.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/exporter/asked_history.h"
#include "userspace/exporter/asked_levels.h"
#include "userspace/exporter/fresh_snapshots.h"
#include "userspace/exporter/index_page.h"
#include "userspace/exporter/limit_watch.h"
#include "userspace/exporter/negotiation.h"
#include "userspace/exporter/page_files.h"
#include "userspace/exporter/scrapers.h"
#include "userspace/exposition/json_snapshot.h"
#include "userspace/exposition/new_series.h"
#include "userspace/exposition/render_clock.h"
#include "userspace/exposition/render_inputs.h"
#include "userspace/exposition/renderer.h"
#include "userspace/history/history_recorder.h"
#include "userspace/http/gzip_stream.h"
#include "userspace/http/http_server.h"
#include "userspace/instruments/registry.h"
#include "userspace/web/local_access.h"
#include "userspace/web/web_access.h"

namespace brahe::exporter {
namespace {

// What a request for metrics is.
struct Scrape {
  Nanoseconds begin;
  exposition::ExpositionFormat format = exposition::ExpositionFormat::kText;
  bool gzip = false;
  std::shared_ptr<Scraper> scraper = {};  // null for one of whom nothing is kept
  std::vector<std::string> levels = {};   // see AskedLevels
};

// The same response, compressed while it is read.
http::HttpResponse Zipped(http::HttpResponse response) {
  const auto stream = std::make_shared<http::GzipStream>(std::move(response.read));
  response.read = [stream](char* buffer, size_t capacity) { return stream->Next(buffer, capacity); };
  response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

// The latter of each pair are Kepler's, which its DaemonSet's probes ask for.
bool AsksForHealth(const http::HttpRequest& request) {
  return request.path == "/healthz" || request.path == "/probe/livez";
}
bool AsksForReadiness(const http::HttpRequest& request) {
  return request.path == "/readyz" || request.path == "/probe/readyz";
}
bool IsProbe(const http::HttpRequest& request) { return AsksForHealth(request) || AsksForReadiness(request); }

void Apply(ExporterChoices choices, exposition::RenderOptions& options) {
  options.levels = std::move(choices.levels);
  options.top_processes = choices.top_processes;
  options.top_groups = choices.top_groups;
  options.max_series = choices.max_series;
  options.cpu_info = choices.cpu_info;
  options.unlisted_as_process = choices.unlisted_as_process;
  options.created_lines = choices.created_lines;
}

exposition::RenderOptions RenderOptionsOf(const ExporterOptions& options) {
  exposition::RenderOptions result = {.levels = {},
                                      .node_name = options.node_name,
                                      .version = options.version,
                                      .revision = options.revision,
                                      .branch = options.branch,
                                      .arch = options.arch};
  Apply(options.choices, result);
  return result;
}

// The page takes files and figures from here and nothing from elsewhere, and is in no other page's frame.
constexpr char kPagePolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const http::HttpServerOptions kLocalServing = {.limits = {.connections = 64, .of_one_user = 16}, .threads = 1};

// Those of Unix sockets, taken out of `sockets`.
std::vector<http::ListenSocket> TakeLocal(std::vector<http::ListenSocket>& sockets) {
  const auto first =
      std::stable_partition(sockets.begin(), sockets.end(), [](const auto& socket) { return socket.file == nullptr; });
  std::vector<http::ListenSocket> local(std::make_move_iterator(first), std::make_move_iterator(sockets.end()));
  sockets.erase(first, sockets.end());
  return local;
}

class HttpExporter final : public Exporter {
 public:
  HttpExporter(const ExporterOptions& options, monitor::SnapshotSource& source)
      : settings_(options.settings),
        zero_samples_(options.zero_samples),
        inputs_(RenderOptionsOf(options)),
        source_(source),
        instruments_(options.node_name, options.pods, options.pushes, options.platform),
        history_(source),
        snapshots_(source) {}

  Status Start(std::vector<http::ListenSocket> sockets, const ExporterOptions& options) {
    auto access =
        web::WebAccess::Make({.file = options.web_config_file, .probes_without_auth = options.probes_without_auth});
    if (!access) return access.error();
    access_ = *std::move(access);
    const http::HttpHandler answer = [this](const http::HttpRequest& request, http::Responder responder) {
      Answer(request, std::move(responder));
    };
    http::HttpServerOptions serving;
    if (UsesTls()) serving.tls = [this] { return access_->Tls(); };
    std::vector<http::ListenSocket> local = TakeLocal(sockets);
    if (!local.empty()) {
      if (Status started = StartLocal(std::move(local), options, answer); !started) return started;
      serving.other_connections = kLocalServing.limits.connections;
    }
    auto server = http::StartHttpServer(std::move(sockets), serving, access_->Guard(answer, IsProbe));
    if (!server) return server.error();
    server_ = *std::move(server);
    return {};
  }

  [[nodiscard]] std::vector<uint16_t> ports() const override { return server_->ports(); }

  void Reconfigure(ExporterChoices choices) override {
    exposition::RenderOptions renewed = inputs_.options();
    Apply(std::move(choices), renewed);
    inputs_.SetOptions(std::move(renewed));
  }

  Status AllowLocally(const std::vector<std::string>& allow) override {
    return local_access_ ? local_access_->Allow(allow) : Status();
  }

  Status ReloadWebConfig() override { return access_->Reload(); }
  [[nodiscard]] bool UsesTls() const override { return access_->Tls() != nullptr; }

 private:
  // A server of its own, so that it speaks no TLS and neither side's crowd takes the other's places.
  Status StartLocal(std::vector<http::ListenSocket> sockets, const ExporterOptions& options,
                    const http::HttpHandler& answer) {
    auto access = web::LocalAccess::Make(options.local_allow);
    if (!access) return access.error();
    local_access_ = *std::move(access);
    auto server = http::StartHttpServer(std::move(sockets), kLocalServing, local_access_->Guard(answer));
    if (!server) return server.error();
    local_server_ = *std::move(server);
    return {};
  }

  void Answer(const http::HttpRequest& request, http::Responder responder) {
    const std::string& path = request.path;
    if (path == "/metrics") return AnswerMetrics(request, std::move(responder));
    if (AsksForHealth(request)) return responder.Send(Health());
    if (AsksForReadiness(request)) return responder.Send(Readiness());
    if (path == "/api/v1/snapshot") return AnswerJson(request, std::move(responder));
    if (path == "/api/v1/history") return responder.Send(History(request));
    if (path == "/") return responder.Send(Page());
    if (path.starts_with(kPageFolder)) return responder.Send(PageFile(request));
    responder.Send(
        {.status = 404,
         .body = "not found; there are /, /metrics, /healthz, /readyz, /api/v1/snapshot and /api/v1/history\n"});
  }

  http::HttpResponse Page() const {
    return {.content_type = "text/html; charset=utf-8",
            .body = IndexPage(inputs_.options(), source_.Latest().get(),
                              settings_ ? settings_() : std::vector<SettingRow>()),
            .headers = {{"Content-Security-Policy", kPagePolicy},
                        {"Cache-Control", "no-store"},
                        {"Referrer-Policy", "no-referrer"},
                        {"X-Content-Type-Options", "nosniff"}}};
  }

  // Later, when there is a fresh snapshot.
  void AnswerMetrics(const http::HttpRequest& request, http::Responder responder) {
    auto levels = AskedLevels(request.arguments);
    if (!levels) return responder.Send({.status = 400, .body = levels.error().message + "\n"});
    const Scrape scrape = {.begin = SystemClock().Now(),
                           .format = FormatFor(http::HeaderOf(request, "accept")),
                           .gzip = TakesGzip(http::HeaderOf(request, "accept-encoding")),
                           .scraper = zero_samples_ ? scrapers_.Of(request, SystemClock().Now()) : nullptr,
                           .levels = *std::move(levels)};
    snapshots_.Get([this, scrape, responder = std::make_shared<http::Responder>(std::move(responder))](auto sending) {
      responder->Send(Metrics(std::move(sending), scrape));
    });
  }

  void AnswerJson(const http::HttpRequest& request, http::Responder responder) {
    auto levels = AskedLevels(request.arguments);
    if (!levels) return responder.Send({.status = 400, .body = levels.error().message + "\n"});
    const bool gzip = TakesGzip(http::HeaderOf(request, "accept-encoding"));
    snapshots_.Get([this, gzip, levels = *std::move(levels),
                    responder = std::make_shared<http::Responder>(std::move(responder))](auto sending) {
      if (!sending) return responder->Send(NoFigures());
      const auto renderer =
          std::make_shared<exposition::JsonRenderer>(sending->snapshot, inputs_.options().node_name, levels);
      http::HttpResponse response = {
          .content_type = exposition::kJsonContentType,
          .headers = {{"Vary", "Accept-Encoding"}},
          .read = [sending, renderer](char* buffer, size_t capacity) { return renderer->Next(buffer, capacity); }};
      responder->Send(gzip ? Zipped(std::move(response)) : std::move(response));
    });
  }

  http::HttpResponse History(const http::HttpRequest& request) const {
    const auto asked = AskedHistoryOf(request.arguments);
    if (!asked) return {.status = 400, .body = asked.error().message + "\n"};
    std::string text = history_.Json(asked->level, asked->since_ms);
    http::HttpResponse response = {.content_type = exposition::kJsonContentType,
                                   .headers = {{"Vary", "Accept-Encoding"}, {"Cache-Control", "no-store"}},
                                   .read = http::ReaderOf(std::move(text))};
    return TakesGzip(http::HeaderOf(request, "accept-encoding")) ? Zipped(std::move(response)) : response;
  }

  http::HttpResponse Metrics(const std::shared_ptr<const Sending>& sending, const Scrape& scrape) {
    if (!sending) return NoFigures();
    instruments_.CountScrape();
    instruments_.ObserveEpochs(source_.TakeEpochTimings());
    const uint64_t own_series = instruments_.MostSeries();
    const auto input = inputs_.Of(sending->snapshot, exposition::SpellingOf(scrape.format), own_series);
    TellLimit(*input);
    std::string own = instruments_.Text(scrape.format, input->options.created_lines);
    const std::shared_ptr<exposition::ExpositionStream> renderer =
        exposition::MakeRenderer(input, scrape.format, std::move(own), scrape.levels, NewsFor(scrape, *input));
    http::HttpResponse response = {.content_type = std::string(exposition::ContentTypeOf(scrape.format)),
                                   .headers = {{"Vary", "Accept, Accept-Encoding"}},
                                   .read = [this, scrape, sending, renderer](char* buffer, size_t capacity) {
                                     const size_t size = renderer->Next(buffer, capacity);
                                     if (size == 0) ObserveEnd(scrape, renderer->sizes());
                                     return size;
                                   }};
    if (scrape.scraper) {
      response.delivered = [scraper = scrape.scraper, given = Given{input->owner, scrape.begin}] {
        scraper->Gave(given);
      };
    }
    return scrape.gzip ? Zipped(std::move(response)) : response;
  }

  // What is new to the scraper; null where that is nothing, or not known. To one that comes for the first time since an
  // earlier life of the exporter: what that one has never shown.
  std::shared_ptr<const exposition::NewSeries> NewsFor(const Scrape& scrape,
                                                       const exposition::RenderInput& input) const {
    std::optional<Given> last = scrape.scraper ? scrape.scraper->last() : std::nullopt;
    const auto resumed = scrape.scraper && !last ? source_.Resumed() : nullptr;
    if (resumed != nullptr) last = Given{resumed, resumed->time};
    if (!last || scrape.begin > last->asked + Scrapers::kMemory) return nullptr;
    const auto clock = exposition::RenderClock::Of(input.snapshot);
    const std::optional<uint64_t> before_ms = clock.UnixMs(last->asked), now_ms = clock.UnixMs(scrape.begin);
    if (!before_ms || !now_ms) return nullptr;
    return exposition::NewSeries::Between(last->snapshot, *before_ms, input.owner, *now_ms, input.options.levels,
                                          input.limit.spare);
  }

  void TellLimit(const exposition::RenderInput& input) {
    limits_.Tell(input.limit);
    instruments_.SetLimited(input.options.max_series > 0 ? input.options.levels : std::vector<std::string>(),
                            input.limit.levels);
  }

  // After the last byte.
  void ObserveEnd(const Scrape& scrape, const exposition::LevelSizes& sizes) {
    instruments_.ObserveScrape(SystemClock().Now() - scrape.begin);
    instruments_.ObserveSizes(sizes, scrape.levels.empty());
  }

  // Whether the process should go on living.
  http::HttpResponse Health() const {
    if (source_.Healthy()) return {.body = "ok\n"};
    return {.status = 503, .body = "no epoch has ended for three intervals\n"};
  }

  // Whether a scrape would give figures.
  http::HttpResponse Readiness() const { return source_.Latest() ? Health() : NoFigures(); }

  static http::HttpResponse NoFigures() {
    return {.status = 503, .body = "no figures yet: the first epoch has not ended\n"};
  }

  const std::function<std::vector<SettingRow>()> settings_;
  const bool zero_samples_;
  exposition::RenderInputs inputs_;
  LimitWatch limits_;
  monitor::SnapshotSource& source_;
  instruments::Instruments instruments_;
  Scrapers scrapers_;
  const history::HistoryRecorder history_;
  // The last members, so that their threads end before what they use.
  FreshSnapshots snapshots_;
  std::unique_ptr<web::WebAccess> access_;
  std::unique_ptr<web::LocalAccess> local_access_;
  std::unique_ptr<http::HttpServer> server_;
  std::unique_ptr<http::HttpServer> local_server_;  // null: there is no Unix socket
};

}  // namespace

Result<std::unique_ptr<Exporter>> StartExporter(std::vector<http::ListenSocket> sockets, const ExporterOptions& options,
                                                monitor::SnapshotSource& source) {
  auto exporter = std::make_unique<HttpExporter>(options, source);
  const Status started = exporter->Start(std::move(sockets), options);
  if (!started) return started.error();
  return std::unique_ptr<Exporter>(std::move(exporter));
}

}  // namespace brahe::exporter
