#include <algorithm>

#include <qcc/base/ascii.h>
#include <qcc/http/forward.h>
#include <qcc/http/url.h>

#include "request.h"

namespace qcc::proxy {
namespace {

using http::KnownField;

constexpr size_t kPathMax = 512;

// DNS rebinding: a page that a browser was tricked into loading must not reach a local proxy.
std::optional<Refusal> check_origin(const config::ServerConfig& server,
                                    const http::RequestHead& head, bool client_is_local) {
  auto listed = [](const std::vector<std::string>& list, std::string_view value) {
    return std::ranges::any_of(list, [&](const std::string& s) { return iequals(s, value); });
  };
  std::string_view origin = head.fields.value_of(KnownField::origin);
  if (!origin.empty() && !listed(server.allowed_origins, origin))
    return Refusal{403, "Requests from this web origin are not allowed (server.allowed_origins)."};
  std::string_view name = head.host.substr(0, head.host.rfind(':'));
  bool admitted = head.host.empty() || http::is_loopback_host(head.host) ||
                  listed(server.allowed_hosts, head.host) || listed(server.allowed_hosts, name);
  bool foreign_host = client_is_local && !admitted;
  if (foreign_host)
    return Refusal{403, "This Host is not served on a loopback listener (server.allowed_hosts)."};
  return std::nullopt;
}

// Each proxy of this kind leaves its own hop: the request may have come around by others.
bool has_passed_here(const http::FieldList& fields, std::string_view instance_id) {
  if (!fields.has(KnownField::x_qcc_hop)) return false;
  return std::ranges::any_of(fields, [&](const http::Field& field) {
    return field.id == KnownField::x_qcc_hop && field.value == instance_id;
  });
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  if (!iequals(authorization.substr(0, kScheme.size()), kScheme)) return {};
  return trim_ows(authorization.substr(kScheme.size()));
}

// Either credential may be the valid one; each key is compared in constant time.
const config::ClientKey* find_client(const config::Config& config, const http::FieldList& fields) {
  std::string_view key = fields.value_of(KnownField::x_api_key);
  std::string_view token = bearer_token(fields.value_of(KnownField::authorization));
  const config::ClientKey* found = nullptr;
  for (const config::ClientKey& client : config.client_keys) {
    bool by_key = client.secret.matches(key);
    bool by_token = client.secret.matches(token);
    if (by_key || by_token) found = &client;
  }
  return found;
}

std::optional<Refusal> check_client(const http::RequestHead& head, Request& request) {
  const config::Config& config = *request.setup.config;
  if (config.client_keys.empty()) return std::nullopt;
  const config::ClientKey* client = find_client(config, head.fields);
  if (!client) {
    Refusal refusal{401, "The API key was not accepted by this proxy."};
    refusal.final = true;
    return refusal;
  }
  request.record.client_alias = client->alias.c_str();
  return std::nullopt;
}

std::optional<Refusal> check_route(const http::RequestHead& head, Request& request) {
  if (is_local_probe(request)) return std::nullopt;
  bool known = protocol::is_inference(request.kind) ||
               request.kind == protocol::ApiKind::count_tokens ||
               request.kind == protocol::ApiKind::models;
  if (!known)
    return Refusal{404,
                   "Nothing is served at this path. Known: /v1/messages, "
                   "/v1/messages/count_tokens, /v1/chat/completions, /v1/responses, /v1/models."};
  bool is_models = request.kind == protocol::ApiKind::models;
  bool fits =
      is_models ? request.method == http::Method::get : request.method == http::Method::post;
  if (!fits) {
    Refusal refusal{405, "This method is not allowed here."};
    refusal.allow = is_models ? "GET" : "POST";
    return refusal;
  }
  std::string_view encoding = head.fields.value_of(KnownField::content_encoding);
  if (!encoding.empty() && !iequals(encoding, "identity"))
    return Refusal{415,
                   "Compressed request bodies are not accepted; send Content-Encoding: identity."};
  return std::nullopt;
}

void note_facts(const http::RequestHead& head, Request& request) {
  request.method = head.method;
  request.minor_version = head.minor_version;
  // A client of 1.0 reads to the end of the connection unless it is told that there is none.
  request.keep_alive = head.keep_alive && head.minor_version > 0;
  request.expect_continue = head.expect_continue;
  request.framing = head.framing;
  request.content_length = head.content_length;
}

// Appends what crosses to the one string and points the views at it. `std::string` may move while
// it grows, so views are made last.
void copy_head(const http::RequestHead& head, std::string_view path, Request& request) {
  std::string& text = *request.text;
  text.reserve(head.head_bytes + 16);
  text.append(path);
  size_t query_at = text.size();
  text.append(head.query);
  size_t fields_at = text.size();
  auto add = [&text](const http::Field& field) {
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  };
  for (const http::Field& field : head.fields)
    if (http::forwards_to_upstream(field, head.connection)) add(field);
  size_t credentials_at = text.size();
  for (const http::Field& field : head.fields)
    if (field.id == KnownField::authorization || field.id == KnownField::x_api_key) add(field);
  std::string_view all = text;
  request.path = all.substr(0, query_at);
  request.query = all.substr(query_at, fields_at - query_at);
  request.fields = all.substr(fields_at, credentials_at - fields_at);
  request.credentials = all.substr(credentials_at);
}

}  // namespace

bool is_local_probe(const Request& request) {
  return request.kind == protocol::ApiKind::root &&
         (request.method == http::Method::get || request.method == http::Method::head);
}

std::optional<Refusal> accept_head(Proxy& proxy, const http::RequestHead& head, Request& request,
                                   bool client_is_local) {
  note_facts(head, request);
  char scratch[kPathMax];
  http::NormalizedPath path{"/?", nullptr, false};
  if (head.path.size() <= kPathMax) path = http::normalize_path(head.path, scratch);
  if (path.fault) return Refusal{path.fault->status, path.fault->message, true};

  bool anthropic_hint = head.fields.has(KnownField::anthropic_version);
  protocol::Classified route = protocol::classify_path(path.path, anthropic_hint);
  request.dialect = route.dialect;
  request.kind = route.kind;
  copy_head(head, route.path, request);
  request.record.session.assign(head.fields.value_of(KnownField::x_claude_code_session_id));

  auto refusal = check_origin(request.setup.config->server, head, client_is_local);
  bool loops = !refusal && has_passed_here(head.fields, proxy.instance_id);
  if (loops) {
    refusal = Refusal{508,
                      "This request has come back to the proxy it left: an endpoint's base_url "
                      "leads here."};
    refusal->final = true;
  }
  if (!refusal) refusal = check_route(head, request);
  if (!refusal && !is_local_probe(request)) refusal = check_client(head, request);
  return refusal;
}

}  // namespace qcc::proxy
