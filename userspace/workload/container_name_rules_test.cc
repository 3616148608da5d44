#include "userspace/workload/container_name_rules.h"

#include <gtest/gtest.h>

#include <vector>

namespace brahe::workload {
namespace {

const std::string kId(64, 'c');
const std::string kOther(64, 'd');

// Words as /proc shows them, each with a NUL at its end.
std::string Words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + '\0';
  return text;
}

struct Case {
  std::vector<std::string> words;
  std::string name;
};

TEST(ContainerNameRulesTest, ConmonIsToldTheNameOfItsContainer) {
  const Case cases[] = {
      // podman
      {{"/usr/bin/conmon", "--api-version", "1", "-c", kId, "-u", kId, "-r", "/usr/bin/crun", "-b", "/run/b", "-p",
        "/run/pidfile", "-n", "web", "--exit-dir", "/run/exits", "--full-attach", "-s"},
       "web"},
      // one of podman's exec sessions
      {{"/usr/bin/conmon", "--api-version", "1", "-c", kId, "-u", kOther, "-n", "web", "--exec-attach", "-e"}, "web"},
      // CRI-O, a container and a pod's own
      {{"/usr/libexec/crio/conmon", "-b", "/run/b", "-c", kId, "--exit-dir", "/var/run/crio/exits", "-l",
        "/var/log/0.log", "-n", "k8s_nginx_web-7f_shop_6b1f3a52-0c1e-4d7a-9f5b-2a4c8e0d1b37_0", "-P", "/run/c", "-s",
        "-t"},
       "nginx"},
      {{"conmon", "-c", kId, "-n", "k8s_POD_web-7f_shop_6b1f3a52-0c1e-4d7a-9f5b-2a4c8e0d1b37_0"}, "POD"},
      {{"conmon", "--cid", kId, "--name=a-b"}, "a-b"},
      {{"conmon", "--cid=" + kId, "--name", "a-b"}, "a-b"},
      // no first option of that name, and none at all
      {{"conmon", "-c", kId, "-n", "web", "--exit-command-arg", "-n", "--exit-command-arg", "x"}, "web"},
      {{"conmon", "-c", kId, "-n"}, ""},
      {{"conmon", "-c", kId, "-n", ""}, ""},
      {{"conmon", "-c", kId}, ""},
      {{"conmon", "-n", "web"}, ""},
      {{"conmon"}, ""},
      {{}, ""},
      // another's, and no conmon
      {{"conmon", "-c", kOther, "-n", "web"}, ""},
      {{"/bin/conmon/sh", "-c", kId, "-n", "web"}, ""},
      {{"sh", "conmon", "-c", kId, "-n", "web"}, ""},
      // any bytes
      {{"conmon", "-c", kId, "-n", "\xff\n\""}, "\xff\n\""},
      {{"conmon", "-c", kId, "-n", std::string(256, 'n')}, std::string(256, 'n')},
      {{"conmon", "-c", kId, "-n", std::string(257, 'n')}, ""},
  };
  for (const Case& c : cases) EXPECT_EQ(NameInConmonArguments(Words(c.words), kId), c.name) << Words(c.words);
}

TEST(ContainerNameRulesTest, AnIdThatIsCutIsKnownByItsBeginning) {
  const std::string arguments = Words({"conmon", "-c", "ca978112ca1bbdca", "-n", "web"});
  EXPECT_EQ(NameInConmonArguments(arguments, "ca978112ca1b"), "web");
  EXPECT_EQ(NameInConmonArguments(arguments, "ca978112ca1"), "") << "is too short to be unique";
  EXPECT_EQ(NameInConmonArguments(arguments, "ca978112ca1c"), "");
}

TEST(ContainerNameRulesTest, ANameThatTellsAPlaceInAPodIsTakenApart) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"k8s_nginx_web-7f_shop_6b1f3a52-0c1e_0", "nginx"},
      {"k8s_nginx_web-7f_shop_6b1f3a52-0c1e_12_9f5b2a4c", "nginx"},
      {"k8s_nginx_" + std::string(253, 'p') + "_shop_6b1f3a52-0c1e_0", "nginx"},
      {"k8s_nginx_web-7f_shop_6b1f3a52-0c1e", "k8s_nginx_web-7f_shop_6b1f3a52-0c1e"},
      {"k8s_a_b_c_d_e_f_g", "k8s_a_b_c_d_e_f_g"},
      {"k8s__b_c_d_e", "k8s__b_c_d_e"},
      {"k9s_a_b_c_d_e", "k9s_a_b_c_d_e"},
      {"k8s", "k8s"},
      {"compose_web_1", "compose_web_1"},
      {std::string(100'000, '_'), ""},
  };
  for (const auto& [whole, name] : cases) {
    EXPECT_EQ(NameInConmonArguments(Words({"conmon", "-c", kId, "-n", whole}), kId), name);
    EXPECT_EQ(NameInDockerConfig(R"({"ID":")" + kId + R"(","Name":"/)" + whole + "\"}", kId), name);
  }
}

