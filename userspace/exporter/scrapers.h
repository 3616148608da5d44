#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/http/http_message.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exporter {

// What a scraper was given, all of it.
struct Given {
  std::shared_ptr<const monitor::Snapshot> snapshot;
  Nanoseconds asked;  // when it had asked for it, on CLOCK_MONOTONIC
};

// What is known of one who scrapes again and again. Any thread.
class Scraper {
 public:
  [[nodiscard]] std::optional<Given> last() const;
  void Gave(Given given);

 private:
  mutable std::mutex mutex_;
  std::optional<Given> last_;
};

// Knows the scrapers, each by its connection: a scraper keeps that from scrape to scrape, and two that stand behind one
// address have one each. One that comes with a new connection goes on where one of the same address and settings
// stopped whose connection has closed. If there are several of these, it goes on where the last of them stopped: a
// scraper may then be told less than it could, and is never told anything twice. Behind a proxy, which may use any
// connection for anybody, all with the same settings whom it asks for are one, likewise. Any thread.
class Scrapers {
 public:
  // Who asks; null for one that is no Prometheus. `now` is on CLOCK_MONOTONIC.
  std::shared_ptr<Scraper> Of(const http::HttpRequest& request, Nanoseconds now);

  static constexpr size_t kMost = 8;  // each keeps a snapshot
  static constexpr Nanoseconds kMemory = Seconds(600);

 private:
  struct Entry {
    std::string key;                       // all that a scraper is known by, but for its connection
    std::weak_ptr<const void> connection;  // of the last scrape
    Nanoseconds used;
    std::shared_ptr<Scraper> scraper;
  };

  void Forget(Nanoseconds now);
  Entry* Find(const std::string& key, const http::HttpRequest& request);
  Entry* FindClosed(const std::string& key);

  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace brahe::exporter
