#include <doctest/doctest.h>

#include <qcc/config/diff.h>

#include "load_fixture.h"

using namespace qcc::config;

namespace {

std::vector<std::string> diff_of(const std::string& table) {
  LoadResult current = load_text(std::string(kEndpoint));
  LoadResult next = load_text(table + "\n" + std::string(kEndpoint));
  CAPTURE(table);
  CAPTURE(joined(problems_of(next)));
  REQUIRE(next.config != nullptr);
  return needs_restart(*current.config, *next.config);
}

}  // namespace

TEST_CASE("config: what is opened once needs a restart") {
  using Keys = std::vector<std::string>;
  CHECK(diff_of("[server]\nlisten = '127.0.0.1:1'") == Keys{"server.listen"});
  CHECK(diff_of("[server]\nshards = 3") == Keys{"server.shards"});
  CHECK(diff_of("[server]\nring_entries = 512") == Keys{"server.ring_entries"});
  CHECK(diff_of("[server]\nbuffer_bytes = 4096\nbuffer_ring_bytes = '1MiB'") ==
        Keys{"server.buffer_ring_bytes", "server.buffer_bytes"});
  CHECK(diff_of("[server]\ndisable_io = 'send_zc'") == Keys{"server.disable_io"});
  CHECK(diff_of("[admin]\nlisten = []") == Keys{"admin.listen"});
}

TEST_CASE("config: everything else can be reloaded") {
  CHECK(diff_of("").empty());
  CHECK(diff_of("[server]\ndrain_timeout = '1s'\n[log]\nlevel = 'debug'\n[limits]\nmax_fields = 9\n"
                "[timeouts]\ntimeout = '1s'\n[retry]\nmax_retries = 1\n"
                "[client_keys]\na = 'env:KEY'")
            .empty());
}
