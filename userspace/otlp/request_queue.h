#pragma once

#include <cstddef>
#include <deque>

#include "userspace/otlp/request_builder.h"

namespace brahe::otlp {

// Requests that wait to be sent, oldest first, within a bound of bytes: the oldest go to make place for new ones, which
// hold the same counters, only later. Not thread-safe.
class RequestQueue {
 public:
  explicit RequestQueue(size_t max_bytes) : max_bytes_(max_bytes) {}

  // The newest is kept, however large it is. Returns how many had to go.
  size_t Push(Request request) {
    bytes_ += request.bytes.size();
    requests_.push_back(std::move(request));
    size_t dropped = 0;
    for (; bytes_ > max_bytes_ && requests_.size() > 1; ++dropped) Pop();
    return dropped;
  }
  // These two of a queue that is not empty.
  [[nodiscard]] const Request& front() const { return requests_.front(); }
  void Pop() {
    bytes_ -= requests_.front().bytes.size();
    requests_.pop_front();
  }

  [[nodiscard]] bool empty() const { return requests_.empty(); }
  [[nodiscard]] size_t size() const { return requests_.size(); }
  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  const size_t max_bytes_;
  std::deque<Request> requests_;
  size_t bytes_ = 0;
};

}  // namespace brahe::otlp
