#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/base/units.h"
#include "userspace/monitor/figure_of.h"
#include "userspace/monitor/workload_list.h"

namespace brahe::monitor {

template <typename Record>
struct ListingPage;

// Of a process: when it started, as in its ProcessKey. Of others 0.
template <typename Record>
uint64_t StartOf(const Record& record) {
  if constexpr (requires { record.key.start_ns; }) return record.key.start_ns;
  return 0;
}

// What a Listing keeps in each of its records.
template <typename Record>
struct ListingEntry {
  ListingPage<Record>* page = nullptr;  // null while it is not listed
  PackedInstant since;                  // these two as in WorkloadFace
  uint64_t serial : 63 = 0;
  bool published : 1 = false;  // stands in a list that was made
};

// A page of a Listing: records that stand together, and the chunk that was last made of them.
template <typename Record>
struct ListingPage {
  using Chunk = WorkloadChunk<typename Record::Labels>;

  std::vector<Record*> records;
  std::vector<attribution::AccountId> accounts;  // theirs, so that new figures take no look at the records
  std::shared_ptr<const Chunk> chunk;
  bool changed = false;    // the chunk's figures are to be made anew
  bool refreshed = false;  // and its faces as well
};

// The workloads of one level that are listed, oldest first, and how the list of each epoch is made of them: only pages
// with a workload that has changed become new chunks. A Record has `labels`, `account`, `ended` and a
// ListingEntry `entry`. Records must be removed before they go. Not thread-safe.
template <typename Record>
class Listing {
 public:
  using Labels = typename Record::Labels;
  using Page = ListingPage<Record>;

  // Few enough that one which ran does not cost much for its neighbours, many enough that pages are few.
  static constexpr size_t kPageSize = 64;

  // `since`: when its account was opened.
  void Add(Record& record, Nanoseconds since) { Put(record, since, next_serial_++); }
  // One that an earlier list had, with what its WorkloadFace said.
  void Resume(Record& record, PackedInstant since, uint64_t serial) {
    next_serial_ = std::max(next_serial_, serial + 1);
    Put(record, since, serial);
    record.entry.published = true;
  }
  void Remove(Record& record);
  // Tells that the balance of a record's account changes in this epoch. Nothing for one that is not listed.
  void TouchFigures(Record& record) {
    if (record.entry.page != nullptr) Touch(*record.entry.page);
  }
  // The same of any record on a page of this listing, for those who keep the page: it stands until a record is removed.
  void TouchFigures(Page& page) { Touch(page); }
  // Tells that its state has changed.
  void TouchFace(Record& record) {
    if (record.entry.page == nullptr) return;
    record.entry.page->refreshed = true;
    Touch(*record.entry.page);
  }
  // Tells that its labels have changed.
  void TouchLabels(Record& record) {
    if (record.entry.published) record.entry.since.reset();
    TouchFace(record);
  }
  // The list after the ledger's last Post. `time`: by series, as for FigureOf.
  WorkloadList<Labels> List(const attribution::Ledger& ledger, const std::vector<std::optional<Nanoseconds>>& time);

  // Calls `visit` with each record, the oldest first.
  void ForEach(const auto& visit) const {
    for (const auto& page : pages_) {
      for (Record* record : page->records) visit(*record);
    }
  }
  [[nodiscard]] size_t pages() const { return pages_.size(); }

 private:
  using Chunk = typename Page::Chunk;
  using Faces = typename Chunk::Faces;

