// ask_pods KEY=VALUE...: a pod directory with these options. Answers each line of its standard input in one line:
// "container ID", "pod UID", "stats". Ends with its input. A pod is "UID NAMESPACE/NAME", and "KIND/NAME" of its owner
// if it has one.
#include <glog/logging.h>

#include <csignal>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "userspace/kube/pod_directory.h"

namespace brahe::e2e {
namespace {

kube::PodDirectoryOptions OptionsOf(std::map<std::string, std::string> given) {
  kube::PodDirectoryOptions options;
  options.mode = given["mode"];
  options.node_name = given["node_name"];
  options.kubeconfig = given["kubeconfig"];
  options.kubelet_url = given["kubelet_url"];
  options.kubelet_ca_file = given["kubelet_ca_file"];
  options.kubelet_insecure = given["kubelet_insecure"] == "true";
  options.poll_interval = Seconds(std::stoull(given["poll_seconds"]));
  return options;
}

std::string Describe(const workload::Pod& pod) {
  const std::string owner = pod.owner_kind.empty() ? "" : " " + pod.owner_kind + "/" + pod.owner_name;
  return pod.uid + " " + pod.name_space + "/" + pod.name + owner;
}

std::string StatsLine(const kube::PodDirectoryStats& stats) {
  std::ostringstream line;
  line << "fetches=" << stats.fetches << " pods=" << stats.pods << " left_out=" << stats.pods_left_out
       << " succeeded=" << stats.last_success.has_value();
  for (const auto& [cause, count] : stats.failures) line << " " << fetch::NameOf(cause) << "=" << count;
  return line.str();
}

std::string Answer(kube::PodDirectory& directory, const std::string& question, const std::string& id) {
  if (question == "stats") return StatsLine(directory.Stats());
  if (question == "pod") {
    const auto pod = directory.FindPod(id);
    return pod ? Describe(*pod) : "unknown";
  }
  const auto member = directory.FindContainer(id);
  return member ? Describe(member->pod) + " " + member->container_name : "unknown";
}

int Main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  std::signal(SIGPIPE, SIG_IGN);
  std::map<std::string, std::string> given = {{"mode", "kubelet"}, {"poll_seconds", "1"}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    given[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const auto directory = kube::MakePodDirectory(OptionsOf(given), SystemClock());
  if (!directory) {
    std::cerr << directory.error().message << "\n";
    return 1;
  }
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string question, id;
    words >> question >> id;
    std::cout << Answer(**directory, question, id) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace brahe::e2e

int main(int argc, char** argv) { return brahe::e2e::Main(argc, argv); }
