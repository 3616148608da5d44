#include "userspace/workload/container_names.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/base/process_stat_text.h"
#include "userspace/base/temp_tree.h"

namespace brahe::workload {
namespace {

class ContainerNamesTest : public testing::Test {
 protected:
  // A process of the machine's, with the cgroup path that /proc shows.
  void Place(uint32_t pid, uint32_t parent, const std::string& cgroup, const std::string& comm = "job") const {
    const std::string folder = std::to_string(pid);
    proc.Write(folder + "/stat", ProcessStatText(pid, {.comm = comm, .state = 'S', .parent = parent}));
    proc.Write(folder + "/cgroup", "0::" + cgroup + "\n");
    proc.Write(folder + "/cmdline", "");
  }
  void SetArguments(uint32_t pid, std::vector<std::string> words) const {
    std::string text;
    for (const std::string& word : words) text += word + '\0';
    proc.Write(std::to_string(pid) + "/cmdline", text);
  }
  // Process 50 is conmon, outside of the container.
  void PlaceConmon(const std::string& cgroup = "/machine.slice/libpod-conmon.scope") const {
    Place(50, 1, cgroup, "conmon");
    SetArguments(50, {"/usr/bin/conmon", "-c", id, "-n", "web"});
  }
  void SetEnvironment(uint32_t pid, const std::string& name) const {
    proc.Write(std::to_string(pid) + "/environ",
               std::string("HOSTNAME=host\0", 14) + "CONTAINER_NAME=" + name + std::string(1, '\0'));
  }
  void WriteDockerFile(const std::string& name) const {
    proc.Write("1/root/var/lib/docker/containers/" + id + "/config.v2.json",
               R"({"ID":")" + id + R"(","Name":"/)" + name + R"("})");
  }
  std::string Find(const std::vector<uint32_t>& pids, const std::string& runtime = "podman") const {
    return ContainerNames(proc.path()).Find({id, runtime, ""}, pids);
  }

