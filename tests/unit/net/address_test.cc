#include <doctest/doctest.h>
#include <qcc/net/address.h>

#include <string>

namespace qcc::net {
namespace {

TEST_CASE("address: text that is an address comes back the same") {
  struct Row {
    std::string text;
    int family;
    uint16_t port;
  };
  const Row rows[] = {
      {"127.0.0.1:80", AF_INET, 80},
      {"0.0.0.0:0", AF_INET, 0},
      {"255.255.255.255:65535", AF_INET, 65535},
      {"[::1]:80", AF_INET6, 80},
      {"[::]:7860", AF_INET6, 7860},
      {"[2001:db8::1]:443", AF_INET6, 443},
      {"[::ffff:1.2.3.4]:1", AF_INET6, 1},
      {"unix:/run/qcc.sock", AF_UNIX, 0},
      {"unix:@qcc", AF_UNIX, 0},
      {"unix:/" + std::string(106, 'p'), AF_UNIX, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    std::optional<SocketAddress> address = SocketAddress::parse(row.text);
    REQUIRE(address.has_value());
    CHECK(address->family() == row.family);
    CHECK(address->port() == row.port);
    CHECK(address->format() == row.text);
    CHECK(SocketAddress::from_system(address->get(), address->size()) == *address);
    CHECK(*SocketAddress::parse(address->format()) == *address);
  }
}

TEST_CASE("address: text that is none is refused") {
  const std::string rows[] = {
      "",
      ":",
      "80",
      "127.0.0.1",
      "127.0.0.1:",
      "127.0.0.1:65536",
      "127.0.0.1:-1",
      "127.0.0.1:+1",
      "127.0.0.1: 1",
      "127.0.0.1:1x",
      "127.1:80",
      "0177.0.0.1:80",
      "256.0.0.1:80",
      "localhost:80",
      "::1:80",
      "[::1]",
      "[::1]80",
      "[::1]:",
      "[]:80",
      "[127.0.0.1]:80",
      "[fe80::1%eth0]:80",
      "[::1:80",
      "unix:",
      "unix:/",
      "unix:relative",
      "unix:/" + std::string(107, 'p'),
      std::string("unix:/a\0b", 9),
      std::string("127.0.0.1\0:80", 13),
      "[" + std::string(200, ':') + "]:80",
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    CHECK_FALSE(SocketAddress::parse(row).has_value());
  }
}

TEST_CASE("address: what kind of network it belongs to") {
  enum Kind { global, loopback, private_network, metadata };
  struct Row {
    const char* text;
    Kind kind;
  };
  const Row rows[] = {
      {"127.0.0.1:1", loopback},
      {"127.255.255.255:1", loopback},
      {"128.0.0.1:1", global},
      {"[::1]:1", loopback},
      {"[::2]:1", global},
      {"[::ffff:127.0.0.1]:1", loopback},
      {"[64:ff9b::127.0.0.1]:1", loopback},
      {"unix:/run/x", loopback},
      {"10.0.0.1:1", private_network},
      {"11.0.0.1:1", global},
      {"172.16.0.1:1", private_network},
      {"172.31.255.255:1", private_network},
      {"172.32.0.1:1", global},
      {"192.168.1.1:1", private_network},
      {"192.169.1.1:1", global},
      {"100.64.0.1:1", private_network},
      {"100.128.0.1:1", global},
      {"[fc00::1]:1", private_network},
      {"[fdff::1]:1", private_network},
      {"[fe00::1]:1", global},
      {"[::ffff:10.1.2.3]:1", private_network},
      {"169.254.169.254:1", metadata},
      {"169.255.0.1:1", global},
      {"100.100.100.200:1", metadata},
      {"100.100.100.201:1", private_network},
      {"[fd00:ec2::254]:1", metadata},
      {"[fd00:ec2::255]:1", private_network},
      {"[fe80::1]:1", metadata},
      {"[febf::1]:1", metadata},
      {"[fec0::1]:1", global},
      {"[::ffff:169.254.169.254]:1", metadata},
      {"[64:ff9b::169.254.169.254]:1", metadata},
      {"8.8.8.8:1", global},
      {"[2001:4860:4860::8888]:1", global},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    std::optional<SocketAddress> address = SocketAddress::parse(row.text);
    REQUIRE(address.has_value());
    CHECK(address->is_loopback() == (row.kind == loopback));
    CHECK(address->is_private() == (row.kind == private_network));
    CHECK(address->is_link_local_metadata() == (row.kind == metadata));
  }
}

TEST_CASE("address: what the system gives") {
  SocketAddress none;
  CHECK(none.size() == 0);
  CHECK(none.family() == AF_UNSPEC);
  CHECK(none.format() == "none");
  CHECK_FALSE(none.is_ip());

  SocketAddress v4 = *SocketAddress::parse("1.2.3.4:5");
  CHECK(SocketAddress::from_system(v4.get(), 4) == none);  // cut short
  sockaddr_storage other{};
  other.ss_family = AF_APPLETALK;
  CHECK(SocketAddress::from_system(reinterpret_cast<sockaddr*>(&other), sizeof(sockaddr_in)) ==
        none);
  other.ss_family = AF_UNIX;  // a client's unnamed Unix socket
  SocketAddress unnamed =
      SocketAddress::from_system(reinterpret_cast<sockaddr*>(&other), sizeof(sa_family_t));
  CHECK(unnamed.family() == AF_UNIX);
  CHECK(unnamed.format() == "unix:");
  CHECK(unnamed.is_loopback());

  CHECK(*SocketAddress::from_ip("::1", 80) == *SocketAddress::parse("[::1]:80"));
  CHECK_FALSE(*SocketAddress::from_ip("::1", 80) == *SocketAddress::parse("[::1]:81"));
  CHECK_FALSE(SocketAddress::from_ip("[::1]", 80).has_value());
  CHECK(v4.with_port(6).format() == "1.2.3.4:6");
  CHECK(SocketAddress::from_ip("::1", 80)->with_port(443).format() == "[::1]:443");
  CHECK(unnamed.with_port(80) == unnamed);
}

}  // namespace
}  // namespace qcc::net
