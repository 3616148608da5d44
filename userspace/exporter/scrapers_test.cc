#include "userspace/exporter/scrapers.h"

#include <gtest/gtest.h>

#include <vector>

namespace brahe::exporter {
namespace {

using Connection = std::shared_ptr<const void>;
using Snapshot = std::shared_ptr<const monitor::Snapshot>;

Connection Connect() { return std::make_shared<char>(); }
Snapshot NewSnapshot() { return std::make_shared<const monitor::Snapshot>(); }

http::HttpRequest Scrape(const Connection& connection, const std::string& peer = "192.0.2.1") {
  return {.method = "GET",
          .path = "/metrics",
          .headers = {{"user-agent", "Prometheus/2.42.0"}, {"x-prometheus-scrape-timeout-seconds", "10"}},
          .peer = peer,
          .connection = connection};
}

class ScrapersTest : public ::testing::Test {
 protected:
  // Scrapes and is given `snapshot`; what it was given before.
  Snapshot Give(const http::HttpRequest& request, const Snapshot& snapshot) {
    now_ += Seconds(1);
    const auto scraper = scrapers_.Of(request, now_);
    const auto last = scraper->last();
    if (snapshot) scraper->Gave({snapshot, now_});
    return last ? last->snapshot : nullptr;
  }

  Nanoseconds now_ = Seconds(1);
  Scrapers scrapers_;
  const Snapshot first_ = NewSnapshot(), second_ = NewSnapshot(), third_ = NewSnapshot();
};

TEST_F(ScrapersTest, OnlyAPrometheusIsAScraper) {
  const Connection connection = Connect();
  EXPECT_NE(scrapers_.Of(Scrape(connection), now_), nullptr);
  http::HttpRequest curl = Scrape(connection);
  curl.headers["user-agent"] = "curl/7.88.1";
  EXPECT_EQ(scrapers_.Of(curl, now_), nullptr);
  http::HttpRequest no_timeout = Scrape(connection);
  no_timeout.headers.erase("x-prometheus-scrape-timeout-seconds");
  EXPECT_EQ(scrapers_.Of(no_timeout, now_), nullptr);
  http::HttpRequest head = Scrape(connection);
  head.method = "HEAD";
  EXPECT_EQ(scrapers_.Of(head, now_), nullptr);
}

TEST_F(ScrapersTest, AScraperIsKnownByItsConnection) {
  const Connection one = Connect(), other = Connect();
  EXPECT_EQ(Give(Scrape(one), first_), nullptr);
  EXPECT_EQ(Give(Scrape(other), second_), nullptr) << "the other half of a pair behind the same address";
  EXPECT_EQ(Give(Scrape(one), third_), first_);
  EXPECT_EQ(Give(Scrape(other), third_), second_);
}

TEST_F(ScrapersTest, WhatWasNotDeliveredWasNotSeen) {
  const Connection connection = Connect();
  Give(Scrape(connection), first_);
  EXPECT_EQ(Give(Scrape(connection), nullptr), first_);
  EXPECT_EQ(Give(Scrape(connection), nullptr), first_);
}

TEST_F(ScrapersTest, ANewConnectionGoesOnWhereAClosedOneStopped) {
  Connection connection = Connect();
  Give(Scrape(connection), first_);
  connection = Connect();
  EXPECT_EQ(Give(Scrape(connection), second_), first_);
  connection.reset();
  EXPECT_EQ(Give(Scrape(Connect(), "192.0.2.2"), third_), nullptr) << "somebody else";
  http::HttpRequest upgraded = Scrape(Connect());
  upgraded.headers["user-agent"] = "Prometheus/3.5.0";
  EXPECT_EQ(Give(upgraded, third_), nullptr);
}

TEST_F(ScrapersTest, TwoThatComeBackAreToldNothingTwice) {
  Connection one = Connect(), other = Connect();
  Give(Scrape(one), first_);
  Give(Scrape(other), second_);
  one.reset();
  other.reset();
  one = Connect();
  other = Connect();
  EXPECT_EQ(Give(Scrape(one), third_), second_);
  EXPECT_EQ(Give(Scrape(other), third_), second_) << "and not the first, which may be the one's";
}

TEST_F(ScrapersTest, ThoseBehindAProxyAreKnownByWhatItSaysOfThem) {
  const auto forwarded = [](const Connection& connection, const std::string& client) {
    http::HttpRequest request = Scrape(connection, "127.0.0.1");
    request.headers["x-forwarded-for"] = client;
    return request;
  };
  const Connection one = Connect(), other = Connect();
  Give(forwarded(one, "192.0.2.1"), first_);
  EXPECT_EQ(Give(forwarded(one, "192.0.2.2"), second_), nullptr);
  EXPECT_EQ(Give(forwarded(other, "192.0.2.1"), third_), first_) << "over whichever connection";
}

TEST_F(ScrapersTest, WhoHasNotComeForLongIsForgotten) {
  const Connection connection = Connect();
  std::weak_ptr<const monitor::Snapshot> kept;
  {
    const Snapshot snapshot = NewSnapshot();
    kept = snapshot;
    Give(Scrape(connection), snapshot);
  }
  EXPECT_FALSE(kept.expired());
  now_ += Scrapers::kMemory + Seconds(1);
  EXPECT_EQ(Give(Scrape(connection), first_), nullptr);
  EXPECT_TRUE(kept.expired());
}

TEST_F(ScrapersTest, OnlySoManyAreKnown) {
  std::vector<Connection> connections;
  std::vector<std::weak_ptr<const monitor::Snapshot>> kept;
  for (size_t i = 0; i < 3 * Scrapers::kMost; ++i) {
    connections.push_back(Connect());
    const Snapshot snapshot = NewSnapshot();
    kept.push_back(snapshot);
    Give(Scrape(connections.back()), snapshot);
  }
  size_t alive = 0;
  for (const auto& each : kept) alive += each.expired() ? 0 : 1;
  EXPECT_EQ(alive, Scrapers::kMost);
  EXPECT_NE(Give(Scrape(connections.back()), first_), nullptr) << "those who came last";
  EXPECT_EQ(Give(Scrape(connections.front()), first_), nullptr);
}

}  // namespace
}  // namespace brahe::exporter
