#include "userspace/exporter/exporter.h"

#include <utility>

#include "userspace/base/clock.h"
#include "userspace/exporter/http_server.h"
#include "userspace/exporter/index_page.h"
#include "userspace/exporter/registry.h"
#include "userspace/exporter/render_inputs.h"
#include "userspace/exporter/text_renderer.h"

namespace brahe {
namespace {

class HttpExporter final : public Exporter {
 public:
  HttpExporter(const ExporterOptions& options, SnapshotSource& source)
      : inputs_({.levels = options.levels,
                 .node_name = options.node_name,
                 .version = options.version,
                 .revision = options.revision,
                 .branch = options.branch,
                 .arch = options.arch}),
        source_(source),
        instruments_(options.node_name, options.pods) {}

  Status Start(const std::vector<std::string>& addresses) {
    auto server = StartHttpServer({.addresses = addresses}, [this](std::string_view path) { return Answer(path); });
    if (!server) return server.error();
    server_ = std::move(*server);
    return {};
  }

  [[nodiscard]] std::vector<uint16_t> ports() const override { return server_->ports(); }

 private:
  HttpResponse Answer(std::string_view path) {
    if (path == "/metrics") return Metrics();
    if (path == "/healthz") return Health();
    if (path == "/")
      return {.content_type = "text/html; charset=utf-8", .body = IndexPage(inputs_.options(), source_.Latest().get())};
    return {.status = 404, .body = "not found; there are /metrics and /healthz\n"};
  }

  HttpResponse Metrics() {
    const Nanoseconds start = SystemClock().Now();
    std::shared_ptr<const Snapshot> snapshot = source_.Fresh();
    if (!snapshot) return {.status = 503, .body = "no figures yet: the first epoch has not ended\n"};
    instruments_.CountScrape();
    instruments_.ObserveEpochs(source_.TakeEpochDurations());
    constexpr ExpositionFormat kFormat = ExpositionFormat::kText;
    auto renderer = std::make_shared<TextRenderer>(inputs_.Of(snapshot), kFormat, instruments_.Text(kFormat));
    return {.content_type = std::string(ContentTypeOf(kFormat)),
            .read = [this, start, renderer = std::move(renderer)](char* buffer, size_t capacity) {
              const size_t size = renderer->Next(buffer, capacity);
              if (size == 0) instruments_.ObserveScrape(SystemClock().Now() - start);
              return size;
            }};
  }

  HttpResponse Health() const {
    if (source_.Healthy()) return {.body = "ok\n"};
    return {.status = 503, .body = "no epoch has ended for three intervals\n"};
  }

  RenderInputs inputs_;
  SnapshotSource& source_;
  Instruments instruments_;
  std::unique_ptr<HttpServer> server_;  // the last member, so that its threads end before what they use
};

}  // namespace

Result<std::unique_ptr<Exporter>> StartExporter(const ExporterOptions& options, SnapshotSource& source) {
  auto exporter = std::make_unique<HttpExporter>(options, source);
  const Status started = exporter->Start(options.listen_addresses);
  if (!started) return started.error();
  return std::unique_ptr<Exporter>(std::move(exporter));
}

}  // namespace brahe
