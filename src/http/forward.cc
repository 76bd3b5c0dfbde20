#include <qcc/base/ascii.h>
#include <qcc/http/forward.h>

namespace qcc::http {

namespace {

using enum KnownField;

constexpr KnownFieldSet kHopByHop = {
    connection,
    keep_alive,
    proxy_connection,
    proxy_authorization,
    proxy_authenticate,
    proxy_authentication_info,
    te,
    trailer,
    transfer_encoding,
    upgrade,
    http2_settings,
};

// Ours to write, so the client's are dropped.
constexpr KnownFieldSet kReplacedUpstream = {
    host,
    content_length,
    accept_encoding,
    via,
    forwarded,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_port,
    x_forwarded_proto,
    x_real_ip,
    x_qcc_attempts,
};

constexpr KnownFieldSet kKeptFromUpstream =
    kHopByHop | kReplacedUpstream | KnownFieldSet{expect, max_forwards, cookie, lookalike};

constexpr KnownFieldSet kClientCredentials = {authorization, x_api_key};

// Framing is ours; the rest would tell the client who serves it, or change its later requests.
constexpr KnownFieldSet kKeptFromClient = kHopByHop | KnownFieldSet{content_length,
                                                                    alt_svc,
                                                                    set_cookie,
                                                                    server,
                                                                    via,
                                                                    x_powered_by,
                                                                    openai_organization,
                                                                    openai_project,
                                                                    anthropic_organization_id,
                                                                    x_qcc_hop,
                                                                    x_qcc_attempts,
                                                                    lookalike};

bool starts_with(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() && iequals(name.substr(0, prefix.size()), prefix);
}

}  // namespace

bool forwards_to_upstream(const Field& field, const ConnectionOptions& connection,
                          ClientCredentials credentials) {
  if (kKeptFromUpstream.contains(field.id)) return false;
  if (kClientCredentials.contains(field.id)) return credentials == ClientCredentials::forward;
  if (field.id == other &&
      (starts_with(field.name, "x-forwarded-") || starts_with(field.name, "proxy-")))
    return false;
  return !connection.names(field);
}

bool forwards_to_client(const Field& field, const ConnectionOptions& connection) {
  if (kKeptFromClient.contains(field.id)) return false;
  if (field.id == other && starts_with(field.name, "proxy-")) return false;
  return !connection.names(field);
}

}  // namespace qcc::http
