#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/fetch/backoff.h"
#include "userspace/kube/pod_directory.h"
#include "userspace/kube/pod_source.h"
#include "userspace/kube/pod_store.h"
#include "userspace/kube/unknown_ids.h"
#include "userspace/kube/unlisted_pods.h"

namespace brahe::kube {

// A directory that follows a source, in a thread of its own:
//  1. It lets the source run a round; what that brings goes into the store at once.
//  2. After one that went well it waits for the source's period, less if an unknown id was asked for, but never less
//     than `shortest_period`; after a failure as long as the back-off says, whoever asks. What is only too old to be
//     continued is begun anew at once, however far the back-off has grown: nothing is wrong with the server. Once in
//     the longest back-off, so that a server that always says so is not stormed.
// Each cause of failure is logged when it begins and when it is over, and counted meanwhile. So is, without a count,
// that pods run here of which complete news do not tell.
class FollowingDirectory final : public PodDirectory, private PodSink {
 public:
  struct Options {
    Nanoseconds shortest_period = Seconds(1);
    fetch::Backoff::Options backoff = {};
    UnknownIds::Options unknown_ids = {};
    UnlistedPods::Options unlisted_pods = {};
    PodStore::Options store = {};
  };
  // Starts. `clock` lives longer.
  FollowingDirectory(std::unique_ptr<PodSource> source, const Options& options, const Clock& clock);
  // Breaks off a request that is under way, within a second.
  ~FollowingDirectory() override;

  std::optional<workload::PodMember> FindContainer(const std::string& container_id) override;
  std::optional<workload::Pod> FindPod(const std::string& pod_uid) override;
  std::vector<workload::Pod> TakeNews() override { return store_.TakeNews(); }
  [[nodiscard]] PodDirectoryStats Stats() const override;

 private:
  void CountFetch() override;
  void TakeList(PodList list) override;
  void TakeEvent(WatchEvent event) override;
  [[nodiscard]] bool Stopping() const override;
  [[nodiscard]] bool Wanted() const override;

  void Run();
  void EndRound(const std::optional<fetch::FetchFailure>& failure, Nanoseconds began);
  void Wait(const std::optional<fetch::FetchFailure>& failure, Nanoseconds began);
  // Whether the next round is to begin at once.
  bool StartsOver(fetch::FetchCause cause, Nanoseconds now);
  void Succeed();
  void Fail(const fetch::FetchFailure& failure);
  void TellUnlisted(bool news_are_complete);
  void CountLeftOut(size_t count, const std::string& because);
  void Ask(const std::string& id);

  const Options options_;
  const Clock& clock_;
  PodStore store_;
  std::atomic<bool> has_found_{false};  // somebody, what runs here

  mutable std::mutex mutex_;  // for these
  std::condition_variable changed_;
  bool stopping_ = false;
  UnknownIds unknown_;
  UnlistedPods unlisted_;
  PodDirectoryStats stats_;

  // The thread's own.
  const std::unique_ptr<PodSource> source_;
  FaultLog faults_;
  fetch::Backoff backoff_;
  std::optional<Nanoseconds> started_over_;  // last
  std::minstd_rand random_{std::random_device{}()};
  std::thread thread_;
};

}  // namespace brahe::kube
