#pragma once

#include <optional>
#include <string>

#include "userspace/base/units.h"
#include "userspace/fetch/fetch_failure.h"
#include "userspace/kube/pod_list.h"

namespace brahe::kube {

// Takes what a source learns while it is in a round.
class PodSink {
 public:
  virtual ~PodSink() = default;

  // A request goes out.
  virtual void CountFetch() = 0;
  // These are all pods; fine again.
  virtual void TakeList(PodList list) = 0;
  // One pod has changed, or nothing but the version; fine again.
  virtual void TakeEvent(WatchEvent event) = 0;
  // The round is to end at once, because the directory does.
  [[nodiscard]] virtual bool Stopping() const = 0;
  // Somebody asks for what we have not heard of.
  [[nodiscard]] virtual bool Wanted() const = 0;
};

// Where news of a node's pods comes from. Used by one thread.
class PodSource {
 public:
  virtual ~PodSource() = default;

  // "kubelet https://n1:10250/pods", for log lines.
  [[nodiscard]] virtual std::string name() const = 0;
  // The time from the beginning of a round that went well to the next, if nothing is wanted earlier.
  [[nodiscard]] virtual Nanoseconds period() const = 0;
  // What to look at if it tells of none of the pods that run here. Ends a sentence.
  [[nodiscard]] virtual std::string WhyNoneIsOurs() const = 0;
  // Brings the news to `sink` once, which may take as long as there are any. nullopt: it went well.
  virtual std::optional<fetch::FetchFailure> Round(PodSink& sink) = 0;
};

}  // namespace brahe::kube
