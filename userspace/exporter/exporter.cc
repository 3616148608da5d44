#include "userspace/exporter/exporter.h"

#include <utility>

#include "userspace/base/clock.h"
#include "userspace/exporter/fresh_snapshots.h"
#include "userspace/http/gzip_stream.h"
#include "userspace/http/http_server.h"
#include "userspace/exporter/index_page.h"
#include "userspace/exposition/json_snapshot.h"
#include "userspace/exporter/negotiation.h"
#include "userspace/instruments/registry.h"
#include "userspace/exposition/render_inputs.h"
#include "userspace/exposition/text_renderer.h"
#include "userspace/web/web_access.h"

namespace brahe {
namespace {

// What a request for metrics is.
struct Scrape {
  Nanoseconds begin;
  ExpositionFormat format = ExpositionFormat::kText;
  bool gzip = false;
};

std::string_view HeaderOf(const HttpRequest& request, const std::string& name) {
  const auto header = request.headers.find(name);
  return header != request.headers.end() ? std::string_view(header->second) : std::string_view();
}

// The same response, compressed while it is read.
HttpResponse Zipped(HttpResponse response) {
  const auto stream = std::make_shared<GzipStream>(std::move(response.read));
  response.read = [stream](char* buffer, size_t capacity) { return stream->Next(buffer, capacity); };
  response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

// The latter of each pair are Kepler's, which its DaemonSet's probes ask for.
bool AsksForHealth(const HttpRequest& request) { return request.path == "/healthz" || request.path == "/probe/livez"; }
bool AsksForReadiness(const HttpRequest& request) {
  return request.path == "/readyz" || request.path == "/probe/readyz";
}
bool IsProbe(const HttpRequest& request) { return AsksForHealth(request) || AsksForReadiness(request); }

class HttpExporter final : public Exporter {
 public:
  HttpExporter(const ExporterOptions& options, SnapshotSource& source)
      : settings_(options.settings),
        inputs_({.levels = options.levels,
                 .top_processes = options.top_processes,
                 .node_name = options.node_name,
                 .version = options.version,
                 .revision = options.revision,
                 .branch = options.branch,
                 .arch = options.arch}),
        source_(source),
        instruments_(options.node_name, options.pods),
        snapshots_(source) {}

  Status Start(std::vector<ListenSocket> sockets, const ExporterOptions& options) {
    auto access =
        WebAccess::Make({.file = options.web_config_file, .probes_without_auth = options.probes_without_auth});
    if (!access) return access.error();
    access_ = *std::move(access);
    HttpServerOptions serving;
    if (UsesTls()) serving.tls = [this] { return access_->Tls(); };
    const HttpHandler answer = [this](const HttpRequest& request, Responder responder) {
      Answer(request, std::move(responder));
    };
    auto server = StartHttpServer(std::move(sockets), serving, access_->Guard(answer, IsProbe));
    if (!server) return server.error();
    server_ = *std::move(server);
    return {};
  }

  [[nodiscard]] std::vector<uint16_t> ports() const override { return server_->ports(); }

  void Reconfigure(std::vector<std::string> levels, uint64_t top_processes) override {
    RenderOptions renewed = inputs_.options();
    renewed.levels = std::move(levels);
    renewed.top_processes = top_processes;
    inputs_.SetOptions(std::move(renewed));
  }

  Status ReloadWebConfig() override { return access_->Reload(); }
  [[nodiscard]] bool UsesTls() const override { return access_->Tls() != nullptr; }

 private:
  void Answer(const HttpRequest& request, Responder responder) {
    const std::string& path = request.path;
    if (path == "/metrics") return AnswerMetrics(request, std::move(responder));
    if (AsksForHealth(request)) return responder.Send(Health());
    if (AsksForReadiness(request)) return responder.Send(Readiness());
    if (path == "/api/v1/snapshot") return AnswerJson(request, std::move(responder));
    if (path == "/") return responder.Send(Page());
    responder.Send(
        {.status = 404, .body = "not found; there are /, /metrics, /healthz, /readyz and /api/v1/snapshot\n"});
  }

  HttpResponse Page() const {
    return {.content_type = "text/html; charset=utf-8",
            .body = IndexPage(inputs_.options(), source_.Latest().get(),
                              settings_ ? settings_() : std::vector<SettingRow>())};
  }

  // Later, when there is a fresh snapshot.
  void AnswerMetrics(const HttpRequest& request, Responder responder) {
    const Scrape scrape = {.begin = SystemClock().Now(),
                           .format = FormatFor(HeaderOf(request, "accept")),
                           .gzip = TakesGzip(HeaderOf(request, "accept-encoding"))};
    snapshots_.Get([this, scrape, responder = std::make_shared<Responder>(std::move(responder))](auto snapshot) {
      responder->Send(Metrics(std::move(snapshot), scrape));
    });
  }

  void AnswerJson(const HttpRequest& request, Responder responder) {
    const bool gzip = TakesGzip(HeaderOf(request, "accept-encoding"));
    snapshots_.Get([this, gzip, responder = std::make_shared<Responder>(std::move(responder))](auto snapshot) {
      if (!snapshot) return responder->Send(NoFigures());
      const auto renderer = std::make_shared<JsonRenderer>(std::move(snapshot), inputs_.options().node_name);
      HttpResponse response = {
          .content_type = kJsonContentType,
          .headers = {{"Vary", "Accept-Encoding"}},
          .read = [renderer](char* buffer, size_t capacity) { return renderer->Next(buffer, capacity); }};
      responder->Send(gzip ? Zipped(std::move(response)) : std::move(response));
    });
  }

  HttpResponse Metrics(const std::shared_ptr<const Snapshot>& snapshot, const Scrape& scrape) {
    if (!snapshot) return NoFigures();
    instruments_.CountScrape();
    instruments_.ObserveEpochs(source_.TakeEpochTimings());
    const auto renderer =
        std::make_shared<TextRenderer>(inputs_.Of(snapshot), scrape.format, instruments_.Text(scrape.format));
    HttpResponse response = {.content_type = std::string(ContentTypeOf(scrape.format)),
                             .headers = {{"Vary", "Accept, Accept-Encoding"}},
                             .read = [this, begin = scrape.begin, renderer](char* buffer, size_t capacity) {
                               const size_t size = renderer->Next(buffer, capacity);
                               if (size == 0) instruments_.ObserveScrape(SystemClock().Now() - begin);
                               return size;
                             }};
    return scrape.gzip ? Zipped(std::move(response)) : response;
  }

  // Whether the process should go on living.
  HttpResponse Health() const {
    if (source_.Healthy()) return {.body = "ok\n"};
    return {.status = 503, .body = "no epoch has ended for three intervals\n"};
  }

  // Whether a scrape would give figures.
  HttpResponse Readiness() const { return source_.Latest() ? Health() : NoFigures(); }

  static HttpResponse NoFigures() { return {.status = 503, .body = "no figures yet: the first epoch has not ended\n"}; }

  const std::function<std::vector<SettingRow>()> settings_;
  RenderInputs inputs_;
  SnapshotSource& source_;
  Instruments instruments_;
  // The last members, so that their threads end before what they use.
  FreshSnapshots snapshots_;
  std::unique_ptr<WebAccess> access_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> StartExporter(std::vector<ListenSocket> sockets, const ExporterOptions& options,
                                                SnapshotSource& source) {
  auto exporter = std::make_unique<HttpExporter>(options, source);
  const Status started = exporter->Start(std::move(sockets), options);
  if (!started) return started.error();
  return std::unique_ptr<Exporter>(std::move(exporter));
}

}  // namespace brahe
