#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::guests {

// Files in folders that guests see, and may write to where they are shared so by mistake. Nothing here follows a link,
// waits for a pipe, or touches anything but plain files and folders of one name within the folder that it is given.
// Paths in errors begin with `shown`, the path of that folder. Any thread.

// A folder that is open, to make and find things in.
struct Folder {
  UniqueFd fd;
  std::string shown;  // its path, for errors
};

// Opens the folder `name` in `parent`; makes it, for all to look into, if there is none. `*made`: whether it did that.
Result<Folder> OpenFolder(const Folder& parent, const std::string& name, bool* made = nullptr);

// The names in a folder but those that begin with '.'; an Error if there are more than anybody has put there honestly.
Result<std::vector<std::string>> ListFolder(const Folder& folder);

// The content of a file, at most `limit` bytes; nullopt: there is none, or it is no plain file.
Result<std::optional<std::string>> ReadTreeFile(const Folder& folder, const std::string& name, size_t limit);

// Gives a file another content, which is seen whole or not at all. It becomes another file: who has the old one open
// goes on reading that.
Status ReplaceTreeFile(const Folder& folder, const std::string& name, std::string_view content);

// A counter's file: always as long as the longest number, so that it is overwritten in place by one write, which takes
// no space, and which readers that keep it open see. See docs/guests.md.
std::string CounterText(uint64_t value);
// False where the file is not there, or not one of ours, so that it must be made by ReplaceTreeFile.
Result<bool> OverwriteCounter(const Folder& folder, const std::string& name, uint64_t value);

}  // namespace brahe::guests
