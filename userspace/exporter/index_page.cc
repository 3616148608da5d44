#include "userspace/exporter/index_page.h"

#include <string_view>

#include "userspace/monitor/energy_origin.h"

namespace brahe::exporter {
namespace {

// Addresses are relative, so that the page works behind a proxy that puts it into a folder.
// What scripts fill is hidden until they run: theme.js marks the document. The rest is read without them.
constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="Energy of this node, its processes, containers, virtual machines and pods">
<title>Brahe</title>
<link rel="icon" href="assets/icon.svg">
<link rel="stylesheet" href="assets/page.css">
<script src="assets/theme.js"></script>
<script src="assets/d3.js" defer></script>
<script type="module" src="assets/page.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the figures</a>
<header class="top">
<h1>Brahe</h1>
<p class="node-name">)";

constexpr std::string_view kMain = R"(</p>
<p class="live" id="updated"></p>
<button class="live" id="theme" type="button">Dark theme</button>
</header>
<main id="main" tabindex="-1">
<noscript><p class="banner">The live figures need scripts, which this browser does not run. The links below do not.</p></noscript>
<div class="live banner" id="trouble" role="alert" hidden><span id="trouble-text"></span>
<button id="retry" type="button">Try now</button></div>
<section class="live now" id="now" aria-labelledby="now-title">
<h2 id="now-title">Power now</h2>
<p class="loading">Waiting for the first figures</p>
</section>
<section class="live card" id="history" aria-labelledby="history-title">
<div class="card-head"><h2 id="history-title">The last hour</h2>
<fieldset id="range" class="choices"><legend class="unseen">Time shown</legend></fieldset></div>
<fieldset id="levels" class="choices"><legend class="unseen">Divide the power by</legend></fieldset>
<div class="chart-and-legend">
<figure><div id="chart"></div><figcaption id="chart-note"></figcaption></figure>
<div class="scroll" id="legend" tabindex="0" role="region" aria-label="Layers of the chart"></div>
</div>
</section>
<section class="live card" id="table" aria-labelledby="table-title">
<div class="card-head"><h2 id="table-title">Who uses it</h2>
<p class="filter"><label for="filter">Filter</label><input id="filter" type="search" autocomplete="off" spellcheck="false"></p></div>
<p class="note" id="table-note"></p>
<p class="unseen" id="table-said" role="status"></p>
<div class="scroll" id="rows" tabindex="0" role="region" aria-labelledby="table-title"></div>
<button id="show-all" type="button" hidden>Show all</button>
</section>
<section class="live card" id="flow" aria-labelledby="flow-title">
<h2 id="flow-title">Where the power goes</h2>
<p class="note" id="flow-note"></p>
<div class="scroll" id="flow-picture" tabindex="0" role="region" aria-label="Picture of the power's way"></div>
<details><summary>The same as a table</summary><div class="scroll" id="flow-table" tabindex="0" role="region" aria-label="The power's way"></div></details>
</section>
<section class="live card" id="books" aria-labelledby="books-title">
<h2 id="books-title">The books</h2>
<p class="note" id="books-note"></p>
<div id="books-picture"></div>
<div class="scroll" id="books-table" tabindex="0" role="region" aria-label="The books in joules"></div>
</section>
<section class="live card" id="sensors" aria-labelledby="sensors-title">
<h2 id="sensors-title">Sensors</h2>
<div class="scroll" id="sensors-table" tabindex="0" role="region" aria-labelledby="sensors-title"></div>
</section>
<section class="live card" id="machine" aria-labelledby="machine-title">
<h2 id="machine-title">CPUs and kernel</h2>
<div id="cpus"></div>
<div id="kernel"></div>
</section>
<section class="card" aria-labelledby="about-title">
<h2 id="about-title">This exporter</h2>
<dl>
)";

constexpr std::string_view kLinks = R"(</dl>
<ul class="links">
<li><a href="metrics">Metrics</a> in Kepler's schema, and Brahe's own</li>
<li><a href="healthz">Health</a></li>
<li><a href="readyz">Readiness</a></li>
<li><a href="api/v1/snapshot">Snapshot as JSON</a></li>
<li><a href="api/v1/history">History as JSON</a></li>
<li><a href="assets/d3-license.txt">The licence of D3</a>, which draws the pictures</li>
</ul>
)";

constexpr std::string_view kTail = "</section>\n</main>\n</body>\n</html>\n";

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
  page.append("<details>\n<summary>Settings</summary>\n");
  page.append("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Settings\">\n<table>\n");
  page.append("<tr><th scope=\"col\">Key</th><th scope=\"col\">Value</th><th scope=\"col\">Set by</th></tr>\n");
  for (const SettingRow& row : settings) {
    page.append("<tr><td>").append(EscapeHtml(row.key)).append("</td><td>").append(EscapeHtml(row.value));
    page.append("</td><td>").append(EscapeHtml(row.origin)).append("</td></tr>\n");
  }
  page.append("</table>\n</div>\n</details>\n");
}

}  // namespace

std::string IndexPage(const exposition::RenderOptions& options, const monitor::Snapshot* snapshot,
                      const std::vector<SettingRow>& settings) {
  std::string page(kHead);
  page.append(EscapeHtml(options.node_name)).append(kMain);
  AppendEntry("Version", options.version + (options.revision.empty() ? "" : " (" + options.revision + ")"), page);
  AppendEntry("Node", options.node_name, page);
  if (snapshot) {
    const monitor::EnergyOrigin origin = monitor::EnergyOriginOf(*snapshot);
    AppendEntry("Energy from", origin.source + (origin.measured ? ", measured" : ", not measured"), page);
    AppendEntry("CPU time from", snapshot->cpu_time_source, page);
  } else {
    AppendEntry("State", "starting: the first epoch has not ended", page);
  }
  page.append(kLinks);
  AppendSettings(settings, page);
  page.append(kTail);
  return page;
}

}  // namespace brahe::exporter
