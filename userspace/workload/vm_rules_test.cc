#include "userspace/workload/vm_rules.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <set>
#include <sstream>

namespace brahe::workload {
namespace {

using Words = std::vector<std::string>;

// `text` with \xHH made the byte that it stands for.
std::string Unescape(std::string text) {
  for (size_t at = 0; (at = text.find("\\x", at)) != std::string::npos; ++at) {
    text.replace(at, 4, 1, static_cast<char>(std::stoi(text.substr(at + 2, 2), nullptr, 16)));
  }
  return text;
}

Words Split(const std::string& line) {
  std::istringstream stream(line);
  Words words;
  for (std::string word; stream >> word;) words.push_back(Unescape(word));
  return words;
}

bool IsHash(const std::string& id) {
  return id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Words Describe(const std::optional<VirtualMachine>& vm) {
  if (!vm) return {"-"};
  return {vm->hypervisor, IsHash(vm->id) ? "hash" : vm->id, vm->name.empty() ? "-" : vm->name};
}

TEST(VmRulesTest, TellsTheVirtualMachineOfEveryCommandLineInTheCorpus) {
  std::ifstream corpus("testdata/vm/command_lines.txt");
  size_t lines = 0;
  std::set<std::string> hashes;
  size_t hashed = 0;
  for (std::string line; std::getline(corpus, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t arrow = line.find(" => ");
    ASSERT_NE(arrow, std::string::npos) << line;
    Words arguments = Split(line.substr(0, arrow));
    const std::string exe = arguments.front();
    arguments.erase(arguments.begin());
    const auto vm = VmOfProcess(exe, arguments);
    EXPECT_EQ(Describe(vm), Split(line.substr(arrow + 4))) << line;
    EXPECT_TRUE(!vm || IsHypervisor(exe)) << line;
    if (vm && IsHash(vm->id)) {
      ++hashed;
      hashes.insert(vm->id);
    }
    ++lines;
  }
  EXPECT_GT(lines, 90U);
  EXPECT_EQ(hashes.size(), hashed) << "two virtual machines share an id";
}

TEST(VmRulesTest, AHashStandsForTheWholeCommandLineAndNeverChanges) {
  const auto id = [](const Words& arguments) { return VmOfProcess("/usr/bin/kvm", arguments)->id; };
  EXPECT_EQ(id({"kvm", "-m", "512"}), "6896b3a20353f8fd");
  EXPECT_NE(id({"kvm", "-m", "512"}), id({"kvm", "-m", "513"}));
  EXPECT_NE(id({"kvm", "-m", "512"}), id({"kvm", "-m512"}));
  EXPECT_NE(id({"kvm", "a", ""}), id({"kvm", "a"}));
  std::string disk(100'000, 'd');
  const std::string one = id({"kvm", disk});
  disk.back() = 'e';
  EXPECT_NE(id({"kvm", disk}), one);
}

TEST(VmRulesTest, AnOptionTakesTheNextWordWhateverItIs) {
  EXPECT_EQ(VmOfProcess("kvm", {"kvm", "-uuid", "-name", "web"})->id, "-name");
  EXPECT_EQ(VmOfProcess("kvm", {"-uuid", "u", "-name", "web"})->id, "web");  // the first is not an option
}

TEST(VmRulesTest, AnOverlongNameIsNone) {
  const std::string longest(1024, 'n');
  EXPECT_EQ(VmOfProcess("kvm", {"kvm", "-name", longest})->name, longest);
  for (const Words& arguments : std::initializer_list<Words>{{"kvm", "-name", longest + "n"},
                                                             {"kvm", "-uuid", longest + "n"},
                                                             {"kvm", "-smbios", "type=1,uuid=n" + longest}}) {
    EXPECT_EQ(Describe(VmOfProcess("kvm", arguments)), (Words{"kvm", "hash", "-"}));
  }
  EXPECT_EQ(Describe(VmOfProcess("vmware-vmx", {"", longest + ".vmx"})), (Words{"vmware", "hash", "-"}));
}

TEST(VmRulesTest, AHostileCommandLineTakesNoLongerThanItsLengthWarrants) {
  Words arguments = {"kvm"};
  for (int i = 0; i < 100'000; ++i) arguments.insert(arguments.end(), {"-name", "a,,b=", "-smbios", "-M", "-", ""});
  arguments.insert(arguments.end(), {"-name", std::string(1 << 22, ','), "-smbios", std::string(1 << 22, '=')});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NE(VmOfProcess("kvm", arguments), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace brahe::workload
