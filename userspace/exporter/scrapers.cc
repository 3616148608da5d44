#include "userspace/exporter/scrapers.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace brahe::exporter {
namespace {

// What proxies say of those whom they ask for.
constexpr const char* kForwarding[] = {"forwarded", "x-forwarded-for", "via"};

bool IsForwarded(const http::HttpRequest& request) {
  return std::any_of(std::begin(kForwarding), std::end(kForwarding),
                     [&](const char* name) { return request.headers.contains(name); });
}

// All that a scraper is known by, but for its connection; empty for one that is no Prometheus.
std::string KeyOf(const http::HttpRequest& request) {
  constexpr char kTimeout[] = "x-prometheus-scrape-timeout-seconds";
  const std::string_view agent = http::HeaderOf(request, "user-agent");
  if (request.method != "GET" || !agent.starts_with("Prometheus/") || http::HeaderOf(request, kTimeout).empty())
    return "";
  std::string key = request.peer;
  key.append("\n").append(agent);
  for (const char* name : {kTimeout, kForwarding[0], kForwarding[1], kForwarding[2]}) {
    key.append("\n").append(http::HeaderOf(request, name));
  }
  for (const auto& [name, value] : request.arguments) key.append("\n").append(name).append("=").append(value);
  return key;
}

bool IsSame(const std::weak_ptr<const void>& a, const std::weak_ptr<const void>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

}  // namespace

std::optional<Given> Scraper::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void Scraper::Gave(Given given) {
  std::optional<Given> dropped;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  if (last_ && given.asked < last_->asked) return;
  dropped = std::exchange(last_, std::move(given));
}

std::shared_ptr<Scraper> Scrapers::Of(const http::HttpRequest& request, Nanoseconds now) {
  const std::string key = KeyOf(request);
  if (key.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  Forget(now);
  Entry* entry = Find(key, request);
  if (!entry) entry = FindClosed(key);
  if (!entry) {
    if (entries_.size() == kMost) {
      entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                      [](const Entry& a, const Entry& b) { return a.used < b.used; }));
    }
    entry = &entries_.emplace_back();
    entry->key = key;
    entry->scraper = std::make_shared<Scraper>();
  }
  entry->connection = request.connection;
  entry->used = now;
  return entry->scraper;
}

void Scrapers::Forget(Nanoseconds now) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.used + kMemory < now; });
}

Scrapers::Entry* Scrapers::Find(const std::string& key, const http::HttpRequest& request) {
  const bool forwarded = IsForwarded(request);
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.key == key && (forwarded || IsSame(entry.connection, request.connection));
  });
  return found != entries_.end() ? &*found : nullptr;
}

// All of that key whose connection has closed know from now on what the last of them was given, because it cannot be
// told which of them comes back.
Scrapers::Entry* Scrapers::FindClosed(const std::string& key) {
  std::vector<Entry*> closed;
  std::optional<Given> latest;
  for (Entry& entry : entries_) {
    if (entry.key != key || !entry.connection.expired()) continue;
    closed.push_back(&entry);
    std::optional<Given> last = entry.scraper->last();
    if (last && (!latest || latest->asked < last->asked)) latest = std::move(last);
  }
  if (closed.empty()) return nullptr;
  for (Entry* entry : closed) {
    if (latest) entry->scraper->Gave(*latest);
  }
  return closed.front();
}

}  // namespace brahe::exporter
