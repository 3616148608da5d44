#include "userspace/otlp/push_exporter.h"

#include <glog/logging.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "userspace/http/gzip_stream.h"

namespace brahe::otlp {
namespace {

using Kind = SendOutcome::Kind;

constexpr char kQueueIsFull[] = "queue";

std::string Zipped(std::string_view text) {
  http::GzipStream stream([&text](char* buffer, size_t capacity) {
    const size_t size = text.copy(buffer, capacity);
    text.remove_prefix(size);
    return size;
  });
  std::string out;
  char block[16 << 10];
  while (const size_t size = stream.Next(block, sizeof block)) out.append(block, size);
  return out;
}

}  // namespace

PushExporter::PushExporter(PushOptions options, std::unique_ptr<Sender> sender, monitor::SnapshotSource& source,
                           const Clock& clock)
    : options_(std::move(options)),
      sender_(std::move(sender)),
      source_(source),
      clock_(clock),
      queue_(options_.max_queue_bytes),
      backoff_(options_.backoff),
      faults_(clock),
      levels_(options_.levels) {}

void PushExporter::Start(const Origin& origin) {
  encoder_.emplace(origin, options_.max_request_bytes);
  thread_ = std::thread([this] { Run(); });
}

void PushExporter::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) end_ = clock_.Now() + options_.last_export;
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PushExporter::SetLevels(std::vector<std::string> levels) {
  const std::lock_guard lock(mutex_);
  levels_ = std::move(levels);
}

PushFigures PushExporter::Figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void PushExporter::Run() {
  Nanoseconds due = clock_.Now() + options_.interval;
  while (!Stopping()) {
    const Nanoseconds now = clock_.Now();
    if (now >= due) {
      Export(/*fresh=*/false);
      due += options_.interval * ((now - due).value / options_.interval.value + 1);
    } else if (!queue_.empty() && now >= not_before_) {
      SendFront(options_.timeout);
    } else {
      WaitUntil(queue_.empty() ? due : std::min(due, not_before_));
    }
  }
  SendLast();
}

void PushExporter::Export(bool fresh) {
  // The latest has the power of a whole epoch and costs none of its own. Only where it is no news, one is cut.
  auto snapshot = fresh ? source_.Fresh() : source_.Latest();
  if (!fresh && (snapshot == nullptr || snapshot->epoch == exported_epoch_)) snapshot = source_.Fresh();
  if (snapshot == nullptr || snapshot->epoch == exported_epoch_) return;
  exported_epoch_ = snapshot->epoch;
  std::vector<std::string> levels;
  {
    const std::lock_guard lock(mutex_);
    levels = levels_;
  }
  encoder_->Encode(*snapshot, levels, [this](Request request) { Enqueue(std::move(request)); });
}

void PushExporter::Enqueue(Request request) {
  if (options_.gzip) request.bytes = Zipped(request.bytes);
  const size_t dropped = queue_.Push(std::move(request));
  if (dropped > 0 && faults_.Report(kQueueIsFull, "OTLP: " + std::to_string(queue_.bytes()) +
                                                      " bytes wait to be sent to " + sender_->name() +
                                                      "; the oldest requests are dropped, whose counters the newer "
                                                      "ones have as well")) {
    said_.insert(kQueueIsFull);
  }
  const std::lock_guard lock(mutex_);
  figures_.dropped += dropped;
  figures_.queued_requests = queue_.size();
  figures_.queued_bytes = queue_.bytes();
}

bool PushExporter::SendFront(Nanoseconds timeout) {
  const Nanoseconds began = clock_.Now();
  const SendOutcome outcome =
      sender_->Send(queue_.front(), {.timeout = timeout, .cancelled = [this] { return TimeIsUp(); }});
  const bool keep = outcome.kind == Kind::kFailed || outcome.kind == Kind::kBrokenOff;
  if (!keep) queue_.Pop();
  throttled_ = false;
  if (outcome.kind == Kind::kFailed) PutOff(outcome, began);
  Log(outcome);
  Count(outcome);
  return !keep;
}

void PushExporter::PutOff(const SendOutcome& outcome, Nanoseconds began) {
  const Nanoseconds now = clock_.Now();
  Nanoseconds wait = backoff_.Next(began, now, random_());
  if (outcome.retry_after) {
    throttled_ = true;
    // Not all nodes of a cluster at once.
    const Nanoseconds asked = *outcome.retry_after + Nanoseconds{random_() % (outcome.retry_after->value / 10 + 1)};
    wait = std::max(wait, asked);
  }
  not_before_ = now + wait;
}

void PushExporter::Log(const SendOutcome& outcome) {
  if (!outcome.message.empty()) faults_.Report(outcome.cause, "OTLP: " + outcome.message);
  const bool lasts = outcome.kind == Kind::kFailed || outcome.kind == Kind::kRefused;
  if (lasts) said_.insert(outcome.cause);
  if (lasts || outcome.kind == Kind::kBrokenOff) return;
  for (const std::string& key : said_) {
    faults_.Clear(key, "OTLP: " + sender_->name() + " takes requests again (" + key + ")");
  }
  said_.clear();
}

void PushExporter::Count(const SendOutcome& outcome) {
  const std::lock_guard lock(mutex_);
  switch (outcome.kind) {
    case Kind::kTaken:
      ++figures_.taken;
      break;
    case Kind::kPartial:
      ++figures_.partial;
      break;
    case Kind::kUnreadable:
      ++figures_.unreadable;
      break;
    case Kind::kRefused:
      ++figures_.refused;
      break;
    case Kind::kFailed:
      ++figures_.failed;
      break;
    case Kind::kBrokenOff:
      break;
  }
  figures_.rejected_points += outcome.rejected_points;
  figures_.queued_requests = queue_.size();
  figures_.queued_bytes = queue_.bytes();
}

void PushExporter::SendLast() {
  Export(/*fresh=*/true);
  while (!queue_.empty() && !throttled_) {
    const Nanoseconds now = clock_.Now();
    if (TimeIsUp() || !SendFront(end_ - now)) break;
  }
  if (!queue_.empty()) LOG(WARNING) << "OTLP: " << queue_.size() << " requests have not been sent at the end";
}

void PushExporter::WaitUntil(Nanoseconds instant) {
  const Nanoseconds now = clock_.Now();
  if (now >= instant) return;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds((instant - now).value), [this] { return stopping_; });
}

bool PushExporter::Stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool PushExporter::TimeIsUp() const {
  const std::lock_guard lock(mutex_);
  return stopping_ && clock_.Now() >= end_;
}

}  // namespace brahe::otlp
