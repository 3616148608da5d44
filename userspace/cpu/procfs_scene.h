#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace brahe::cpu {

// Views of /proc that a test makes for itself. All of this takes root.

// Runs `look` in a child of its own, so that nothing that it mounts or gives up lasts, and returns what it returns;
// what went wrong while the scene was set is returned instead. In a mount namespace of its own always, and in a PID
// namespace where `private_pids`.
std::string InAScene(bool private_pids, const std::function<std::string()>& look);

// For within a scene.
void MountProc(const std::string& folder, const std::string& options);
void BindMount(const std::string& from, const std::string& to);
void GiveUpSysPtrace();
void BecomeUser(uid_t user);

}  // namespace brahe::cpu
