#include "userspace/cpu/source_state.h"

#include "userspace/base/protobuf_reader.h"

namespace brahe::cpu {
namespace {

// Fields of each message, by its struct. Numbers that have been used are not given another meaning.
enum StateField : uint32_t {
  kVersionField = 1,
  kRecordsId = 2,
  kProgramHash = 3,
  kFeatureOff = 4,
  kCuts = 5,
  kCpu = 6,
  kRead = 7,
  kRetired = 8,
  kGoneCgroup = 9,
  kUnrecorded = 10,
  kName = 11,
  kEnd = 12,
  kLeavingCgroup = 13,
  kDropped = 14,
  kOfflineCpu = 15,
  kLost = 16,
  kConservationError = 17,
};

// The parts of a message by number: what is written as numbers is read as such.
using Numbers = std::vector<uint64_t>;

void WriteNumbers(ProtobufWriter& writer, uint32_t field, const Numbers& numbers) {
  writer.Message(field, [&](ProtobufWriter& part) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] != 0) part.Uint(static_cast<uint32_t>(i + 1), numbers[i]);
    }
  });
}

// False if it is not well formed.
bool ReadNumbers(std::string_view message, Numbers& numbers) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() <= numbers.size()) numbers[reader.field() - 1] = reader.uint();
  }
  return reader.ok();
}

bool ReadProcess(std::string_view message, std::vector<ProcessKey>& to) {
  Numbers n(2);
  if (!ReadNumbers(message, n)) return false;
  to.push_back({static_cast<uint32_t>(n[0]), n[1]});
  return true;
}

void WriteName(const LivesState::Name& name, ProtobufWriter& writer) {
  writer.Message(kName, [&](ProtobufWriter& part) {
    part.Uint(1, name.process.pid);
    part.Uint(2, name.process.start_ns);
    part.Uint(3, name.time_ns);
    part.Uint(4, name.uid);
    part.Bytes(5, name.comm);
    part.Bytes(6, name.exec_path);
  });
}

bool ReadName(std::string_view message, std::vector<LivesState::Name>& to) {
  LivesState::Name name;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == 1) name.process.pid = static_cast<uint32_t>(reader.uint());
    if (reader.field() == 2) name.process.start_ns = reader.uint();
    if (reader.field() == 3) name.time_ns = reader.uint();
    if (reader.field() == 4) name.uid = static_cast<uint32_t>(reader.uint());
    if (reader.field() == 5) name.comm = reader.bytes();
    if (reader.field() == 6) name.exec_path = reader.bytes();
  }
  to.push_back(std::move(name));
  return reader.ok();
}

// Takes one field of a message. The name of a field that is not well formed, or null.
const char* TakeField(const ProtobufReader& reader, SourceState& state) {
  const std::string_view bytes = reader.bytes();
  Numbers n(7);
  switch (reader.field()) {
    case kVersionField:
      state.version = static_cast<uint32_t>(reader.uint());
      return nullptr;
    case kRecordsId:
      state.records_id = static_cast<uint32_t>(reader.uint());
      return nullptr;
    case kProgramHash:
      state.program_hash = reader.uint();
      return nullptr;
    case kFeatureOff:
      state.features_off.emplace_back(bytes);
      return nullptr;
    case kCuts: {
      n.resize(8);
      if (!ReadNumbers(bytes, n)) return "cuts";
      CutState& cuts = state.cuts;
      cuts.cut = n[0], cuts.in_time = n[1] != 0, cuts.switches = n[2], cuts.repaired = n[3], cuts.births = n[4];
      cuts.overflows = n[5], cuts.moves = n[6], cuts.late_cuts = n[7];
      return nullptr;
    }
    case kCpu:
      if (!ReadNumbers(bytes, n)) return "cpu";
      state.cuts.cpus.push_back({{n[0], n[1]}, {n[2], n[3]}, n[4], n[5], n[6]});
      return nullptr;
    case kRead:
      if (!ReadNumbers(bytes, n)) return "read";
      state.records.reads.push_back({static_cast<uint32_t>(n[0]), static_cast<uint32_t>(n[1]), n[2]});
      return nullptr;
    case kRetired:
      return ReadProcess(bytes, state.records.retired) ? nullptr : "retired";
    case kGoneCgroup:
      state.records.gone_cgroups.push_back(reader.uint());
      return nullptr;
    case kUnrecorded:
      return ReadProcess(bytes, state.records.unrecorded) ? nullptr : "unrecorded";
    case kName:
      return ReadName(bytes, state.lives.names) ? nullptr : "name";
    case kEnd:
      if (!ReadNumbers(bytes, n)) return "end";
      state.lives.ends.push_back({{static_cast<uint32_t>(n[0]), n[1]}, n[2]});
      return nullptr;
    case kLeavingCgroup:
      if (!ReadNumbers(bytes, n)) return "leaving_cgroup";
      state.lives.gone_cgroups.push_back({n[0], n[1]});
      return nullptr;
    case kDropped:
      state.lives.dropped = reader.uint();
      return nullptr;
    case kOfflineCpu:
      state.offline_cpus.push_back(static_cast<uint32_t>(reader.uint()));
      return nullptr;
    case kLost:
      state.lost = {reader.uint()};
      return nullptr;
    case kConservationError:
      state.conservation_error = {reader.uint()};
      return nullptr;
    default:
      return nullptr;
  }
}

}  // namespace

