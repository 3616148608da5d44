#include "userspace/monitor/books_state.h"

#include <algorithm>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "userspace/base/protobuf_reader.h"

namespace brahe::monitor {
namespace {

// Numbers of fields never get another meaning; what is not known is left out.
namespace books_field {
enum : uint32_t {
  kSource = 1,
  kBegin,
  kEnd,
  kUnassignedTime,
  kSeries,
  kZone,
  kText,  // numbered from 1 on, as they come; 0 is the empty one. Stands before the rows that name it
  kProcess,
  kContainer,
  kVm,
  kPod,
  kGroup,
};
}  // namespace books_field
namespace series_field {
enum : uint32_t { kName = 1, kUnassigned, kClosed };
}  // namespace series_field
namespace zone_field {
enum : uint32_t { kName = 1, kPath, kSocket, kActive, kIdle, kKnownUntil };
}  // namespace zone_field
// Of all rows; those of a level begin at 16.
namespace row_field {
enum : uint32_t { kEnded = 1, kHeld, kSince, kSerial, kTime, kEnergy, kOwn = 16 };
}  // namespace row_field

// What each level has of its own: one place says it for writing and for reading. `io` takes numbers and texts in this
// order; a row that is written is constant.
void VisitOwn(auto& io, auto& row, auto& labels, const ProcessState*) {
  io.Number(row.start_ns);
  io.Number(labels.pid);
  io.Text(labels.comm);
  io.Text(labels.exe);
  io.Text(labels.container_id);
  io.Text(labels.vm_id);
}
void VisitOwn(auto& io, auto& row, auto& labels, const ContainerState*) {
  io.Text(labels.id);
  io.Text(labels.name);
  io.Text(labels.runtime);
  io.Text(labels.pod_id);
  io.Text(row.container.id);
  io.Text(row.container.runtime);
  io.Text(row.container.pod_uid);
  io.Text(row.container.cgroup);
  io.Text(row.container.tree);
  io.Number(row.container.of_user);
  io.Number(row.cgroup_id);
  io.Number(row.pod_was_asked);
  io.Number(row.named_by_pod);
}
void VisitOwn(auto& io, auto&, auto& labels, const VmState*) {
  io.Text(labels.id);
  io.Text(labels.name);
  io.Text(labels.hypervisor);
}
void VisitOwn(auto& io, auto& row, auto& labels, const PodState*) {
  io.Text(labels.id);
  io.Text(labels.name);
  io.Text(labels.name_space);
  io.Text(row.facts.uid);
  io.Text(row.facts.name);
  io.Text(row.facts.name_space);
  io.Text(row.facts.runtime);
  io.Text(row.facts.owner_kind);
  io.Text(row.facts.owner_name);
  io.Number(row.cgroup_id);
}
void VisitOwn(auto& io, auto& row, auto& labels, const GroupState*) {
  io.Text(row.level);
  io.Texts(labels.values);
}

// Numbers the texts of rows, and writes each before the first row that has it.
class TextTable {
 public:
  explicit TextTable(ProtobufWriter& writer) : writer_(writer) {}

  void BeginRow() { row_.clear(); }
  void Number(uint64_t) {}
  // Many processes share a text, and then it is the same one in memory.
  void Text(const SharedText& text) {
    if (text.empty()) return row_.push_back(0);
    const auto [it, added] = shared_.try_emplace(&text.str(), 0);
    if (added) it->second = NumberOf(text);
    row_.push_back(it->second);
  }
  void Text(const std::string& text) { row_.push_back(text.empty() ? 0 : NumberOf(text)); }
  void Texts(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) Text(text);
  }
  // The numbers of the row's texts, in their order.
  [[nodiscard]] const std::vector<uint64_t>& row() const { return row_; }

 private:
  uint64_t NumberOf(const std::string& text) {
    const auto [it, added] = numbers_.try_emplace(text, numbers_.size() + 1);
    if (added) writer_.Bytes(books_field::kText, text);
    return it->second;
  }

