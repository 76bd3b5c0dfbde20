// IP addresses and ports: their text, and what kind of network an address belongs to. Pure
// functions, any thread.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace qcc {

struct IpAddress {
  bool is_v6 = false;
  std::array<uint8_t, 16> bytes{};  // network order; IPv4 has the first four

  std::span<const uint8_t> view() const { return std::span(bytes).first(is_v6 ? 16 : 4); }
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// "127.0.0.1" or "::1": no brackets, no zone, no short or octal IPv4 forms.
std::optional<IpAddress> parse_ip(std::string_view text);

// Decimal digits, at most 65535.
std::optional<uint16_t> parse_port(std::string_view text);

enum class AddressScope : uint8_t {
  unspecified,      // 0.0.0.0/8, ::
  loopback,         // 127.0.0.0/8, ::1
  link_local,       // 169.254.0.0/16, fe80::/10 and cloud metadata services: never an upstream
  private_network,  // RFC 1918, 100.64.0.0/10, fc00::/7
  global,
};

// `address` holds 4 or 16 bytes in network order; any other length is `unspecified`. IPv4 inside
// IPv6 (mapped, or behind NAT64) is judged as the IPv4 address. Also for what DNS returned.
AddressScope scope_of_address(std::span<const uint8_t> address);

// This machine, and nothing that a translator makes of it: NAT64 forms are none.
bool is_loopback(const IpAddress& address);

}  // namespace qcc
