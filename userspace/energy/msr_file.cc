#include "userspace/energy/msr_file.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace brahe::energy {
namespace {

Error WithRemedy(const Error& why) {
  std::string remedy = "cannot be opened";
  if (why.code == ENOENT || why.code == ENXIO || why.code == ENODEV) {
    remedy = "load the kernel module msr (modprobe msr), and in a container mount the host's /dev/cpu";
  } else if (why.code == EPERM) {
    remedy = "grant CAP_SYS_RAWIO, and let the unit or container have the device (DeviceAllow=char-cpu/msr r)";
  } else if (why.code == EACCES) {
    remedy = "only root may read it; run as root or grant CAP_DAC_READ_SEARCH, and CAP_SYS_RAWIO as well";
  }
  return {why.code, why.message + ": " + remedy};
}

}  // namespace

Result<std::unique_ptr<CpuRegisters>> MsrFile::Open(const std::string& dev_root, uint32_t cpu) {
  auto file = std::make_unique<MsrFile>();
  file->path_ = PathOfMsr(dev_root, cpu);
  auto fd = OpenForReading(file->path_);
  if (!fd) return WithRemedy(fd.error());
  file->fd_ = *std::move(fd);
  return std::unique_ptr<CpuRegisters>(std::move(file));
}

Result<uint64_t> MsrFile::Read(uint32_t address) const {
  uint64_t value = 0;
  const ssize_t length = pread(fd_.get(), &value, sizeof value, address);
  if (length < 0) return SystemError("read " + NameOfRegister(path_, address));
  if (length != sizeof value) return SystemError("read " + NameOfRegister(path_, address), EIO);
  return value;
}

std::string PathOfMsr(const std::string& dev_root, uint32_t cpu) {
  return dev_root + "/cpu/" + std::to_string(cpu) + "/msr";
}

std::string NameOfRegister(const std::string& path, uint32_t address) {
  std::array<char, 8> digits = {};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), address, 16).ptr;
  return path + ":0x" + std::string(digits.data(), end);
}

}  // namespace brahe::energy