TEST(ContainerNameRulesTest, DockerKeepsTheNameWithASlash) {
  const std::string head = R"({"StreamConfig":{},"State":{"Running":true,"Pid":4711},"ID":")" + kId;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {head + R"(","Config":{"Hostname":"host","Name":"/no"},"Name":"/web","Driver":"overlay2"})", "web"},
      {head + R"(","Name":"web"})", "web"},
      {head + R"(","Name":"/"})", ""},
      {head + R"(","Name":["/web"]})", ""},
      {head + R"(","Config":{"Hostname":"host"}})", ""},
      {R"({"ID":")" + kOther + R"(","Name":"/web"})", ""},
      {R"({"Name":"/web"})", ""},
      {head + R"(","Name":"/web")", ""},
      {head + "\",\"Name\":\"/\xff\"}", ""},
      {R"(["Name","/web"])", ""},
      {"", ""},
  };
  for (const auto& [json, name] : cases) EXPECT_EQ(NameInDockerConfig(json, kId), name) << json;
}

TEST(ContainerNameRulesTest, ABundleCarriesTheNameAsAnAnnotation) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"hostname":"host","annotations":{"io.kubernetes.cri.container-type":"container",
          "io.kubernetes.cri.container-name":"nginx","io.kubernetes.cri.sandbox-name":"web-7f"}})",
       "nginx"},
      {R"({"annotations":{"nerdctl/hostname":"host","nerdctl/name":"web"}})", "web"},
      {R"({"annotations":{"io.kubernetes.cri.sandbox-name":"web-7f"}})", ""},
      {R"({"annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web-7f"}})",
       "POD"},
      {R"({"annotations":{"io.kubernetes.cri.container-type":"container"}})", ""},
      {R"({"annotations":{"io.kubernetes.cri.container-type":7}})", ""},
      {R"({"annotations":{"nerdctl/name":7}})", ""},
      {R"({"annotations":["nerdctl/name"]})", ""},
      {R"({"annotations":null,"hostname":"host"})", ""},
      {R"({"nerdctl/name":"web"})", ""},
      {R"("annotations")", ""},
      {"", ""},
      {std::string(500'000, '['), ""},
      {R"({"annotations":)" + std::string(200'000, '[') + std::string(200'000, ']') + "}", ""},
  };
  for (const auto& [json, name] : cases) EXPECT_EQ(NameInBundleConfig(json), name) << json.substr(0, 200);
}

TEST(ContainerNameRulesTest, ABundleOfDockersTellsTheFolderOfTheContainer) {
  const std::string before = R"({"mounts":[{"source":"proc"},7,{"type":"bind"},{"source":")";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {before + "/mnt/docker/containers/" + kId + R"(/hostname"}]})", "/mnt/docker/containers/" + kId},
      {before + "/mnt/docker/containers/" + kOther + R"(/hostname"}]})", ""},
      {before + "/mnt/docker/" + kId + R"(/hostname"}]})", ""},
      {R"({"mounts":{"source":"x"}})", ""},
      {R"({"mounts":null})", ""},
      {"[]", ""},
      {"", ""},
  };
  for (const auto& [json, folder] : cases) EXPECT_EQ(DockerFolderInBundleConfig(json, kId), folder) << json;
}

TEST(ContainerNameRulesTest, DockerdsArgumentsAndConfigurationTellWhereItKeepsContainers) {
  EXPECT_EQ(DataRootInDockerdArguments(Words({"dockerd", "-H", "fd://", "--data-root", "/mnt/docker"})), "/mnt/docker");
  EXPECT_EQ(DataRootInDockerdArguments(Words({"dockerd", "--data-root=/mnt/docker"})), "/mnt/docker");
  EXPECT_EQ(DataRootInDockerdArguments(Words({"dockerd", "-g", "/mnt/docker"})), "/mnt/docker");
  EXPECT_EQ(DataRootInDockerdArguments(Words({"dockerd", "--graph=/mnt/docker"})), "/mnt/docker");
  EXPECT_EQ(DataRootInDockerdArguments(Words({"dockerd", "--data-root"})), "");
  EXPECT_EQ(DataRootInDockerdArguments(""), "");
  EXPECT_EQ(ConfigFileInDockerdArguments(Words({"dockerd", "--config-file", "/srv/d.json"})), "/srv/d.json");
  EXPECT_EQ(ConfigFileInDockerdArguments(Words({"dockerd"})), "");
  EXPECT_EQ(DataRootInDockerdConfig(R"({"data-root":"/mnt/docker","graph":"/old"})"), "/mnt/docker");
  EXPECT_EQ(DataRootInDockerdConfig(R"({"graph":"/old"})"), "/old");
  for (const char* json : {"", "[]", "{}", R"({"data-root":7})"}) EXPECT_EQ(DataRootInDockerdConfig(json), "") << json;
}

TEST(ContainerNameRulesTest, TheEnvironmentTellsTheNameByOneVariableOnly) {
  const Case cases[] = {
      {{"PATH=/bin", "CONTAINER_NAME=web", "HOSTNAME=host"}, "web"},
      {{"CONTAINER_NAME=web", "CONTAINER_NAME=other"}, "web"},
      {{"CONTAINER_NAME=a=b \xff"}, "a=b \xff"},
      {{"CONTAINER_NAME="}, ""},
      {{"CONTAINER_NAME"}, ""},
      {{"MY_CONTAINER_NAME=web", "CONTAINER_NAMES=web", "container_name=web", "NAME=web"}, ""},
      {{"HOSTNAME=host", "container=podman", "NOTE=\nCONTAINER_NAME=web"}, ""},
      {{"CONTAINER_NAME=" + std::string(257, 'n')}, ""},
      {{}, ""},
  };
  for (const Case& c : cases) EXPECT_EQ(NameInEnvironment(Words(c.words)), c.name) << Words(c.words);
  EXPECT_EQ(NameInEnvironment("CONTAINER_NAME=we"), "") << "is cut";
}

}  // namespace
}  // namespace brahe::workload