  void Touch(Page& page) {
    if (!std::exchange(page.changed, true)) changed_.push_back(&page);
  }
  void Put(Record& record, PackedInstant since, uint64_t serial);
  void Compact();
  void MoveAll(Page& from, Page& to);
  void Remake(Page& page, const attribution::Ledger& ledger, const std::vector<std::optional<Nanoseconds>>& time) const;

  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<Page*> changed_;  // since the last list
  bool shrunk_ = false;         // a record was removed since the last list
  uint64_t next_serial_ = 0;
};

template <typename Record>
void Listing<Record>::Put(Record& record, PackedInstant since, uint64_t serial) {
  if (pages_.empty() || pages_.back()->records.size() >= kPageSize) pages_.push_back(std::make_unique<Page>());
  Page& page = *pages_.back();
  page.records.push_back(&record);
  page.accounts.push_back(record.account);
  record.entry = {.page = &page, .since = since, .serial = serial};
  TouchFace(record);
}

template <typename Record>
void Listing<Record>::Remove(Record& record) {
  Page& page = *record.entry.page;
  TouchFace(record);
  const auto at = std::find(page.records.begin(), page.records.end(), &record) - page.records.begin();
  page.records.erase(page.records.begin() + at);
  page.accounts.erase(page.accounts.begin() + at);
  record.entry.page = nullptr;
  shrunk_ = true;
}

template <typename Record>
WorkloadList<typename Record::Labels> Listing<Record>::List(const attribution::Ledger& ledger,
                                                            const std::vector<std::optional<Nanoseconds>>& time) {
  if (std::exchange(shrunk_, false)) Compact();
  for (Page* page : changed_) Remake(*page, ledger, time);
  changed_.clear();
  std::vector<std::optional<Microwatts>> power_at_rest;
  for (const auto& t : time) power_at_rest.push_back(t ? std::optional(Microwatts{}) : std::nullopt);
  WorkloadList<Labels> list(ledger.epoch(), std::move(power_at_rest));
  list.Reserve(pages_.size());
  for (const auto& page : pages_) list.Append(page->chunk);
  return list;
}

// Puts pages that have become small together with the next one, so that any two neighbours have half a page at least.
template <typename Record>
void Listing<Record>::Compact() {
  Page* last = nullptr;
  for (const auto& page : pages_) {
    if (page->records.empty()) continue;
    if (last != nullptr && last->records.size() + page->records.size() <= kPageSize / 2) {
      MoveAll(*page, *last);
    } else {
      last = page.get();
    }
  }
  std::erase_if(changed_, [](const Page* page) { return page->records.empty(); });
  std::erase_if(pages_, [](const auto& page) { return page->records.empty(); });
}

template <typename Record>
void Listing<Record>::MoveAll(Page& from, Page& to) {
  for (Record* record : from.records) record->entry.page = &to;
  to.records.insert(to.records.end(), from.records.begin(), from.records.end());
  to.accounts.insert(to.accounts.end(), from.accounts.begin(), from.accounts.end());
  from.records.clear();
  TouchFace(*to.records.front());
}

template <typename Record>
void Listing<Record>::Remake(Page& page, const attribution::Ledger& ledger,
                             const std::vector<std::optional<Nanoseconds>>& time) const {
  auto chunk = std::make_shared<Chunk>(time.size());
  chunk->epoch = ledger.epoch();
  if (std::exchange(page.refreshed, false)) {
    auto faces = std::make_shared<Faces>();
    faces->reserve(page.records.size());
    for (Record* record : page.records) {
      record->entry.published = true;
      faces->push_back({.labels = record->labels,
                        .state = record->ended ? WorkloadState::kTerminated : WorkloadState::kRunning,
                        .since = record->entry.since,
                        .serial = record->entry.serial,
                        .start_ns = StartOf(*record)});
    }
    chunk->faces = std::move(faces);
  } else {
    chunk->faces = page.chunk->faces;
  }
  chunk->cpu_times.reserve(page.accounts.size());
  chunk->figures.reserve(page.accounts.size() * time.size());
  for (const attribution::AccountId account : page.accounts) {
    chunk->AddFigures(ledger.CpuTime(account),
                      [&](size_t series) { return FigureOf(ledger.BalanceOf(account, series), time[series]); });
  }
  page.chunk = std::move(chunk);
  page.changed = false;
}

}  // namespace brahe::monitor
