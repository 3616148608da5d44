#include "userspace/web/peer_share.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace brahe::web {

std::string ShareOf(const std::string& address) {
  in6_addr ip{};
  if (inet_pton(AF_INET6, address.c_str(), &ip) != 1) return address;
  std::fill(std::begin(ip.s6_addr) + 8, std::end(ip.s6_addr), uint8_t{0});
  char network[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, &ip, network, sizeof(network));
  return network;
}

}  // namespace brahe::web
