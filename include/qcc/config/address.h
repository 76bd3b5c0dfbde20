// Where QCC listens and where it may connect: addresses and base URLs as written in qcc.toml.
// Plain values. Parsers return a sentence for the person who wrote the text; it never repeats the
// text itself, which might hold a password.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include <qcc/base/ip.h>

namespace qcc::config {

struct ListenAddress {
  enum class Kind : uint8_t { ipv4, ipv6, unix_socket };
  Kind kind = Kind::ipv4;
  std::string host;   // numeric, without brackets; for a unix socket its path
  uint16_t port = 0;  // 0: the kernel chooses

  // True if only this machine can reach it: loopback or a unix socket.
  bool is_local() const;
  // False if the kernel chooses the port.
  bool is_fixed() const { return port != 0 || kind == Kind::unix_socket; }
  // As written in the file: "127.0.0.1:7860", "[::1]:7860", "unix:/run/qcc.sock".
  std::string text() const;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text);

// The address of an upstream API.
struct BaseUrl {
  bool tls = true;   // https
  std::string host;  // lower case, IPv6 without brackets
  uint16_t port = 443;
  std::string base_path;  // what stands before /v1/…: "" or "/api", never a slash at its end

  // Value of the Host field: the port only when it is not the scheme's own.
  std::string host_header() const;
  std::string text() const;
  friend bool operator==(const BaseUrl&, const BaseUrl&) = default;
};

// "http(s)://host[:port][/path]". A final "/v1" is dropped: every route brings its own.
std::expected<BaseUrl, std::string> parse_base_url(std::string_view text);

// Judges an address as scope_of_address does and a name by its form: "localhost" is loopback,
// single labels and .local, .internal, .lan, .home.arpa are private, metadata.google.internal is
// link_local.
AddressScope scope_of_host(std::string_view host);

}  // namespace qcc::config