  ProtobufWriter& writer_;
  // Of texts of the state, which outlives this.
  std::unordered_map<std::string_view, uint64_t> numbers_;
  std::unordered_map<const std::string*, uint64_t> shared_;
  std::vector<uint64_t> row_;
};

// Writes what a row has of its own.
class OwnWriter {
 public:
  // `texts`: the numbers of the row's texts.
  OwnWriter(const std::vector<uint64_t>& texts, ProtobufWriter& fields) : text_(texts.begin()), fields_(fields) {}

  void Number(uint64_t number) {
    if (number != 0) fields_.Uint(field_, number);
    ++field_;
  }
  void Text(const auto& /*text*/) { Number(*text_++); }
  void Texts(const std::vector<std::string>& texts) {
    for (size_t i = 0; i < texts.size(); ++i) fields_.Uint(field_, *text_++);
    ++field_;
  }

 private:
  std::vector<uint64_t>::const_iterator text_;
  ProtobufWriter& fields_;
  uint32_t field_ = row_field::kOwn;
};

// Gives back what OwnWriter has written.
class OwnReader {
 public:
  OwnReader(const std::vector<SharedText>& texts, const std::vector<std::pair<uint32_t, uint64_t>>& fields)
      : texts_(texts), fields_(fields) {}

  template <typename T>
  void Number(T& number) {
    for (const auto& [field, value] : fields_) {
      if (field == field_) number = static_cast<T>(value);
    }
    ++field_;
  }
  template <typename T>
  void Text(T& text) {
    uint64_t number = 0;
    Number(number);
    if constexpr (std::is_same_v<T, SharedText>) {
      text = At(number);
    } else {
      text = At(number).str();
    }
  }
  void Texts(std::vector<std::string>& texts) {
    for (const auto& [field, value] : fields_) {
      if (field == field_) texts.push_back(At(value).str());
    }
    ++field_;
  }
  // Whether all texts were there.
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  const SharedText& At(uint64_t number) {
    static const SharedText empty;
    ok_ = ok_ && number <= texts_.size();
    return number == 0 || !ok_ ? empty : texts_[number - 1];
  }

  const std::vector<SharedText>& texts_;
  const std::vector<std::pair<uint32_t, uint64_t>>& fields_;
  uint32_t field_ = row_field::kOwn;
  bool ok_ = true;
};

template <typename Row>
void WriteRows(uint32_t field, const std::vector<Row>& rows, TextTable& texts, ProtobufWriter& writer) {
  for (const Row& row : rows) {
    texts.BeginRow();
    VisitOwn(texts, row, *row.labels, &row);
    writer.Message(field, [&](ProtobufWriter& fields) {
      if (row.ended) fields.Uint(row_field::kEnded, 1);
      if (!row.listed) fields.Uint(row_field::kHeld, 1);
      if (row.since) fields.Uint(row_field::kSince, (*row.since).value);
      fields.Uint(row_field::kSerial, row.serial);
      if (row.account.time.value != 0) fields.Uint(row_field::kTime, row.account.time.value);
      for (const Microjoules energy : row.account.energy) fields.Uint(row_field::kEnergy, energy.value);
      OwnWriter own(texts.row(), fields);
      VisitOwn(own, row, *row.labels, &row);
    });
  }
}

template <typename Labels>
void FinishLabels(Labels&) {}
void FinishLabels(ProcessLabels& labels) { labels.type = TypeOf(labels); }

template <typename Row>
Status ReadRow(std::string_view message, const std::vector<SharedText>& texts, std::vector<Row>& rows) {
  constexpr uint64_t kMostSerial = UINT64_MAX >> 2;  // leaves room for all to come
  using Labels = std::remove_const_t<typename decltype(Row::labels)::element_type>;
  Row& row = rows.emplace_back();
  std::vector<std::pair<uint32_t, uint64_t>> own;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.field()) {
      case row_field::kEnded:
        row.ended = reader.uint() != 0;
        break;
      case row_field::kHeld:
        row.listed = reader.uint() == 0;
        break;
      case row_field::kSince:
        row.since = Nanoseconds{reader.uint()};
        break;
      case row_field::kSerial:
        row.serial = reader.uint();
        break;
      case row_field::kTime:
        row.account.time = {reader.uint()};
        break;
      case row_field::kEnergy:
        row.account.energy.push_back({reader.uint()});
        break;
      default:
        own.emplace_back(reader.field(), reader.uint());
    }
  }
  auto labels = std::make_shared<Labels>();
  OwnReader io(texts, own);
  VisitOwn(io, row, *labels, &row);
  FinishLabels(*labels);
  row.labels = std::move(labels);
  if (!reader.ok()) return MakeError("a row of the books is damaged");
  if (!io.ok()) return MakeError("a row of the books names a text that is not there");
  if (row.serial > kMostSerial) return MakeError("a row of the books has too large a serial number");
  if (!row.listed && !row.since) return MakeError("a row of the books is not listed and has no beginning");
  return {};
}

