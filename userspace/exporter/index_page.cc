#include "userspace/exporter/index_page.h"

#include <string_view>

namespace brahe::exporter {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Brahe</title>
<link rel="stylesheet" href="/assets/page.css">
<script defer src="/assets/d3.js"></script>
<script type="module" src="/assets/page.js"></script>
</head>
<body>
<h1>Brahe</h1>
<p>Energy of this node, its processes, containers, virtual machines and pods, in joules.</p>
<ul>
<li><a href="/metrics">Metrics</a> in Kepler's schema, and Brahe's own</li>
<li><a href="/healthz">Health</a></li>
<li><a href="/readyz">Readiness</a></li>
<li><a href="/api/v1/snapshot">Snapshot as JSON</a></li>
<li><a href="/api/v1/history">History as JSON</a></li>
</ul>
<dl>
)";

constexpr std::string_view kTail = "</body>\n</html>\n";

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

void AppendEntry(std::string_view term, std::string_view description, std::string& page) {
  page.append("<dt>").append(term).append("</dt><dd>").append(EscapeHtml(description)).append("</dd>\n");
}

void AppendSettings(const std::vector<SettingRow>& settings, std::string& page) {
  if (settings.empty()) return;
  page.append("<h2>Settings</h2>\n<table>\n");
  for (const SettingRow& row : settings) {
    page.append("<tr><td>").append(EscapeHtml(row.key)).append("</td><td>").append(EscapeHtml(row.value));
    page.append("</td><td>").append(EscapeHtml(row.origin)).append("</td></tr>\n");
  }
  page.append("</table>\n");
}

}  // namespace

std::string IndexPage(const exposition::RenderOptions& options, const monitor::Snapshot* snapshot,
                      const std::vector<SettingRow>& settings) {
  std::string page(kHead);
  AppendEntry("Version", options.version + (options.revision.empty() ? "" : " (" + options.revision + ")"), page);
  AppendEntry("Node", options.node_name, page);
  if (snapshot) {
    AppendEntry("Energy from", snapshot->energy_source + (snapshot->energy_measured ? ", measured" : ", not measured"),
                page);
    AppendEntry("CPU time from", snapshot->cpu_time_source, page);
  } else {
    AppendEntry("State", "starting: the first epoch has not ended", page);
  }
  page.append("</dl>\n");
  AppendSettings(settings, page);
  page.append(kTail);
  return page;
}

}  // namespace brahe::exporter
