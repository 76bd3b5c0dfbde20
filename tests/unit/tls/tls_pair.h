// A client's and a server's engine with a wire between them that can cut, damage and end the flow.
#pragma once
#include <qcc/base/prng.h>
#include <qcc/tls/engine.h>

#include <memory>
#include <string>
#include <vector>

#include "test_certs.h"

namespace qcc::tls::testing {

struct Peer {
  template <class... Args>
  explicit Peer(Args&&... args) : engine(std::forward<Args>(args)...) {}

  TlsEngine engine;
  std::string plain;  // everything read so far
  HandshakeStatus handshake = HandshakeStatus::want_read;
  ReadStatus read = ReadStatus::want_read;

  void advance() {
    handshake = engine.handshake();
    if (handshake != HandshakeStatus::done) return;
    char buffer[5000];
    ReadResult result;
    do {
      result = engine.read_plain(buffer);
      plain.append(buffer, result.bytes);
    } while (result.status == ReadStatus::more);
    read = result.status;
  }

  // The bytes live in a block of their own size that is gone afterwards: a sanitizer sees every
  // access that is out of bounds or too late.
  void receive(std::span<const char> bytes) {
    auto block = std::make_unique<char[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), block.get());
    engine.feed_cipher({block.get(), bytes.size()});
    advance();
  }
};

// Sends all waiting cipher in pieces of at most `piece_max` bytes (0: as it comes).
inline size_t carry(Peer& from, Peer& to, size_t piece_max = 0) {
  size_t carried = 0;
  for (std::span<const char> cipher; !(cipher = from.engine.take_cipher()).empty();) {
    size_t piece = piece_max == 0 ? cipher.size() : std::min(piece_max, cipher.size());
    to.receive(cipher.first(piece));
    from.engine.consume_cipher(piece);
    carried += piece;
  }
  return carried;
}

inline void connect(Peer& client, Peer& server, size_t piece_max = 0) {
  client.advance();
  while (carry(client, server, piece_max) + carry(server, client, piece_max) > 0) {
  }
}

}  // namespace qcc::tls::testing