Status ReadZone(std::string_view message, std::vector<ZoneBooks>& zones) {
  ZoneBooks& zone = zones.emplace_back();
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.field()) {
      case zone_field::kName:
        zone.name = reader.bytes();
        break;
      case zone_field::kPath:
        zone.path = reader.bytes();
        break;
      case zone_field::kSocket:
        zone.socket = static_cast<uint32_t>(reader.uint());
        break;
      case zone_field::kActive:
        zone.active = {reader.uint()};
        break;
      case zone_field::kIdle:
        zone.idle = {reader.uint()};
        break;
      case zone_field::kKnownUntil:
        zone.known_until = {reader.uint()};
        break;
      default:
        break;
    }
  }
  return reader.ok() ? Status() : MakeError("a zone of the books is damaged");
}

Status ReadSeries(std::string_view message, std::vector<SeriesBooks>& all) {
  SeriesBooks& series = all.emplace_back();
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.field()) {
      case series_field::kName:
        series.name = reader.bytes();
        break;
      case series_field::kUnassigned:
        series.unassigned = {reader.uint()};
        break;
      case series_field::kClosed:
        series.closed = {reader.uint()};
        break;
      default:
        break;
    }
  }
  return reader.ok() ? Status() : MakeError("a series of the books is damaged");
}

template <typename Row>
bool HaveFigures(const std::vector<Row>& rows, size_t series) {
  return std::all_of(rows.begin(), rows.end(), [&](const Row& row) { return row.account.energy.size() == series; });
}

template <typename Row, typename Labels>
void AddRows(const WorkloadList<Labels>& list, size_t series, const Row& prototype, const auto& complete,
             std::vector<Row>& rows) {
  rows.reserve(rows.size() + list.size());
  for (const auto& chunk : list.chunks()) {
    for (size_t item = 0; item < chunk->faces->size(); ++item) {
      const WorkloadFace<Labels>& face = (*chunk->faces)[item];
      Row& row = rows.emplace_back(prototype);
      row.labels = face.labels;
      row.ended = face.state == WorkloadState::kTerminated;
      row.since = face.since;
      row.serial = face.serial;
      row.account.time = chunk->cpu_times[item];
      row.account.energy.reserve(series);
      for (size_t s = 0; s < series; ++s) {
        row.account.energy.push_back(EnergyFigure(chunk->figures[item * series + s]).energy);
      }
      complete(face, row);
    }
  }
}

}  // namespace

AccountState AccountIn(const attribution::Ledger& ledger, attribution::AccountId account) {
  AccountState state{.time = ledger.CpuTime(account), .energy = {}};
  state.energy.reserve(ledger.series());
  for (size_t s = 0; s < ledger.series(); ++s) state.energy.push_back(ledger.BalanceOf(account, s).total);
  return state;
}

