#include "userspace/monitor/host_workload_resolver.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "userspace/base/temp_tree.h"

namespace brahe::monitor {
namespace {

class HostWorkloadResolverTest : public testing::Test {
 protected:
  HostWorkloadResolverTest() { tree.MakeFolder("proc"), tree.MakeFolder("cgroup"); }

  TempTree tree;
  const std::string id = std::string(64, 'c');
};

TEST_F(HostWorkloadResolverTest, FindsTheContainerOfACgroupWhosePathWasLearnt) {
  HostWorkloadResolver resolver(tree.At("proc"), tree.At("cgroup"));
  resolver.LearnCgroup(7, "/docker/" + id);
  resolver.LearnCgroup(8, "/user.slice");
  const workload::Container* container = resolver.ContainerOf(7, {});
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(container->id, id);
  EXPECT_EQ(resolver.ContainerOf(8, {}), nullptr);
  EXPECT_EQ(resolver.ContainerOf(9, {}), nullptr);
}

TEST_F(HostWorkloadResolverTest, AProcessOfNoContainersCgroupMayBeInAStepByAnotherHierarchy) {
  const std::string step = "/slurm/uid_0/job_42/step_0";
  tree.MakeFolder("freezer" + step);
  tree.Write("proc/self/mountinfo", "31 1 0:1 / " + tree.At("cgroup") + " rw - cgroup c rw,cpu,cpuacct\n32 1 0:2 / " +
                                        tree.At("freezer") + " rw - cgroup c rw,freezer\n");
  tree.Write("proc/60/cgroup", "9:freezer:" + step + "\n4:cpu,cpuacct:/system.slice/slurmd.service\n");
  HostWorkloadResolver resolver(tree.At("proc"), tree.At("cgroup"));
  resolver.LearnCgroup(7, "/docker/" + id);
  resolver.LearnCgroup(8, "/system.slice/slurmd.service");
  ASSERT_NE(resolver.ContainerOf(8, {60, 1}), nullptr);
  EXPECT_EQ(resolver.ContainerOf(8, {60, 1})->id, "42.0");
  EXPECT_EQ(resolver.CgroupFactsOf(8, {60, 1}), (workload::CgroupFacts{"slurmd.service", "slurm", "42", 0}));
  EXPECT_EQ(resolver.CgroupFactsOf(8, {61, 1}), (workload::CgroupFacts{"slurmd.service", "", "", {}}));
  EXPECT_EQ(resolver.ContainerOf(7, {60, 1})->id, id) << "the hierarchy that is accounted by goes first";
  EXPECT_EQ(resolver.ContainerOf(8, {}), nullptr);
  EXPECT_FALSE(resolver.IsPopulated(8));
}

TEST_F(HostWorkloadResolverTest, KnowsTheUnitAndTheJobOfACgroupWhosePathIsKnown) {
  tree.MakeFolder("cgroup/system.slice/ssh.service");
  tree.Write("proc/60/cgroup", "0::/system.slice/ssh.service\n");
  struct stat ssh = {};
  ASSERT_EQ(stat(tree.At("cgroup/system.slice/ssh.service").c_str(), &ssh), 0);
  HostWorkloadResolver resolver(tree.At("proc"), tree.At("cgroup"));
  EXPECT_EQ(resolver.CgroupFactsOf(ssh.st_ino, {}).unit, "ssh.service") << "it was there at the start";
  resolver.LearnCgroup(7, "/system.slice/nginx.service/workers");
  resolver.LearnCgroup(8, "/slurm/uid_1000/job_42/step_0");
  EXPECT_EQ(resolver.CgroupFactsOf(7, {}), (workload::CgroupFacts{"nginx.service", "", "", {}}));
  EXPECT_EQ(resolver.CgroupFactsOf(8, {}), (workload::CgroupFacts{"", "slurm", "42", 1000}));
  EXPECT_EQ(resolver.CgroupFactsOf(0, {}), workload::CgroupFacts{});

  tree.MakeFolder("cgroup/system.slice/late.service");
  tree.Write("proc/61/cgroup", "0::/system.slice/late.service\n");
  struct stat late = {};
  ASSERT_EQ(stat(tree.At("cgroup/system.slice/late.service").c_str(), &late), 0);
  EXPECT_EQ(resolver.CgroupFactsOf(late.st_ino, {}), workload::CgroupFacts{}) << "nobody has looked for it";
  EXPECT_EQ(resolver.ContainerOf(late.st_ino, {61, 1}), nullptr);
  EXPECT_EQ(resolver.CgroupFactsOf(late.st_ino, {}).unit, "late.service");
}

TEST_F(HostWorkloadResolverTest, SeesWhetherAContainerHasProcesses) {
  tree.Write("cgroup/docker/" + id + "/cgroup.events", "populated 1\n");
  HostWorkloadResolver resolver(tree.At("proc"), tree.At("cgroup"));
  resolver.LearnCgroup(7, "/docker/" + id);
  resolver.LearnCgroup(8, "/user.slice");
  EXPECT_TRUE(resolver.IsPopulated(7));
  EXPECT_FALSE(resolver.IsPopulated(8));
  tree.Remove("cgroup/docker/" + id);
  EXPECT_FALSE(resolver.IsPopulated(7));

  // Not every container's cgroup has its id in its name.
  tree.Write("cgroup/slurm/uid_0/job_42/step_0/cgroup.events", "populated 1\n");
  resolver.LearnCgroup(9, "/slurm/uid_0/job_42/step_0/task_1");
  ASSERT_EQ(resolver.ContainerOf(9, {})->id, "42.0");
  EXPECT_TRUE(resolver.IsPopulated(9));
}

TEST_F(HostWorkloadResolverTest, SeesWhetherAPodHasProcesses) {
  const std::string pod = "kubepods/besteffort/pod1a2b3c4d-5e6f";
  tree.Write("cgroup/" + pod + "/cgroup.events", "populated 1\n");
  HostWorkloadResolver resolver(tree.At("proc"), tree.At("cgroup"));
  resolver.LearnCgroup(7, "/" + pod + "/" + id);
  resolver.LearnCgroup(8, "/docker/" + id);
  ASSERT_EQ(resolver.ContainerOf(7, {})->pod_uid, "1a2b3c4d-5e6f");
  EXPECT_TRUE(resolver.IsPodPopulated(7));
  EXPECT_FALSE(resolver.IsPodPopulated(8)) << "it is in none";
  tree.Remove("cgroup/" + pod);
  EXPECT_FALSE(resolver.IsPodPopulated(7));
}

TEST_F(HostWorkloadResolverTest, AsksForPodsWhereItIsTold) {
  const workload::PodMember member{{"uid", "web-7f", "shop"}, "nginx"};
  const auto find = [&](const workload::Container& container) {
    return container.id == id ? std::optional(member) : std::nullopt;
  };
  const auto take_news = [&] { return std::vector{member.pod}; };
  HostWorkloadResolver resolver(tree.At("proc"), tree.At("cgroup"), PodLookup{.find = find, .take_news = take_news});
  EXPECT_EQ(resolver.TakeNewPods(), std::vector{member.pod});
  EXPECT_EQ(resolver.PodOf({id, "containerd", "uid"}), member);
  EXPECT_EQ(resolver.PodOf({"other", "containerd", "uid"}), std::nullopt);
  EXPECT_EQ(HostWorkloadResolver(tree.At("proc"), tree.At("cgroup")).PodOf({id, "", ""}), std::nullopt);
}

TEST_F(HostWorkloadResolverTest, NamesAContainerByTheProcessesThatAreInItNow) {
  HostWorkloadResolver resolver(tree.At("proc"), tree.At("cgroup"));
  const std::string path = "/docker/" + id;
  resolver.LearnCgroup(7, path);
  const workload::Container container{id, "docker", ""};
  const auto place = [&](const std::string& pid, const std::string& name) {
    tree.Write("proc/" + pid + "/cgroup", "0::" + path + "\n");
    tree.Write("proc/" + pid + "/environ", "CONTAINER_NAME=" + name + std::string(1, '\0'));
  };
  place("60", "ran"), place("4096", "first"), place("4097", "fifth");
  EXPECT_EQ(resolver.NameOf(container, 7, 60), "ran") << "the cgroup does not list any";
  EXPECT_EQ(resolver.NameOf(container, 8, 60), "ran") << "the cgroup is not known";
  EXPECT_EQ(resolver.NameOf(container, 7, 61), "") << "it is gone";
  EXPECT_EQ(resolver.NameOf(container, 7, 0), "");
  tree.Write("cgroup" + path + "/cgroup.procs", "0\nx\n99999999999\n4096\n60\n");
  EXPECT_EQ(resolver.NameOf(container, 7, 61), "first");
  EXPECT_EQ(resolver.NameOf(container, 7, 60), "first");
  tree.Write("cgroup" + path + "/cgroup.procs", "1\n2\n3\n4\n4097\n");
  EXPECT_EQ(resolver.NameOf(container, 7, 0), "") << "four are asked";
  tree.Write("cgroup" + path + "/cgroup.procs", "4096");
  EXPECT_EQ(resolver.NameOf(container, 7, 0), "") << "what has no end is cut";
}

TEST_F(HostWorkloadResolverTest, BelievesNoUsersNameBelowAProcfsThatIsNone) {
  tree.Write("proc/1/root/etc/passwd", "liar:x:0:0::/:/\n");
  EXPECT_EQ(HostWorkloadResolver(tree.At("proc"), tree.At("cgroup")).UserNameOf(0), "0");
}

TEST_F(HostWorkloadResolverTest, NamesAProcessThatIsGoneAsItsSourceDid) {
  HostWorkloadResolver resolver(tree.At("proc"), tree.At("cgroup"));
  EXPECT_EQ(resolver.FactsOf({1, 1}, "job", "/bin/job", false), (workload::ProcessFacts{"job", "/bin/job"}));
}

}  // namespace
}  // namespace brahe::monitor
