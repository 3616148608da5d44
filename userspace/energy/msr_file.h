#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::energy {

// The model-specific registers of a CPU. Not thread-safe.
class CpuRegisters {
 public:
  virtual ~CpuRegisters() = default;
  // EIO: the CPU has no such register.
  [[nodiscard]] virtual Result<uint64_t> Read(uint32_t address) const = 0;
};

// Opens the registers of a CPU.
using MsrOpener = std::function<Result<std::unique_ptr<CpuRegisters>>(uint32_t cpu)>;

// As the kernel module msr shows them in DEV/cpu/N/msr. Once open, the file needs no privilege any more; while its CPU
// is offline, reads fail, and they succeed again afterwards.
class MsrFile final : public CpuRegisters {
 public:
  // Takes root and CAP_SYS_RAWIO. An Error that names what is missing, and how to get it.
  static Result<std::unique_ptr<CpuRegisters>> Open(const std::string& dev_root, uint32_t cpu);

  [[nodiscard]] Result<uint64_t> Read(uint32_t address) const override;

 private:
  std::string path_;
  UniqueFd fd_;
};

// "DEV/cpu/N/msr".
std::string PathOfMsr(const std::string& dev_root, uint32_t cpu);
// "PATH:0x611": a register for a line of the log.
std::string NameOfRegister(const std::string& path, uint32_t address);

}  // namespace brahe::energy
