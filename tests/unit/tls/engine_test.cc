#include <doctest/doctest.h>

#include <cstring>

#include "tls_pair.h"

namespace qcc::tls {
namespace {

using namespace qcc::tls::testing;

TlsContext client_context(const std::string& ca_file) {
  auto context = TlsContext::client({.ca_file = ca_file});
  REQUIRE(context.has_value());
  return *context;
}

struct World {
  TempDir dir;
  TestPki pki = write_test_pki(dir.path());
  TlsContext client = client_context(pki.ca_file);
  TlsContext server = server_context({.cert_file = pki.cert_file, .key_file = pki.key_file});

  static TlsContext server_context(const ServerOptions& options) {
    auto context = TlsContext::server(options);
    REQUIRE(context.has_value());
    return *context;
  }
};

World& world() {
  static World made;
  return made;
}

ServerName upstream() { return {.host = "upstream.test"}; }

std::string random_text(Prng& prng, size_t bytes) {
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(prng.next());
  return text;
}

// Writes all of `data`, carrying cipher over whenever the outgoing queue is full.
void write_all(Peer& from, Peer& to, std::string_view data, size_t piece_max = 0) {
  while (!data.empty()) {
    Result<size_t> taken = from.engine.write_plain(data);
    REQUIRE(taken.has_value());
    REQUIRE(carry(from, to, piece_max) > 0);
    data.remove_prefix(*taken);
  }
}

// What a client makes of an answer to its hello.
Error refusal_of(std::string_view answer, bool then_eof = false) {
  Peer client(world().client, upstream());
  client.advance();
  CHECK(client.handshake == HandshakeStatus::want_write);
  client.engine.consume_cipher(client.engine.take_cipher().size());
  client.receive(answer);
  if (then_eof) {
    client.engine.feed_eof();
    client.advance();
  }
  REQUIRE(client.handshake == HandshakeStatus::failed);
  CHECK_FALSE(client.engine.write_plain(std::string_view("secret")).has_value());
  return client.engine.last_error();
}

TEST_CASE("tls: both sides agree on version, protocol and data") {
  for (TlsVersion version : {TlsVersion::tls12, TlsVersion::tls13}) {
    TlsContext server_context = World::server_context({.cert_file = world().pki.cert_file,
                                                       .key_file = world().pki.key_file,
                                                       .version_max = version});
    Peer client(world().client, upstream());
    Peer server(server_context);
    connect(client, server);
    REQUIRE(client.handshake == HandshakeStatus::done);
    REQUIRE(server.handshake == HandshakeStatus::done);
    CHECK(client.engine.alpn() == "http/1.1");
    CHECK(server.engine.alpn() == "http/1.1");
    CHECK(std::string_view(client.engine.version()) ==
          (version == TlsVersion::tls13 ? "TLSv1.3" : "TLSv1.2"));
    CHECK_FALSE(client.engine.resumed());
    write_all(client, server, "ping");
    write_all(server, client, "pong");
    CHECK(server.plain == "ping");
    CHECK(client.plain == "pong");
    CHECK_FALSE(client.engine.has_cipher());
  }
}

TEST_CASE("tls: nothing is written or read before the server has proved itself") {
  Peer client(world().client, upstream());
  CHECK_FALSE(client.engine.write_plain(std::string_view("secret")).has_value());
  client.advance();
  size_t hello = client.engine.take_cipher().size();
  Result<size_t> refused = client.engine.write_plain(std::string_view("secret"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == kNotEstablished);
  CHECK(client.engine.take_cipher().size() == hello);
  char buffer[16];
  CHECK(client.engine.read_plain(buffer).status == ReadStatus::failed);

  Peer wrong(world().client, ServerName{.host = "wrong.test"});
  Peer server(world().server);
  connect(wrong, server);
  CHECK(wrong.handshake == HandshakeStatus::failed);
  CHECK_FALSE(wrong.engine.established());
  CHECK_FALSE(wrong.engine.write_plain(std::string_view("secret")).has_value());
  CHECK(server.plain.empty());
  CHECK(server.handshake != HandshakeStatus::done);
}

TEST_CASE("tls: TLS 1.3 only refuses a TLS 1.2 server") {
  auto strict =
      TlsContext::client({.ca_file = world().pki.ca_file, .version_min = TlsVersion::tls13});
  REQUIRE(strict.has_value());
  TlsContext old = World::server_context({.cert_file = world().pki.cert_file,
                                          .key_file = world().pki.key_file,
                                          .version_max = TlsVersion::tls12});
  Peer client(*strict, upstream());
  Peer server(old);
  connect(client, server);
  REQUIRE(client.handshake == HandshakeStatus::failed);
  CHECK(client.engine.last_error().code == kTlsAlertBase + 70);  // protocol_version
  CHECK(server.handshake == HandshakeStatus::failed);
  CHECK(server.engine.last_error().source == ErrorSource::client);
}

TEST_CASE("tls: answers that are no handshake") {
  struct Row {
    const char* what;
    std::string answer;
    int32_t code;
  };
  // A ServerHello of TLS 1.1: version 0302, random, no session, cipher c013, no compression.
  std::string hello_11 = std::string("\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02", 11) +
                         std::string(32, 'r') + std::string("\x00\xc0\x13\x00", 4);
  const Row rows[] = {
      {"HTTP answer", "HTTP/1.1 400 Bad Request\r\n\r\n", kPlainTextAnswer},
      {"SSH banner", "SSH-2.0-OpenSSH_9.2\r\n", kPlainTextAnswer},
      {"garbage", std::string("\xde\xad\xbe\xef\x00\x01\x02", 7), kNotTls},
      {"alert handshake_failure", std::string("\x15\x03\x03\x00\x02\x02\x28", 7),
       kTlsAlertBase + 40},
      {"alert unrecognized_name", std::string("\x15\x03\x03\x00\x02\x02\x70", 7),
       kTlsAlertBase + 112},
      {"TLS 1.1 server", hello_11, kTlsReasonBase + 240},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Error error = refusal_of(row.answer);
    CHECK(error.kind == ErrorKind::tls);
    CHECK(error.source == ErrorSource::upstream);
    CHECK(error.code == row.code);
    CHECK(std::strlen(describe_tls_error(error.code)) > 10);
  }
}

TEST_CASE("tls: the connection ends inside the handshake") {
  CHECK(refusal_of("", true).kind == ErrorKind::eof);
  CHECK(refusal_of(std::string("\x16\x03\x03\x01", 4), true).kind == ErrorKind::eof);

  Peer client(world().client, upstream());  // halfway through the server's flight
  Peer server(world().server);
  client.advance();
  carry(client, server);
  client.receive(server.engine.take_cipher().first(300));
  CHECK(client.handshake == HandshakeStatus::want_read);
  client.engine.feed_eof();
  client.advance();
  REQUIRE(client.handshake == HandshakeStatus::failed);
  CHECK(client.engine.last_error().kind == ErrorKind::eof);
  CHECK(client.engine.last_error().source == ErrorSource::upstream);
}

TEST_CASE("tls: a server names a client that speaks plain HTTP") {
  Peer server(world().server);
  server.receive(std::string_view("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  REQUIRE(server.handshake == HandshakeStatus::failed);
  CHECK(server.engine.last_error().source == ErrorSource::client);
  CHECK(std::string(describe_tls_error(server.engine.last_error().code)) ==
        "the client speaks plain HTTP on a TLS port");
}

TEST_CASE("tls: records and handshake cut at every byte") {
  for (size_t piece : {1, 2, 3, 4, 5, 6, 7, 13, 100, 1000}) {
    Peer client(world().client, upstream());
    Peer server(world().server);
    connect(client, server, piece);
    REQUIRE(client.handshake == HandshakeStatus::done);
    write_all(client, server, "a request", piece);
    write_all(server, client, "an answer", piece);
    write_all(server, client, " in two records", piece);
    CHECK(server.plain == "a request");
    CHECK(client.plain == "an answer in two records");
  }
}

TEST_CASE("tls: two records split in two at every point") {
  Peer client(world().client, upstream());
  Peer server(world().server);
  connect(client, server);
  size_t cipher_bytes = 60;
  for (size_t cut = 0; cut < cipher_bytes; ++cut) {
    client.plain.clear();
    REQUIRE(server.engine.write_plain(std::string_view("first")).has_value());
    REQUIRE(server.engine.write_plain(std::string_view("second")).has_value());
    std::span<const char> cipher = server.engine.take_cipher();
    cipher_bytes = cipher.size();
    client.receive(cipher.first(cut));
    client.receive(cipher.subspan(cut));
    server.engine.consume_cipher(cipher.size());
    REQUIRE(client.plain == "firstsecond");
    REQUIRE(client.read == ReadStatus::want_read);
  }
}

TEST_CASE("tls: 1 MB both ways in random pieces") {
  Prng prng(7);
  Peer client(world().client, upstream());
  Peer server(world().server);
  connect(client, server);
  std::string up = random_text(prng, 1 << 20);
  std::string down = random_text(prng, 1 << 20);
  std::string_view up_left = up;
  std::string_view down_left = down;
  auto push = [&prng](Peer& from, Peer& to, std::string_view& left) {
    std::string_view piece = left.substr(0, prng.below(90'000));
    Result<size_t> taken = from.engine.write_plain(piece);
    REQUIRE(taken.has_value());
    left.remove_prefix(*taken);
    carry(from, to, 1 + prng.below(30'000));
  };
  while (!up_left.empty() || !down_left.empty()) {
    push(client, server, up_left);
    push(server, client, down_left);
  }
  CHECK(server.plain == up);
  CHECK(client.plain == down);
}

TEST_CASE("tls: outgoing cipher is bounded and stable while a send is in flight") {
  Peer client(world().client, upstream());
  Peer server(world().server);
  connect(client, server);
  std::string body(1 << 20, 'b');
  Result<size_t> first = client.engine.write_plain(body);
  REQUIRE(first.has_value());
  CHECK(*first == 4 * kRecordPlainMax);
  CHECK(*client.engine.write_plain(body) == 0);
  std::span<const char> sending = client.engine.take_cipher();
  CHECK(sending.size() <= kOutgoingMax);
  std::string before(sending.begin(), sending.end());
  Result<size_t> second = client.engine.write_plain(body);  // into the other queue
  REQUIRE(second.has_value());
  CHECK(*second == 4 * kRecordPlainMax);
  CHECK(client.engine.take_cipher().data() == sending.data());
  CHECK(std::string(sending.begin(), sending.end()) == before);
  carry(client, server);
  CHECK(server.plain.size() == *first + *second);
}

TEST_CASE("tls: reading into a small buffer says more until the input is used up") {
  Peer client(world().client, upstream());
  Peer server(world().server);
  connect(client, server);
  REQUIRE(server.engine.write_plain(std::string_view("0123456789")).has_value());
  std::span<const char> cipher = server.engine.take_cipher();
  client.engine.feed_cipher(cipher);
  char buffer[4];
  ReadResult result = client.engine.read_plain(buffer);
  CHECK(result.bytes == 4);
  CHECK(result.status == ReadStatus::more);
  result = client.engine.read_plain(buffer);
  CHECK(result.status == ReadStatus::more);
  result = client.engine.read_plain(buffer);
  CHECK(result.bytes == 2);
  CHECK(result.status == ReadStatus::want_read);
  CHECK(client.engine.input_left() == 0);
  server.engine.consume_cipher(cipher.size());
}

TEST_CASE("tls: close_notify is an end, a bare end is a truncation") {
  Peer client(world().client, upstream());
  Peer server(world().server);
  connect(client, server);
  write_all(server, client, "last words");
  SUBCASE("close_notify") {
    server.engine.close_notify();
    server.engine.close_notify();
    CHECK(carry(server, client) < 30);
    CHECK(client.read == ReadStatus::closed);
    CHECK(client.engine.peer_closed());
    client.engine.feed_eof();
    client.advance();
    CHECK(client.read == ReadStatus::closed);
    CHECK_FALSE(server.engine.write_plain(std::string_view("more")).has_value());
  }
  SUBCASE("end without close_notify") {
    client.engine.feed_eof();
    client.advance();
    CHECK(client.read == ReadStatus::truncated);
    CHECK_FALSE(client.engine.peer_closed());
  }
  SUBCASE("end inside a record") {
    REQUIRE(server.engine.write_plain(std::string_view("cut off")).has_value());
    client.receive(server.engine.take_cipher().first(12));
    client.engine.feed_eof();
    client.advance();
    CHECK(client.read == ReadStatus::truncated);
  }
  SUBCASE("data and close_notify in one piece") {
    REQUIRE(server.engine.write_plain(std::string_view("!")).has_value());
    server.engine.close_notify();
    carry(server, client);
    CHECK(client.plain == "last words!");
    CHECK(client.read == ReadStatus::closed);
  }
  SUBCASE("bytes behind close_notify are void") {
    server.engine.close_notify();
    std::span<const char> cipher = server.engine.take_cipher();
    std::string with_tail(cipher.begin(), cipher.end());
    client.receive(with_tail + "anything");
    CHECK(client.read == ReadStatus::closed);
    CHECK(client.engine.input_left() == 0);
    client.receive(std::string_view("more"));
    CHECK(client.read == ReadStatus::closed);
  }
  CHECK(client.plain.starts_with("last words"));
}

TEST_CASE("tls: a damaged record ends the connection with an error") {
  Peer client(world().client, upstream());
  Peer server(world().server);
  connect(client, server);
  REQUIRE(server.engine.write_plain(std::string_view("precious")).has_value());
  std::span<const char> cipher = server.engine.take_cipher();
  std::string damaged(cipher.begin(), cipher.end());
  damaged[10] = static_cast<char>(damaged[10] ^ 1);
  client.receive(damaged);
  CHECK(client.plain.empty());
  REQUIRE(client.read == ReadStatus::failed);
  CHECK(client.engine.last_error().kind == ErrorKind::tls);
  CHECK(client.engine.last_error().code == kTlsReasonBase + 139);
  CHECK(client.engine.has_cipher());  // the alert
  CHECK_FALSE(client.engine.write_plain(std::string_view("more")).has_value());
}

}  // namespace
}  // namespace qcc::tls
