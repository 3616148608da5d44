#include "userspace/http/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace brahe::http {

std::string PeerAddress(const sockaddr* address) {
  if (address == nullptr) return "";
  char text[INET6_ADDRSTRLEN] = {};
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof(text));
  } else if (address->sa_family == AF_INET6) {
    const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&ip);
    inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? &ip.s6_addr[12] : &ip.s6_addr[0], text, sizeof(text));
  }
  return text;
}

}  // namespace brahe::http