  TempTree proc;
  const std::string id = std::string(64, 'c'), other = std::string(64, 'd');
  const std::string cgroup = "/machine.slice/libpod-" + id + ".scope/container";
};

TEST_F(ContainerNamesTest, FindsConmonAboveAProcessOfTheContainer) {
  PlaceConmon();
  Place(60, 50, cgroup);
  Place(61, 60, cgroup, ") S 1 (");
  EXPECT_EQ(Find({60}), "web");
  EXPECT_EQ(Find({61}), "web");
  Place(62, 1, cgroup);
  EXPECT_EQ(Find({62}), "") << "nothing above it is conmon";
  EXPECT_EQ(Find({99, 62, 61}), "web") << "one that knows is enough";
  EXPECT_EQ(Find({}), "");
}

TEST_F(ContainerNamesTest, LooksForConmonSixteenStepsUp) {
  PlaceConmon();
  Place(100, 50, cgroup);
  for (uint32_t pid = 101; pid < 130; ++pid) Place(pid, pid - 1, cgroup);
  EXPECT_EQ(Find({115}), "web");
  EXPECT_EQ(Find({116}), "");
  Place(100, 101, cgroup);
  EXPECT_EQ(Find({101}), "") << "pids were used again while it looked: a circle";
}

TEST_F(ContainerNamesTest, ConmonOfAnotherContainerLendsNoName) {
  PlaceConmon();
  SetArguments(50, {"conmon", "-c", other, "-n", "outer"});
  Place(60, 50, cgroup);
  EXPECT_EQ(Find({60}), "");
}

TEST_F(ContainerNamesTest, AProcessOfTheContainerCannotPassForConmon) {
  PlaceConmon();
  Place(60, 50, cgroup);
  Place(61, 60, cgroup);
  SetArguments(60, {"conmon", "-c", id, "-n", "forged"});
  EXPECT_EQ(Find({61}), "web");
  proc.Remove("50/cgroup");
  EXPECT_EQ(Find({61}), "") << "it is not known where it is";
}

TEST_F(ContainerNamesTest, AProcessThatIsElsewhereIsNotAsked) {
  const std::vector<std::pair<std::string, bool>> places = {
      {cgroup, true},
      {"/docker/" + id, true},
      {"/docker/" + id + "/init.scope", true},
      {"/../" + id, true},
      {"/machine.slice/libpod-" + other + ".scope/container", false},
      {"/docker/" + id + "/docker/" + other, false},
      {"/user.slice/" + id.substr(1) + "/x", false},
      {"/", false},
      {"", false},
  };
  PlaceConmon();
  SetEnvironment(60, "env");
  for (const auto& [place, is_inside] : places) {
    Place(60, 50, place);
    EXPECT_EQ(Find({60}), is_inside ? "web" : "") << place;
  }
  PlaceConmon("/nowhere");
  SetArguments(50, {"init"});
  for (const auto& [place, is_inside] : places) {
    Place(60, 50, place);
    EXPECT_EQ(Find({60}), is_inside ? "env" : "") << place;
  }
}

TEST_F(ContainerNamesTest, FindsAnyHierarchyOfCgroupV1) {
  Place(60, 1, "/");
  SetEnvironment(60, "env");
  proc.Write("60/cgroup", "9:name=systemd:/\n2:cpuacct:/docker/" + id + "\n0::/\n");
  EXPECT_EQ(Find({60}), "env");
}

TEST_F(ContainerNamesTest, DockersFileTellsAlsoWhenAllProcessesAreGone) {
  WriteDockerFile("web");
  EXPECT_EQ(Find({}, "docker"), "web");
  EXPECT_EQ(Find({60}, "kubernetes"), "web");
  WriteDockerFile("k8s_nginx_web-7f_shop_6b1f3a52-0c1e_0");
  EXPECT_EQ(Find({}, "docker"), "nginx");
}

TEST_F(ContainerNamesTest, ContainerdsBundlesAreFoundInEveryNamespace) {
  const std::string task = "io.containerd.runtime.v2.task/";
  const std::string folder = "1/root/run/containerd/" + task;
  proc.Write(folder + "moby/" + id + "/config.json", R"({"hostname":"host"})");
  EXPECT_EQ(Find({}, "containerd"), "");
  proc.Write(folder + "default/" + id + "/config.json", R"({"annotations":{"nerdctl/name":"web"}})");
  EXPECT_EQ(Find({}, "containerd"), "web");
  proc.Remove(folder + "default");
  proc.Write("1/root/run/k3s/containerd/" + task + "k8s.io/" + id + "/config.json",
             R"({"annotations":{"io.kubernetes.cri.container-name":"nginx"}})");
  EXPECT_EQ(Find({}, "containerd"), "nginx");
}

TEST_F(ContainerNamesTest, TheShimShowsWhereContainerdKeepsItsBundles) {
  const std::string tasks = "/srv/containerd/io.containerd.runtime.v2.task/k8s.io/";
  Place(50, 1, "/system.slice/containerd.service", "shim");
  proc.Link("50/cwd", tasks + other);  // the sandbox's, which the shim was started for
  Place(60, 50, cgroup);
  Place(61, 60, cgroup);
  proc.Write("1/root" + tasks + id + "/config.json", R"({"annotations":{"io.kubernetes.cri.container-name":"nginx"}})");
  ContainerNames names(proc.path());
  EXPECT_EQ(names.Find({id, "containerd", ""}, {}), "");
  EXPECT_EQ(names.Find({id, "containerd", ""}, {61}), "nginx");
  EXPECT_EQ(names.Find({id, "containerd", ""}, {}), "nginx") << "the folder is known now, also for short containers";
  proc.Write("50/cgroup", "0::" + cgroup + "\n");
  EXPECT_EQ(Find({61}, "containerd"), "") << "what works in such a folder inside of the container is no shim";
}

TEST_F(ContainerNamesTest, AShimOfAnotherMountNamespaceTellsOfItsOwnContainersOnly) {
  const std::string tasks = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/";
  const std::string config = R"({"annotations":{"io.kubernetes.cri.container-name":"nginx"}})";
  Place(50, 1, "/system.slice/kind-node.scope", "shim");
  proc.Link("50/cwd", tasks + id);
  Place(60, 50, cgroup);
  for (const std::string& each : {id, other}) proc.Write("50/root" + tasks + each + "/config.json", config);
  ContainerNames names(proc.path());
  EXPECT_EQ(names.Find({id, "containerd", ""}, {60}), "nginx");
  EXPECT_EQ(names.Find({other, "containerd", ""}, {}), "") << "who has a shim of his own would name others' containers";
  const std::string docker = "/var/lib/docker/containers/" + id;
  proc.Write("50/root" + tasks + id + "/config.json", R"({"mounts":[{"source":")" + docker + R"(/hostname"}]})");
  proc.Write("50/root" + docker + "/config.v2.json", R"({"ID":")" + id + R"(","Name":"/web"})");
  EXPECT_EQ(names.Find({id, "docker", ""}, {60}), "web");
}

TEST_F(ContainerNamesTest, APipeInPlaceOfAFileIsNotWaitedFor) {
  const std::string tasks = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/";
  Place(50, 1, "/system.slice/kind-node.scope", "shim");
  proc.Link("50/cwd", tasks + id);
  Place(60, 50, cgroup);
  Place(70, 1, "/system.slice/docker.service", "dockerd");
  proc.Write("70/comm", "dockerd\n");
  proc.Link("70/exe", "/usr/bin/dockerd");
  SetArguments(70, {"dockerd", "--config-file=/tmp/pipe"});
  proc.MakeFolder("1/root/tmp");
  proc.MakeFolder("1/root/var/lib/docker/containers/" + id);
  proc.MakeFolder("50/root" + tasks + id);
  for (const std::string& file :
       {"50/root" + tasks + id + "/config.json", "1/root/var/lib/docker/containers/" + id + "/config.v2.json",
        std::string("1/root/tmp/pipe")}) {
    ASSERT_EQ(mkfifo(proc.At(file).c_str(), 0600), 0) << file;
  }
  EXPECT_EQ(Find({60}, "docker"), "");
}

TEST_F(ContainerNamesTest, ABundleOfDockersLeadsToDockersFile) {
  const std::string tasks = "/run/user/1000/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/";
  Place(50, 1, "/user.slice", "shim");
  proc.Link("50/cwd", tasks + id);
  Place(60, 50, cgroup);
  const std::string folder = "/home/me/.local/share/docker/containers/" + id;
  proc.Write("1/root" + tasks + id + "/config.json", R"({"mounts":[{"source":")" + folder + R"(/hostname"}]})");
  proc.Write("1/root" + folder + "/config.v2.json", R"({"ID":")" + id + R"(","Name":"/web"})");
  EXPECT_EQ(Find({60}, "docker"), "web");
}

TEST_F(ContainerNamesTest, AUsersContainerHasNoNameOfTheSystemsFilesAndItsShimTellsNobodyElse) {
  WriteDockerFile("victim");
  proc.Write("1/root/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json",
             R"({"annotations":{"nerdctl/name":"victim"}})");
  const Container container{.id = id, .runtime = "docker", .pod_uid = "", .of_user = true};
  ContainerNames names(proc.path());
  Place(60, 1, cgroup);
  EXPECT_EQ(names.Find(container, {60}), "");
  const std::string tasks = "/run/user/1000/io.containerd.runtime.v2.task/default/";
  Place(50, 1, "/user.slice", "shim");
  proc.Link("50/cwd", tasks + id);
  proc.Link("50/root", proc.path() + "/1/root");
  Place(60, 50, cgroup);
  proc.Write("1/root" + tasks + id + "/config.json", R"({"annotations":{"nerdctl/name":"mine"}})");
  EXPECT_EQ(names.Find(container, {60}), "mine");
  proc.Remove("1/root/var"), proc.Remove("1/root/run/containerd");
  EXPECT_EQ(names.Find({id, "docker", ""}, {}), "");
}

TEST_F(ContainerNamesTest, DockerdTellsWhereItKeepsItsContainers) {
  const std::string file = "1/root/mnt/docker/containers/" + id + "/config.v2.json";
  proc.Write(file, R"({"ID":")" + id + R"(","Name":"/web"})");
  Place(70, 1, "/system.slice/docker.service", "dockerd");
  proc.Write("70/comm", "dockerd\n");
  proc.Link("70/exe", "/usr/bin/dockerd");
  SetArguments(70, {"dockerd", "-H", "fd://", "--data-root", "/mnt/docker"});
  EXPECT_EQ(Find({}, "docker"), "web");
  EXPECT_EQ(Find({}, "unknown"), "web");
  SetArguments(70, {"dockerd", "-H", "fd://"});
  EXPECT_EQ(Find({}, "docker"), "");
  proc.Write("1/root/etc/docker/daemon.json", R"({"data-root":"/mnt/docker"})");
  EXPECT_EQ(Find({}, "docker"), "web");
  proc.Remove("1/root/etc");
  proc.Write("1/root/srv/d.json", R"({"data-root":"/mnt/docker"})");
  SetArguments(70, {"dockerd", "--config-file=/srv/d.json"});
  EXPECT_EQ(Find({}, "docker"), "web");
}

TEST_F(ContainerNamesTest, WhoeverElseIsCalledDockerdTellsNothing) {
  proc.Write("1/root/mnt/docker/containers/" + id + "/config.v2.json", R"({"ID":")" + id + R"(","Name":"/web"})");
  const auto place = [&](const std::string& comm, const std::string& exe, const std::string& where) {
    proc.Remove("70");
    Place(70, 1, where, comm);
    proc.Write("70/comm", comm + "\n");
    proc.Link("70/exe", exe);
    SetArguments(70, {"dockerd", "--data-root", "/mnt/docker"});
  };
  place("dockerd", "/usr/bin/dockerd", "/system.slice/docker.service");
  EXPECT_EQ(Find({}, "docker"), "web");
  place("dockerd", "/tmp/sh", "/system.slice/docker.service");
  EXPECT_EQ(Find({}, "docker"), "");
  place("dockerd", "/usr/bin/dockerd", "/docker/" + other);
  EXPECT_EQ(Find({}, "docker"), "") << "it is in a container";
  place("dockerd", "/usr/bin/dockerd", "/system.slice/docker.service");
  EXPECT_EQ(DockerRoots(proc.path(), getuid()).Find().size(), 1U);
  EXPECT_EQ(DockerRoots(proc.path(), getuid() + 1).Find().size(), 0U) << "it is not root's";
}

TEST_F(ContainerNamesTest, AnIdIsNoWayOutOfTheFolders) {
  const std::string folder = "1/root/run/containerd/io.containerd.runtime.v2.task/";
  proc.Write(folder + "default/a/b/config.json", R"({"annotations":{"nerdctl/name":"web"}})");
  proc.Write(folder + "config.json", R"({"annotations":{"nerdctl/name":"web"}})");
  ContainerNames names(proc.path());
  for (const std::string& hostile : {std::string(".."), std::string("."), std::string("a/b"), std::string()}) {
    EXPECT_EQ(names.Find({hostile, "containerd", ""}, {}), "") << hostile;
  }
}

TEST_F(ContainerNamesTest, TheRuntimesWordGoesBeforeTheEnvironments) {
  PlaceConmon();
  Place(60, 50, cgroup);
  SetEnvironment(60, "env");
  WriteDockerFile("file");
  EXPECT_EQ(Find({60}), "web");
  SetArguments(50, {"conmon"});
  EXPECT_EQ(Find({60}), "file");
  proc.Remove("1");
  EXPECT_EQ(Find({60}), "env");
  proc.Remove("60/environ");
  EXPECT_EQ(Find({60}), "");
}

TEST_F(ContainerNamesTest, TheEnvironmentOfTheFirstThatHasTheVariableCounts) {
  for (const uint32_t pid : {60, 61, 62}) Place(pid, 1, cgroup);
  proc.Write("60/environ", std::string("HOSTNAME=host\0", 14));
  SetEnvironment(61, "web");
  SetEnvironment(62, "other");
  EXPECT_EQ(Find({60, 61, 62}), "web");
  proc.Write("61/environ", "A=" + std::string(128 << 10, 'a') + std::string("\0CONTAINER_NAME=web\0", 20));
  EXPECT_EQ(Find({61}), "") << "it is not read that far";
}

TEST_F(ContainerNamesTest, ThePauseProcessOfAPodIsInTheContainerPod) {
  const Container of_pod{.id = id, .runtime = "containerd", .pod_uid = "6b1f3a52"};
  ContainerNames names(proc.path());
  Place(60, 1, cgroup);
  proc.Write("60/comm", "pause\n");
  EXPECT_EQ(names.Find(of_pod, {60}), "POD");
  EXPECT_EQ(names.Find({id, "containerd", ""}, {60}), "") << "it is in no pod";
  proc.Write("60/comm", "sleep\n");
  EXPECT_EQ(names.Find(of_pod, {60}), "");
  Place(61, 1, "/elsewhere");
  proc.Write("61/comm", "pause\n");
  EXPECT_EQ(names.Find(of_pod, {60, 61}), "");
  proc.Write("1/root/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json",
             R"({"annotations":{"io.kubernetes.cri.container-type":"sandbox"}})");
  EXPECT_EQ(names.Find(of_pod, {}), "POD") << "containerd's word";
}

TEST_F(ContainerNamesTest, TheIdIsTheNameWherePeopleChooseIt) {
  ContainerNames names(proc.path());
  EXPECT_EQ(names.Find({"web", "lxc", ""}, {}), "web");
  EXPECT_EQ(names.Find({"web", "systemd-nspawn", ""}, {}), "web");
  EXPECT_EQ(names.Find({"42.0", "slurm", ""}, {}), "");
  EXPECT_EQ(names.Find({id, "docker", ""}, {}), "");
}

TEST_F(ContainerNamesTest, GarbageInProcTellsNothing) {
  for (const char* stat : {"", ")", "60 (job)", "60 (job) S", "60 (job) S ", "60 (job) S x 1", "60 (job) S -1 1",
                           "60 (job) S 99999999999 1", "60 (job) S 4294967295 1", "60 (job) S 0 0"}) {
    Place(60, 50, cgroup);
    proc.Write("60/stat", stat);
    EXPECT_EQ(Find({60}), "") << stat;
  }
  for (const char* text : {"", ":", "::", "0::", "\n\n", "\xff\xfe"}) {
    Place(60, 50, cgroup);
    PlaceConmon();
    proc.Write("60/cgroup", text);
    EXPECT_EQ(Find({60}), "") << text;
  }
}

}  // namespace
}  // namespace brahe::workload
