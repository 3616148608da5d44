#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/top/frame.h"
#include "userspace/top/view.h"

namespace brahe::top {

// What has come: nothing, a frame, or some that lead to it.
struct Update {
  std::vector<Frame> frames;  // oldest first; the last one is to be shown
  std::string document;       // the last one's, in the words of docs/snapshot.md; empty unless it was wanted
  bool restarts = false;      // what was shown before is not what came before
};

// Where frames come from. One thread.
class Feed {
 public:
  Feed() = default;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  virtual ~Feed() = default;

  // Take is to be called when this is readable (-1: there is none), and when it is due (nullopt: never).
  [[nodiscard]] virtual int Fd() const = 0;
  [[nodiscard]] virtual std::optional<Nanoseconds> Due() const = 0;
  // An Error may pass: the next Take may have something.
  virtual Result<Update> Take() = 0;
  // What the feed makes of it; by itself it only comes on.
  virtual void Obey(Wish /*wish*/) {}
  // Whether it stands still when paused; else it goes on unseen.
  [[nodiscard]] virtual bool CanPause() const { return false; }
  // Whether nothing more will come, unless somebody wishes it.
  [[nodiscard]] virtual bool AtEnd() const { return false; }
  // Where its frames come from, for the first line.
  [[nodiscard]] virtual std::string Mode() const = 0;
};

}  // namespace brahe::top
