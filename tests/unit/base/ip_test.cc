#include <doctest/doctest.h>

#include <qcc/base/ip.h>

#include <string>

using namespace qcc;

TEST_CASE("ip: text to bytes") {
  struct Row {
    const char* text;
    IpAddress address;
  };
  const Row rows[] = {
      {"127.0.0.1", {false, {127, 0, 0, 1}}},
      {"255.254.0.9", {false, {255, 254, 0, 9}}},
      {"::", {true, {}}},
      {"2001:DB8::a", {true, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a}}},
      {"::ffff:1.2.3.4", {true, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}}},
      {"0000:0000:0000:0000:0000:ffff:255.255.255.255",
       {true, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 255, 255, 255, 255}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    std::optional<IpAddress> address = parse_ip(row.text);
    REQUIRE(address.has_value());
    CHECK(*address == row.address);
    CHECK(address->view().size() == (row.address.is_v6 ? 16 : 4));
  }
}

TEST_CASE("ip: text that is no address") {
  const std::string rows[] = {"",
                              "127.1",
                              "2130706433",
                              "0x7f.0.0.1",
                              "1.2.3.4.5",
                              "256.1.1.1",
                              "01.2.3.4",
                              "1.2.3.4 ",
                              " 1.2.3.4",
                              "localhost",
                              "[::1]",
                              "::1%eth0",
                              "g::",
                              ":",
                              "1:2:3:4:5:6:7:8:9",
                              "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
                              std::string(10'000, ':'),
                              std::string("::1\0x", 5),
                              std::string("1.2.3.4\0", 8)};
  for (const std::string& text : rows) {
    CAPTURE(text);
    CHECK_FALSE(parse_ip(text).has_value());
  }
}

TEST_CASE("ip: ports") {
  CHECK(parse_port("0") == 0);
  CHECK(parse_port("080") == 80);
  CHECK(parse_port("65535") == 65535);
  for (const char* text :
       {"", "65536", "99999999999999999999", "-1", "+1", " 1", "1 ", "1x", "0x1"})
    CHECK_FALSE_MESSAGE(parse_port(text).has_value(), text);
}

TEST_CASE("ip: what kind of network an address belongs to") {
  using enum AddressScope;
  struct Row {
    const char* text;
    AddressScope scope;
  };
  const Row rows[] = {{"0.0.0.0", unspecified},
                      {"0.255.0.1", unspecified},
                      {"::", unspecified},
                      {"::ffff:0.0.0.0", unspecified},
                      {"127.0.0.1", loopback},
                      {"127.255.255.255", loopback},
                      {"::1", loopback},
                      {"::ffff:127.0.0.1", loopback},
                      {"64:ff9b::127.0.0.1", loopback},
                      {"128.0.0.1", global},
                      {"::2", global},
                      {"::127.0.0.1", global},
                      {"64:ff9b:1::127.0.0.1", global},
                      {"169.254.169.254", link_local},
                      {"169.255.0.1", global},
                      {"100.100.100.200", link_local},
                      {"fe80::1", link_local},
                      {"febf::1", link_local},
                      {"fec0::1", global},
                      {"fd00:ec2::254", link_local},
                      {"::ffff:169.254.169.254", link_local},
                      {"64:ff9b::169.254.169.254", link_local},
                      {"10.0.0.1", private_network},
                      {"11.0.0.1", global},
                      {"172.15.255.255", global},
                      {"172.16.0.1", private_network},
                      {"172.31.255.255", private_network},
                      {"172.32.0.1", global},
                      {"192.168.1.1", private_network},
                      {"192.169.1.1", global},
                      {"100.63.255.255", global},
                      {"100.64.0.1", private_network},
                      {"100.100.100.201", private_network},
                      {"100.127.255.255", private_network},
                      {"100.128.0.1", global},
                      {"fbff::1", global},
                      {"fc00::1", private_network},
                      {"fdff::1", private_network},
                      {"fd00:ec2::255", private_network},
                      {"fe00::1", global},
                      {"::ffff:10.1.2.3", private_network},
                      {"8.8.8.8", global},
                      {"2001:db8::1", global}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(scope_of_address(parse_ip(row.text)->view()) == row.scope);
  }
  CHECK(scope_of_address({}) == unspecified);
  CHECK(scope_of_address(std::array<uint8_t, 3>{127, 0, 0}) == unspecified);
  CHECK(scope_of_address(std::array<uint8_t, 5>{127, 0, 0, 1, 0}) == unspecified);
}

TEST_CASE("ip: this machine") {
  for (const char* text : {"127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"})
    CHECK_MESSAGE(is_loopback(*parse_ip(text)), text);
  for (const char* text : {"0.0.0.0", "128.0.0.1", "10.0.0.1", "::", "::2", "::ffff:10.0.0.1",
                           "64:ff9b::127.0.0.1", "::127.0.0.1"})
    CHECK_FALSE_MESSAGE(is_loopback(*parse_ip(text)), text);
}
