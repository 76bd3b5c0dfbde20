// Which fields cross the proxy, and in which direction. Pure.
//
// What QCC itself puts in (Host, framing, the endpoint's credential, Accept-Encoding, Via) is
// dropped from what came in, so that there is exactly one of each. x-qcc-hop goes on beside our
// own: a loop over several proxies is seen by whoever comes first in it.
// RFC 9110 §7.6.1.
#pragma once
#include <qcc/http/field.h>
#include <qcc/http/head.h>

#include <cstdint>

namespace qcc::http {

enum class ClientCredentials : uint8_t {
  drop,
  forward,  // endpoints that are used with the caller's own key
};

bool forwards_to_upstream(const Field& field, const ConnectionOptions& connection,
                          ClientCredentials credentials = ClientCredentials::drop);
bool forwards_to_client(const Field& field, const ConnectionOptions& connection);

}  // namespace qcc::http
