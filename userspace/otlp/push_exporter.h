#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/fetch/backoff.h"
#include "userspace/monitor/snapshot_source.h"
#include "userspace/otlp/request_queue.h"
#include "userspace/otlp/sender.h"
#include "userspace/otlp/snapshot_encoder.h"

namespace brahe::otlp {

// How often requests came to which end.
struct PushFigures {
  uint64_t taken = 0;
  uint64_t partial = 0;     // taken in part
  uint64_t unreadable = 0;  // answered by who does not speak OTLP
  uint64_t refused = 0;     // dropped, as they would be refused again
  uint64_t failed = 0;      // attempts after which the request was kept
  uint64_t dropped = 0;     // of the full queue
  uint64_t rejected_points = 0;
  uint64_t queued_requests = 0;  // now
  uint64_t queued_bytes = 0;
};

struct PushOptions {
  Nanoseconds interval = Seconds(15);
  Nanoseconds timeout = Seconds(10);  // of one request
  std::vector<std::string> levels;    // as of SnapshotEncoder
  bool gzip = true;
  size_t max_queue_bytes = 8 << 20;    // of requests that wait, compressed
  size_t max_request_bytes = 4 << 20;  // of one before it is compressed
  Nanoseconds last_export = Seconds(2);
  fetch::Backoff::Options backoff = {.first = Seconds(1), .longest = Seconds(30)};
};

// Pushes the latest snapshot at each interval, in a thread of its own, which nobody waits for. What cannot be sent
// waits in a queue within a bound of bytes, and is sent in its order once that is possible: nothing of a counter is
// lost in any case, since the next request has it too. Makes, starts and stops: one thread; the rest: any.
class PushExporter {
 public:
  // `source` and `clock` must outlive it.
  PushExporter(PushOptions options, std::unique_ptr<Sender> sender, monitor::SnapshotSource& source,
               const Clock& clock = SystemClock());
  ~PushExporter() { Stop(); }

  // `origin.started`: when the books were opened.
  void Start(const Origin& origin);
  // Pushes what there is once more, for `last_export` or a second longer at most. To be called while the source still
  // makes snapshots.
  void Stop();

  // Of the exports to come.
  void SetLevels(std::vector<std::string> levels);
  [[nodiscard]] PushFigures Figures() const;

 private:
  void Run();
  // Makes requests of a snapshot that was not exported yet, if there is one: a fresh one, or the latest that there is.
  void Export(bool fresh);
  void Enqueue(Request request);
  // False if it is to be tried again.
  bool SendFront(Nanoseconds timeout);
  void Log(const SendOutcome& outcome);
  void Count(const SendOutcome& outcome);
  void PutOff(const SendOutcome& outcome, Nanoseconds began);
  void SendLast();
  // Returns at `instant`, or earlier if it is to stop.
  void WaitUntil(Nanoseconds instant);
  [[nodiscard]] bool Stopping() const;
  // Whether it is time to end, also in the middle of a request.
  [[nodiscard]] bool TimeIsUp() const;

  const PushOptions options_;
  const std::unique_ptr<Sender> sender_;
  monitor::SnapshotSource& source_;
  const Clock& clock_;

  // Of the thread.
  std::optional<SnapshotEncoder> encoder_;
  RequestQueue queue_;
  uint64_t exported_epoch_ = 0;
  fetch::Backoff backoff_;
  Nanoseconds not_before_;  // the next attempt
  bool throttled_ = false;  // the receiver has said so
  std::mt19937_64 random_{std::random_device()()};
  FaultLog faults_;
  std::set<std::string> said_;  // keys of faults that end when a request is taken

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> levels_;
  PushFigures figures_;
  bool stopping_ = false;
  Nanoseconds end_;  // while stopping: when to be done

  std::thread thread_;
};

}  // namespace brahe::otlp
