#include "userspace/monitor/gpu_books_state.h"

#include <algorithm>
#include <utility>

#include "userspace/base/protobuf_reader.h"

namespace brahe::monitor {
namespace {

enum StateField : uint32_t {
  kCard = 1,
  kProcess = 2,
  kContainer = 3,
  kPod = 4,
  kUnlistedProcesses = 5,
  kUnlistedContainers = 6,
  kUnlistedPods = 7,
};
enum CardField : uint32_t {
  kIndex = 1,
  kUuid = 2,
  kName = 3,
  kSource = 4,
  kActive = 5,
  kIdle = 6,
  kReadErrors = 7,
  kResets = 8,
  kLowest = 9,
  kWindowUsed = 10,
  kWindowTime = 11,
};
// Of processes, containers and pods.
enum UserField : uint32_t { kSerial = 1, kId = 2, kSince = 3, kAccount = 4, kPodId = 5, kOfNoPod = 6, kCharged = 7 };
enum AccountField : uint32_t { kEnergy = 1, kCards = 2 };

void WriteAccount(uint32_t field, const GpuBooksState::Account& account, ProtobufWriter& writer) {
  writer.Message(field, [&](ProtobufWriter& message) {
    message.Uint(kEnergy, account.energy.value);
    message.Uint(kCards, account.cards);
  });
}

void WriteCard(const GpuBooksState::Card& card, ProtobufWriter& writer) {
  writer.Uint(kIndex, card.index);
  writer.Bytes(kUuid, card.uuid);
  writer.Bytes(kName, card.name);
  writer.Uint(kSource, static_cast<uint64_t>(card.source));
  writer.Uint(kActive, card.active.value);
  writer.Uint(kIdle, card.idle.value);
  writer.Uint(kReadErrors, card.read_errors);
  writer.Uint(kResets, card.resets);
  if (card.idle_power.lowest) writer.Uint(kLowest, card.idle_power.lowest->value);
  writer.Uint(kWindowUsed, card.idle_power.window_used.value);
  writer.Uint(kWindowTime, card.idle_power.window_time.value);
}

// What any user of cards has.
void WriteUser(const auto& user, ProtobufWriter& writer) {
  if (user.since) writer.Uint(kSince, user.since->value);
  WriteAccount(kAccount, user.account, writer);
}

Status TakeAccount(const ProtobufReader& field, GpuBooksState::Account& account) {
  ProtobufReader reader(field.bytes());
  while (reader.Next()) {
    if (reader.field() == kEnergy) account.energy = {reader.uint()};
    if (reader.field() == kCards) account.cards = reader.uint();
  }
  return reader.ok() ? Status() : MakeError("an account is not well formed");
}

Status TakeField(const ProtobufReader& reader, GpuBooksState::Card& card) {
  // Cut: a number that is none of these is of another version.
  const auto source =
      static_cast<gpu::CardSource>(std::min(reader.uint(), static_cast<uint64_t>(gpu::CardSource::kPower)));
  switch (reader.field()) {
    case kIndex:
      card.index = static_cast<uint32_t>(reader.uint());
      break;
    case kUuid:
      card.uuid = reader.bytes();
      break;
    case kName:
      card.name = reader.bytes();
      break;
    case kSource:
      card.source = source;
      break;
    case kActive:
      card.active = {reader.uint()};
      break;
    case kIdle:
      card.idle = {reader.uint()};
      break;
    case kReadErrors:
      card.read_errors = reader.uint();
      break;
    case kResets:
      card.resets = reader.uint();
      break;
    case kLowest:
      card.idle_power.lowest = Microwatts{reader.uint()};
      break;
    case kWindowUsed:
      card.idle_power.window_used = {reader.uint()};
      break;
    case kWindowTime:
      card.idle_power.window_time = {reader.uint()};
      break;
    default:
      break;
  }
  return {};
}

// What any user of cards has.
Status TakeUserField(const ProtobufReader& reader, auto& user) {
  if (reader.field() == kSince) user.since = Nanoseconds{reader.uint()};
  return reader.field() == kAccount ? TakeAccount(reader, user.account) : Status();
}

Status TakeField(const ProtobufReader& reader, GpuBooksState::Process& process) {
  if (reader.field() == kSerial) process.serial = reader.uint();
  return TakeUserField(reader, process);
}

Status TakeField(const ProtobufReader& reader, GpuBooksState::Container& container) {
  if (reader.field() == kId) container.id = reader.bytes();
  if (reader.field() == kPodId) container.pod_id = reader.bytes();
  if (reader.field() == kCharged) container.charged = {reader.uint()};
  return reader.field() == kOfNoPod ? TakeAccount(reader, container.of_no_pod) : TakeUserField(reader, container);
}

Status TakeField(const ProtobufReader& reader, GpuBooksState::Pod& pod) {
  if (reader.field() == kId) pod.id = reader.bytes();
  return TakeUserField(reader, pod);
}

// Adds the message that `field` is to `list`. `what` is its name in errors.
Status TakeItem(const ProtobufReader& field, const std::string& what, auto& list) {
  auto& item = list.emplace_back();
  ProtobufReader reader(field.bytes());
  while (reader.Next()) {
    if (const Status taken = TakeField(reader, item); !taken) return MakeError(what + ": " + taken.error().message);
  }
  return reader.ok() ? Status() : MakeError(what + " is not well formed");
}

}  // namespace

void WriteGpuBooksState(const GpuBooksState& state, ProtobufWriter& writer) {
  for (const auto& card : state.cards) {
    writer.Message(kCard, [&](ProtobufWriter& message) { WriteCard(card, message); });
  }
  for (const auto& process : state.processes) {
    writer.Message(kProcess, [&](ProtobufWriter& message) {
      message.Uint(kSerial, process.serial);
      WriteUser(process, message);
    });
  }
  for (const auto& container : state.containers) {
    writer.Message(kContainer, [&](ProtobufWriter& message) {
      message.Bytes(kId, container.id);
      WriteUser(container, message);
      message.Bytes(kPodId, container.pod_id);
      WriteAccount(kOfNoPod, container.of_no_pod, message);
      message.Uint(kCharged, container.charged.value);
    });
  }
  for (const auto& pod : state.pods) {
    writer.Message(kPod, [&](ProtobufWriter& message) {
      message.Bytes(kId, pod.id);
      WriteUser(pod, message);
    });
  }
  writer.Uint(kUnlistedProcesses, state.unlisted_processes.value);
  writer.Uint(kUnlistedContainers, state.unlisted_containers.value);
  writer.Uint(kUnlistedPods, state.unlisted_pods.value);
}

Result<GpuBooksState> ReadGpuBooksState(std::string_view message) {
  GpuBooksState state;
  ProtobufReader reader(message);
  while (reader.Next()) {
    Status taken;
    if (reader.field() == kCard) taken = TakeItem(reader, "a card", state.cards);
    if (reader.field() == kProcess) taken = TakeItem(reader, "a process", state.processes);
    if (reader.field() == kContainer) taken = TakeItem(reader, "a container", state.containers);
    if (reader.field() == kPod) taken = TakeItem(reader, "a pod", state.pods);
    if (!taken) return taken.error();
    if (reader.field() == kUnlistedProcesses) state.unlisted_processes = {reader.uint()};
    if (reader.field() == kUnlistedContainers) state.unlisted_containers = {reader.uint()};
    if (reader.field() == kUnlistedPods) state.unlisted_pods = {reader.uint()};
  }
  if (!reader.ok()) return MakeError("the GPUs' books are not well formed");
  return state;
}

}  // namespace brahe::monitor
