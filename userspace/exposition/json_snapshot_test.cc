#include "userspace/exposition/json_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/exposition/test_snapshot.h"

namespace brahe::exposition {
namespace {

using Json = nlohmann::json;

std::string Render(const monitor::Snapshot& snapshot, size_t capacity = 4096) {
  JsonRenderer renderer(std::make_shared<const monitor::Snapshot>(snapshot), "node-1");
  std::string text;
  std::vector<char> buffer(capacity);
  while (const size_t size = renderer.Next(buffer.data(), capacity)) text.append(buffer.data(), size);
  EXPECT_EQ(renderer.Next(buffer.data(), capacity), 0U);
  return text;
}

Json Parse(const monitor::Snapshot& snapshot) { return Json::parse(Render(snapshot)); }

TEST(JsonRenderer, TellsOfTheNode) {
  const monitor::Snapshot snapshot = SmallSnapshot();
  Json head = Parse(snapshot);
  for (const char* list : {"cpus", "zones", "socket_zones", "unlisted_processes", "processes", "containers", "vms",
                           "pods", "groups", "rests", "gpus", "gpu_processes", "gpu_containers", "gpu_pods"}) {
    EXPECT_TRUE(head[list].is_array()) << list;
    head.erase(list);
  }
  EXPECT_EQ(head, Json::parse(R"({
    "epoch": 7, "unix_ms": 1700000000123, "monotonic_ns": 4000000000000, "duration_ns": 5000000000,
    "node_name": "node-1", "cpu_time_source": "bpf", "energy_source": "rapl", "energy_measured": true,
    "usage_ppm": 250000, "unassigned_cpu_time_ns": 1234567890, "primary_zone": "package",
    "kernel": {"map_entries": 11, "map_capacity": 4096, "overflow_entries": 1, "overflow_capacity": 512,
      "switches": 987654321, "repaired_events": 2, "dropped_events": 3, "late_cuts": 4, "lost_time_ns": 5,
      "conservation_error_ns": 6, "features": [{"name": "switch", "on": true}, {"name": "exec", "on": false}],
      "programs": [
        {"name": "on_switch", "runs": 987654300, "run_time_ns": 123456789012, "recursion_misses": 1},
        {"name": "on_exec", "runs": 42, "run_time_ns": 43000, "recursion_misses": null}]}})"));
}

TEST(JsonRenderer, TellsOfZonesAndCpus) {
  const Json json = Parse(SmallSnapshot());
  EXPECT_EQ(json["zones"], Json::parse(R"([
    {"zone": "package", "path": "aggregated-package", "source": "rapl", "measured": true,
     "uncertainty_ppm": null,
     "all": {"energy_uj": 42345678, "power_uw": 4234567},
     "active": {"energy_uj": 30000001, "power_uw": 3000000}, "idle": {"energy_uj": 12345677, "power_uw": 1234567}},
    {"zone": "dram", "path": "/sys/class/powercap/intel-rapl:0:1", "source": "rapl", "measured": true,
     "uncertainty_ppm": 365000,
     "all": {"energy_uj": 30000006, "power_uw": null},
     "active": {"energy_uj": 30000001, "power_uw": null}, "idle": {"energy_uj": 5, "power_uw": null}}])"));
  ASSERT_EQ(json["socket_zones"].size(), 3U);
  EXPECT_EQ(json["socket_zones"][1], Json::parse(R"(
    {"zone": "package", "path": "/sys/class/powercap/intel-rapl:1", "socket": 1,
     "source": "rapl", "measured": true, "uncertainty_ppm": null,
     "all": {"energy_uj": 10345678, "power_uw": 1034567}, "active": {"energy_uj": 10000001, "power_uw": 1000000},
     "idle": {"energy_uj": 345677, "power_uw": 34567}, "read_errors": 3, "resets": 0, "still": true, "baseline_uw": 34567})"));
  EXPECT_EQ(json["socket_zones"][2]["socket"], nullptr);
  EXPECT_EQ(json["unlisted_processes"], Json::parse(R"([
    {"zone": "package", "energy_uj": 8499999, "power_uw": 849999},
    {"zone": "dram", "energy_uj": 8499999, "power_uw": null}])"));
  ASSERT_EQ(json["cpus"].size(), 2U);
  EXPECT_EQ(json["cpus"][0], Json::parse(R"({"processor": "0", "vendor_id": "GenuineIntel",
    "model_name": "A \"fast\" CPU", "physical_id": "0", "core_id": "0"})"));
}

TEST(JsonRenderer, TellsOfEachWorkload) {
  const Json json = Parse(SmallSnapshot());
  ASSERT_EQ(json["processes"].size(), 3U);
  EXPECT_EQ(json["processes"][0], Json::parse(R"({"pid": 1, "comm": "systemd", "exe": "/usr/lib/systemd/systemd",
    "type": "regular", "container_id": "", "vm_id": "", "state": "running", "cpu_time_ns": 75000000, "zones": [
    {"zone": "package", "energy_uj": 1500000, "power_uw": 150000},
    {"zone": "dram", "energy_uj": 1500000, "power_uw": null}]})"));
  EXPECT_EQ(json["processes"][2]["state"], "terminated");
  const Json zones = json["containers"][0]["zones"];
  EXPECT_EQ(zones[1], Json::parse(R"({"zone": "dram", "energy_uj": 20000000, "power_uw": 2000000})"));
  const auto labels_of = [&](const char* list, size_t item) {
    Json labels = json[list][item];
    for (const char* key : {"state", "cpu_time_ns", "zones"}) EXPECT_EQ(labels.erase(key), 1U) << list << ": " << key;
    return labels;
  };
  EXPECT_EQ(labels_of("containers", 0), Json::parse(R"({"container_id": "0123456789abcdef", "container_name": "web",
                                                        "runtime": "containerd", "pod_id": "pod-1"})"));
  EXPECT_EQ(labels_of("vms", 0), Json::parse(R"({"vm_id": "vm-1", "vm_name": "guest \"1\"", "hypervisor": "kvm"})"));
  EXPECT_EQ(labels_of("pods", 0), Json::parse(R"({"pod_id": "pod-1", "pod_name": "web-7f", "pod_namespace": "shop"})"));
  EXPECT_EQ(json["pods"].size(), 2U);
}

TEST(JsonRenderer, TellsOfGroupsAndOfWhatIsInNoneOfThem) {
  const Json json = Parse(SmallSnapshot());
  ASSERT_EQ(json["groups"].size(), 6U);
  EXPECT_EQ(json["groups"][1], Json::parse(R"({"level": "owner",
    "labels": {"kind": "Deployment", "name": "web", "namespace": "shop"}, "cpu_time_ns": 1000000000, "zones": [
    {"zone": "package", "energy_uj": 20000000, "power_uw": 2000000},
    {"zone": "dram", "energy_uj": 20000000, "power_uw": 2000000}]})"));
  ASSERT_EQ(json["rests"].size(), 2U * (3 + 6));
  EXPECT_EQ(json["rests"][0], Json::parse(R"({"level": "container", "zone": "package", "energy_uj": 9000001,
                                              "power_uw": 1000000, "pending_uj": 1000000})"));
  EXPECT_EQ(json["rests"][7], Json::parse(R"({"level": "namespace", "zone": "dram", "energy_uj": 8,
                                              "power_uw": null, "pending_uj": 0})"));
}

TEST(JsonRenderer, TellsOfTheLevelsThatAreAskedFor) {
  const auto snapshot = std::make_shared<const monitor::Snapshot>(SmallSnapshot());
  const auto read = [&](std::vector<std::string> levels) {
    return Json::parse(JsonRenderer(snapshot, "node-1", std::move(levels)).ReadAll());
  };
  const Json all = read({}), pods = read({"pod", "program"});
  EXPECT_EQ(pods["pods"], all["pods"]);
  for (const char* key : {"processes", "containers", "vms"}) {
    EXPECT_FALSE(all[key].empty()) << key;
    EXPECT_TRUE(pods[key].empty()) << key;
  }
  for (const char* key : {"zones", "socket_zones", "rests", "unlisted_processes"})
    EXPECT_EQ(pods[key], all[key]) << key;
  std::set<std::string> told;
  for (const Json& group : pods["groups"]) told.insert(group["level"]);
  EXPECT_EQ(told, std::set<std::string>{"program"});
  EXPECT_GT(all["groups"].size(), pods["groups"].size());
  EXPECT_TRUE(read({"node"})["groups"].empty());
}

TEST(JsonRenderer, GivesTheSameBytesThroughABufferOfAnySize) {
  const std::string whole = Render(SmallSnapshot(), 1 << 20);
  for (const size_t capacity : {1, 7, 4096}) EXPECT_EQ(Render(SmallSnapshot(), capacity), whole) << capacity;
}

TEST(JsonRenderer, IsADocumentAlsoWithoutAnythingToTell) {
  const Json json = Parse(monitor::Snapshot());
  EXPECT_EQ(json["kernel"], nullptr);
  EXPECT_EQ(json["primary_zone"], nullptr);
  EXPECT_EQ(json["cpus"], Json::array());
  EXPECT_EQ(json["pods"], Json::array());
}

TEST(JsonRenderer, KeepsAnyBytesOfANameWithinItsString) {
  monitor::Snapshot snapshot;
  const auto comm_of = [&](const std::string& comm) {
    snapshot.processes = {};
    AddProcess(snapshot, {1, comm, "", "regular", "", ""}, monitor::WorkloadState::kRunning, {});
    return Parse(snapshot)["processes"][0]["comm"].get<std::string>();
  };
  for (const std::string& comm : {std::string("a\"b\\c\n\t\x01\x1b[2J\x7f"), std::string("nul\0byte", 8),
                                  std::string("caf\xC3\xA9"), std::string("\",\"pid\":2,\"")}) {
    EXPECT_EQ(comm_of(comm), comm);
  }
  EXPECT_EQ(comm_of("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(comm_of("caf\xC3"), "caf\xEF\xBF\xBD");
  EXPECT_NE(comm_of("\xED\xA0\x80").find("\xEF\xBF\xBD"), std::string::npos) << "a surrogate";
}

TEST(JsonRenderer, HoldsOneItemHoweverLargeTheDocument) {
  JsonRenderer renderer(std::make_shared<const monitor::Snapshot>(LargeSnapshot(8000)), "node-1");
  std::vector<char> buffer(4096);
  size_t held = 0;
  std::string text;
  while (const size_t size = renderer.Next(buffer.data(), buffer.size())) {
    held = std::max(held, renderer.held_bytes());
    text.append(buffer.data(), size);
  }
  EXPECT_LT(held, 8192U);
  EXPECT_GT(text.size(), 2'000'000U);
  EXPECT_EQ(Json::parse(text)["processes"].size(), 8000U);
}

void CollectKeys(const Json& json, std::set<std::string>& keys) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) keys.insert(key);
  }
  if (json.is_structured()) {
    for (const Json& value : json) CollectKeys(value, keys);
  }
}

TEST(JsonRenderer, EachKeyIsInTheManual) {
  const auto manual = ReadFile("docs/snapshot.md");
  ASSERT_TRUE(manual) << manual.error().message;
  std::set<std::string> keys;
  monitor::Snapshot snapshot = SmallSnapshot();
  AddGpus(snapshot);
  CollectKeys(Parse(snapshot), keys);
  EXPECT_GT(keys.size(), 50U);
  for (const std::string& key : keys) {
    EXPECT_NE(manual->find("| `" + key + "` |"), std::string::npos) << key << " is missing in docs/snapshot.md";
  }
}

}  // namespace
}  // namespace brahe::exposition
