#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "userspace/base/fuzz.h"
#include "userspace/workload/vm_rules.h"

namespace brahe::workload {
namespace {

// The corpus' command lines, a NUL after every word.
std::vector<std::string> Corpus() {
  std::vector<std::string> lines;
  std::ifstream corpus("testdata/vm/command_lines.txt");
  for (std::string line; std::getline(corpus, line);) {
    if (line.empty() || line.front() == '#') continue;
    line.resize(line.find(" => "));
    std::replace(line.begin(), line.end(), ' ', '\0');
    lines.push_back(line + '\0');
  }
  return lines;
}

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> words;
  for (size_t at = 0; at < line.size(); at += words.back().size() + 1) {
    words.push_back(line.substr(at, line.find('\0', at) - at));
  }
  return words;
}

// Whether an id is made of the words as a whole, and not taken from one of them that looks so.
bool IsHash(const std::string& id, const std::vector<std::string>& words) {
  const bool taken = std::any_of(words.begin(), words.end(),
                                 [&](const std::string& word) { return word.find(id) != std::string::npos; });
  return !taken && id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

class VmRulesFuzzTest : public testing::Test {
 protected:
  // What holds for every command line.
  void Check(std::vector<std::string> words) {
    const std::set<std::string> hypervisors = {
        "kvm", "xen", "virtualbox", "vmware", "firecracker", "cloud-hypervisor", "stratovirt", "crosvm", "lkvm"};
    if (words.empty()) return;
    const std::string exe = words.front();
    words.erase(words.begin());
    const auto vm = VmOfProcess(exe, words);
    ASSERT_EQ(vm, VmOfProcess(exe, words));
    ASSERT_EQ(vm, VmOfProcess("/elsewhere/" + exe, words)) << "the folder decides";
    if (!vm) return;
    ASSERT_TRUE(IsHypervisor(exe));
    ASSERT_TRUE(hypervisors.contains(vm->hypervisor)) << vm->hypervisor;
    ASSERT_FALSE(vm->id.empty());
    ASSERT_LE(std::max(vm->id.size(), vm->name.size()), 1024U);
    const bool hashed = IsHash(vm->id, words);
    if (hashed && hashes_.size() < 100'000) {
      ASSERT_EQ(hashes_.try_emplace(vm->id, words).first->second, words) << "two share an id";
    }
    words.front() = "-uuid";
    const auto renamed = VmOfProcess(exe, words);
    ASSERT_TRUE(renamed && renamed->name == vm->name && renamed->hypervisor == vm->hypervisor);
    ASSERT_TRUE(hashed ? IsHash(renamed->id, words) : renamed->id == vm->id) << "what it was called by decides";
  }

  std::map<std::string, std::vector<std::string>> hashes_;
};

TEST_F(VmRulesFuzzTest, WhatHoldsForEveryCommandLineHoldsForStrangeOnes) {
  const auto corpus = Corpus();
  ASSERT_FALSE(corpus.empty());
  Fuzz(corpus, [&](const std::string& line) { Check(Split(line)); });
  EXPECT_GT(hashes_.size(), 1000U);
}

}  // namespace
}  // namespace brahe::workload