void WriteSourceState(const SourceState& state, ProtobufWriter& writer) {
  writer.Uint(kVersionField, state.version);
  writer.Uint(kRecordsId, state.records_id);
  writer.Uint(kProgramHash, state.program_hash);
  for (const std::string& feature : state.features_off) writer.Bytes(kFeatureOff, feature);
  const CutState& cuts = state.cuts;
  WriteNumbers(writer, kCuts,
               {cuts.cut, cuts.in_time ? 1U : 0U, cuts.switches, cuts.repaired, cuts.births, cuts.overflows, cuts.moves,
                cuts.late_cuts});
  for (const CutState::Cpu& cpu : cuts.cpus) {
    WriteNumbers(writer, kCpu,
                 {cpu.idle_ns[0], cpu.idle_ns[1], cpu.lost_ns[0], cpu.lost_ns[1], cpu.slice_begin, cpu.slice_moves,
                  cpu.slice_cgroup_id});
  }
  for (const RecordTableState::Read& read : state.records.reads) {
    writer.Message(kRead, [&](ProtobufWriter& part) {  // as WriteNumbers does it; there may be many
      part.Uint(1, read.index);
      if (read.bank != 0) part.Uint(2, read.bank);
      part.Uint(3, read.ns);
    });
  }
  for (const ProcessKey& process : state.records.retired)
    WriteNumbers(writer, kRetired, {process.pid, process.start_ns});
  for (const uint64_t cgroup_id : state.records.gone_cgroups) writer.Uint(kGoneCgroup, cgroup_id);
  for (const ProcessKey& process : state.records.unrecorded) {
    WriteNumbers(writer, kUnrecorded, {process.pid, process.start_ns});
  }
  for (const LivesState::Name& name : state.lives.names) WriteName(name, writer);
  for (const LivesState::End& end : state.lives.ends) {
    WriteNumbers(writer, kEnd, {end.process.pid, end.process.start_ns, end.time_ns});
  }
  for (const LivesState::GoneCgroup& cgroup : state.lives.gone_cgroups) {
    WriteNumbers(writer, kLeavingCgroup, {cgroup.cgroup_id, cgroup.time_ns});
  }
  writer.Uint(kDropped, state.lives.dropped);
  for (const uint32_t cpu : state.offline_cpus) writer.Uint(kOfflineCpu, cpu);
  writer.Uint(kLost, state.lost.value);
  writer.Uint(kConservationError, state.conservation_error.value);
}

Result<SourceState> ReadSourceState(std::string_view message) {
  SourceState state;
  state.version = 0;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (const char* const field = TakeField(reader, state); field != nullptr) {
      return MakeError(std::string("the kept state of CPU time counting: field ") + field + " is not well formed");
    }
  }
  if (!reader.ok()) return MakeError("the kept state of CPU time counting: not well formed");
  return state;
}

}  // namespace brahe::cpu