void AddListed(const Snapshot& snapshot, BooksState& state) {
  const size_t series = snapshot.zones.size();
  state.cpu_time_source = snapshot.cpu_time_source;
  state.begin = snapshot.begin;
  state.end = snapshot.time;
  AddRows(
      snapshot.processes, series, ProcessState(),
      [](const WorkloadFace<ProcessLabels>& face, ProcessState& row) { row.start_ns = face.start_ns; },
      state.processes);
  for (const GroupList& list : snapshot.groups) {
    GroupState prototype;
    prototype.level = list.level;
    AddRows(
        list.groups, series, prototype, [](const auto&, const auto&) {}, state.groups);
  }
}

void WriteBooks(const BooksState& state, ProtobufWriter& writer) {
  writer.Bytes(books_field::kSource, state.cpu_time_source);
  writer.Uint(books_field::kBegin, state.begin.value);
  writer.Uint(books_field::kEnd, state.end.value);
  writer.Uint(books_field::kUnassignedTime, state.unassigned_time.value);
  for (const SeriesBooks& series : state.series) {
    writer.Message(books_field::kSeries, [&](ProtobufWriter& fields) {
      fields.Bytes(series_field::kName, series.name);
      fields.Uint(series_field::kUnassigned, series.unassigned.value);
      fields.Uint(series_field::kClosed, series.closed.value);
    });
  }
  for (const ZoneBooks& zone : state.zones) {
    writer.Message(books_field::kZone, [&](ProtobufWriter& fields) {
      fields.Bytes(zone_field::kName, zone.name);
      fields.Bytes(zone_field::kPath, zone.path);
      if (zone.socket) fields.Uint(zone_field::kSocket, *zone.socket);
      fields.Uint(zone_field::kActive, zone.active.value);
      fields.Uint(zone_field::kIdle, zone.idle.value);
      fields.Uint(zone_field::kKnownUntil, zone.known_until.value);
    });
  }
  TextTable texts(writer);
  WriteRows(books_field::kProcess, state.processes, texts, writer);
  WriteRows(books_field::kContainer, state.containers, texts, writer);
  WriteRows(books_field::kVm, state.vms, texts, writer);
  WriteRows(books_field::kPod, state.pods, texts, writer);
  WriteRows(books_field::kGroup, state.groups, texts, writer);
}

Result<BooksState> ReadBooks(std::string_view message) {
  BooksState state;
  std::vector<SharedText> texts;
  ProtobufReader reader(message);
  Status status;
  while (status && reader.Next()) {
    switch (reader.field()) {
      case books_field::kSource:
        state.cpu_time_source = reader.bytes();
        break;
      case books_field::kBegin:
        state.begin = {reader.uint()};
        break;
      case books_field::kEnd:
        state.end = {reader.uint()};
        break;
      case books_field::kUnassignedTime:
        state.unassigned_time = {reader.uint()};
        break;
      case books_field::kSeries:
        status = ReadSeries(reader.bytes(), state.series);
        break;
      case books_field::kZone:
        status = ReadZone(reader.bytes(), state.zones);
        break;
      case books_field::kText:
        texts.emplace_back(reader.bytes());
        break;
      case books_field::kProcess:
        status = ReadRow(reader.bytes(), texts, state.processes);
        break;
      case books_field::kContainer:
        status = ReadRow(reader.bytes(), texts, state.containers);
        break;
      case books_field::kVm:
        status = ReadRow(reader.bytes(), texts, state.vms);
        break;
      case books_field::kPod:
        status = ReadRow(reader.bytes(), texts, state.pods);
        break;
      case books_field::kGroup:
        status = ReadRow(reader.bytes(), texts, state.groups);
        break;
      default:
        break;
    }
  }
  if (!status) return status.error();
  if (!reader.ok()) return MakeError("the books are damaged");
  const size_t series = state.series.size();
  if (!HaveFigures(state.processes, series) || !HaveFigures(state.containers, series) ||
      !HaveFigures(state.vms, series) || !HaveFigures(state.pods, series) || !HaveFigures(state.groups, series)) {
    return MakeError("a row of the books has not as many figures as there are series");
  }
  return state;
}

}  // namespace brahe::monitor
