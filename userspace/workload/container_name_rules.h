#pragma once

#include <string>
#include <string_view>

namespace brahe::workload {

// How the name of a container is written in what runtimes leave of it. The texts may hold any bytes. The answer is
// empty where no name is told, or one that is longer than any runtime makes (256 bytes). Of the names that CRI-O and
// docker have under Kubernetes, k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT, it is the container's part.

// The name of the container that only holds a pod's namespaces. Docker and CRI-O call it so, and cAdvisor does.
inline constexpr char kSandboxName[] = "POD";

// The arguments, each with a NUL at its end, of the process that podman or CRI-O set over the container `id`. Empty
// also if it is no conmon or one of another container.
std::string NameInConmonArguments(std::string_view arguments, std::string_view id);
// docker's config.v2.json of the container `id`; empty also if it is of another.
std::string NameInDockerConfig(std::string_view json, std::string_view id);
// config.json of an OCI bundle, to which containerd's Kubernetes plugin and nerdctl add the name, or that it is a
// sandbox.
std::string NameInBundleConfig(std::string_view json);
// The folder of docker's for the container `id`, in which its config.v2.json is, by the config.json of its OCI bundle:
// docker mounts files of that folder into each container. Empty also if there is none.
std::string DockerFolderInBundleConfig(std::string_view json, std::string_view id);
// The arguments of dockerd, each with a NUL at its end: its folder for all containers, and its configuration file.
// Empty if they say nothing of it.
std::string DataRootInDockerdArguments(std::string_view arguments);
std::string ConfigFileInDockerdArguments(std::string_view arguments);
// The same folder in dockerd's configuration file.
std::string DataRootInDockerdConfig(std::string_view json);
// CONTAINER_NAME in an environment: entries, each with a NUL at its end. Whoever starts the container may set it. Other
// variables, HOSTNAME above all, do not tell what the container is called.
std::string NameInEnvironment(std::string_view environment);

}  // namespace brahe::workload
