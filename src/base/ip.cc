#include <qcc/base/ip.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace qcc {
namespace {

using Bytes = std::span<const uint8_t>;

bool starts_with(Bytes address, std::initializer_list<uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

bool is_mapped(Bytes v6) { return starts_with(v6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}); }

bool is_nat64(Bytes v6) { return starts_with(v6, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}); }

AddressScope scope_of_ipv4(Bytes a) {
  if (a[0] == 0) return AddressScope::unspecified;
  if (a[0] == 127) return AddressScope::loopback;
  bool is_metadata = starts_with(a, {100, 100, 100, 200});
  if (is_metadata || starts_with(a, {169, 254})) return AddressScope::link_local;
  bool is_private = a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
                    starts_with(a, {192, 168}) || (a[0] == 100 && (a[1] & 0xc0) == 64);
  return is_private ? AddressScope::private_network : AddressScope::global;
}

AddressScope scope_of_ipv6(Bytes a) {
  if (is_mapped(a) || is_nat64(a)) return scope_of_ipv4(a.subspan(12));
  bool is_small = std::ranges::all_of(a.first(15), [](uint8_t byte) { return byte == 0; });
  if (is_small && a[15] == 0) return AddressScope::unspecified;
  if (is_small && a[15] == 1) return AddressScope::loopback;
  bool is_metadata =
      starts_with(a, {0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54});
  if (is_metadata || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)) return AddressScope::link_local;
  if ((a[0] & 0xfe) == 0xfc) return AddressScope::private_network;
  return AddressScope::global;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != text.npos) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  IpAddress address;
  if (inet_pton(AF_INET, terminated.data(), address.bytes.data()) == 1) return address;
  address.is_v6 = inet_pton(AF_INET6, terminated.data(), address.bytes.data()) == 1;
  return address.is_v6 ? std::optional(address) : std::nullopt;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  auto [stop, fault] = std::from_chars(text.data(), end, port);
  if (fault != std::errc() || stop != end) return std::nullopt;
  return port;
}

AddressScope scope_of_address(std::span<const uint8_t> address) {
  switch (address.size()) {
    case 4: return scope_of_ipv4(address);
    case 16: return scope_of_ipv6(address);
    default: return AddressScope::unspecified;
  }
}

bool is_loopback(const IpAddress& address) {
  bool is_translated = address.is_v6 && is_nat64(address.view());
  return !is_translated && scope_of_address(address.view()) == AddressScope::loopback;
}

}  // namespace qcc
