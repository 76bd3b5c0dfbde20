#include <qcc/config/address.h>

#include <algorithm>
#include <optional>

#include <qcc/base/ascii.h>

namespace qcc::config {
namespace {

constexpr size_t kUnixPathMax = 107;  // sun_path less its final zero

std::expected<ListenAddress, std::string> parse_unix_address(std::string_view path) {
  if (!path.starts_with('/')) return std::unexpected("a unix socket needs an absolute path");
  if (path.size() > kUnixPathMax) {
    return std::unexpected("the path of a unix socket has at most 107 bytes");
  }
  if (path.find('\0') != path.npos) return std::unexpected("a path cannot hold a zero byte");
  return ListenAddress{ListenAddress::Kind::unix_socket, std::string(path), 0};
}

}  // namespace

bool ListenAddress::is_local() const {
  return kind == Kind::unix_socket || scope_of_host(host) == AddressScope::loopback;
}

std::string ListenAddress::text() const {
  switch (kind) {
    case Kind::unix_socket: return "unix:" + host;
    case Kind::ipv6: return "[" + host + "]:" + std::to_string(port);
    case Kind::ipv4: break;
  }
  return host + ":" + std::to_string(port);
}

std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
  constexpr const char* kForms = R"(expected "127.0.0.1:7860", "[::1]:7860" or "unix:/path")";
  if (text.starts_with("unix:")) return parse_unix_address(text.substr(5));
  size_t colon = text.rfind(':');
  if (colon == text.npos) return std::unexpected(std::string(kForms) + ": there is no port");
  std::string_view host = text.substr(0, colon);
  std::optional<uint16_t> port = parse_port(text.substr(colon + 1));
  if (!port) {
    return std::unexpected(std::string(kForms) + ": a port is a number up to 65535");
  }
  bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) host = host.substr(1, host.size() - 2);
  std::optional<IpAddress> address = parse_ip(host);
  if (!address) {
    return std::unexpected(std::string(kForms) + ": the host must be an address, not a name");
  }
  if (address->is_v6 != has_brackets) {
    return std::unexpected(std::string(kForms) + ": IPv6, and only IPv6, stands in brackets");
  }
  return ListenAddress{address->is_v6 ? ListenAddress::Kind::ipv6 : ListenAddress::Kind::ipv4,
                       std::string(host), *port};
}

AddressScope scope_of_host(std::string_view host) {
  if (std::optional<IpAddress> address = parse_ip(host)) return scope_of_address(address->view());
  std::string name(host);
  std::ranges::transform(name, name.begin(), ascii_lower);
  if (name == "localhost" || name.ends_with(".localhost")) return AddressScope::loopback;
  if (name == "metadata.google.internal") return AddressScope::link_local;
  if (name.find('.') == name.npos) return AddressScope::private_network;
  constexpr std::string_view kPrivateEnds[] = {".local", ".internal", ".lan", ".home.arpa"};
  for (std::string_view end : kPrivateEnds) {
    if (name.ends_with(end)) return AddressScope::private_network;
  }
  return AddressScope::global;
}

}  // namespace qcc::config
