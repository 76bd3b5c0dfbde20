#include "answers.h"

#include <algorithm>
#include <array>

#include <qcc/base/ascii.h>
#include <qcc/http/url.h>
#include <qcc/json/writer.h>

namespace qcc::admin {
namespace {

using http::KnownField;
using metrics::EndpointState;

HttpAnswer error_answer(int status, std::string_view type, std::string_view message) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = error_json(type, message);
  return answer;
}

// ---- who may call ----

bool is_listed(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::any_of(list, [&](const std::string& entry) { return iequals(entry, value); });
}

bool is_foreign_origin(const AdminOptions& options, const http::RequestHead& head) {
  const http::Field* origin = head.fields.find(KnownField::origin);
  if (!origin || is_listed(options.allowed_origins, origin->value)) return false;
  std::string_view host = http::host_of_origin(origin->value);
  return host.empty() || !iequals(host, head.host);
}

std::string_view bearer_token(const http::RequestHead& head) {
  constexpr std::string_view kScheme = "bearer ";
  std::string_view value = head.fields.value_of(KnownField::authorization);
  bool is_bearer =
      value.size() > kScheme.size() && iequals(value.substr(0, kScheme.size()), kScheme);
  return is_bearer ? trim_ows(value.substr(kScheme.size())) : std::string_view{};
}

// ---- routes ----

HttpAnswer json_answer(int status, std::string_view name, std::string_view value) {
  HttpAnswer answer;
  answer.status = status;
  json::JsonWriter(answer.body).begin_object().member(name, value).end_object();
  answer.body += '\n';
  return answer;
}

HttpAnswer livez(AdminFacts&) { return json_answer(200, "status", "ok"); }

HttpAnswer not_ready(std::string_view reason) {
  HttpAnswer answer;
  answer.status = 503;
  json::JsonWriter writer(answer.body);
  writer.begin_object().member("status", "not_ready").member("reason", reason).end_object();
  answer.body += '\n';
  return answer;
}

HttpAnswer readyz(AdminFacts& facts) {
  std::string_view reason = facts.not_ready_reason();
  if (!reason.empty()) return not_ready(reason);
  std::vector<EndpointFacts> endpoints = facts.endpoints();
  if (std::ranges::none_of(endpoints, &EndpointFacts::eligible))
    return not_ready("no endpoint is eligible");
  return json_answer(200, "status", "ready");
}

std::string_view overall_status(const std::vector<EndpointFacts>& endpoints) {
  if (std::ranges::none_of(endpoints, &EndpointFacts::eligible)) return "down";
  bool all_well = std::ranges::all_of(endpoints, [](const EndpointFacts& endpoint) {
    return endpoint.state != EndpointState::degraded && endpoint.state != EndpointState::unhealthy;
  });
  return all_well ? "ok" : "degraded";
}

int64_t whole_seconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

void write_endpoint(json::JsonWriter& writer, const EndpointFacts& endpoint) {
  writer.begin_object();
  writer.member("name", endpoint.name).member("id", endpoint.id);
  writer.member("cluster", endpoint.cluster);
  writer.member("state", metrics::name_of(endpoint.state)).member("eligible", endpoint.eligible);
  if (!endpoint.reason.empty()) writer.member("reason", endpoint.reason);
  if (endpoint.in_state) writer.member("in_state_seconds", whole_seconds(*endpoint.in_state));
  if (endpoint.back_in) writer.member("back_in_seconds", whole_seconds(*endpoint.back_in));
  writer.end_object();
}

HttpAnswer health(AdminFacts& facts) {
  std::vector<EndpointFacts> endpoints = facts.endpoints();
  std::string_view status = overall_status(endpoints);
  HttpAnswer answer;
  answer.status = status == "down" ? 503 : 200;
  json::JsonWriter writer(answer.body);
  writer.begin_object().member("status", status).key("endpoints").begin_array();
  for (const EndpointFacts& endpoint : endpoints) write_endpoint(writer, endpoint);
  writer.end_array().end_object();
  answer.body += '\n';
  return answer;
}

HttpAnswer prometheus(AdminFacts& facts) {
  HttpAnswer answer;
  answer.content_type = metrics::kPrometheusContentType;
  facts.append_metrics(answer.body);
  return answer;
}

HttpAnswer version(AdminFacts& facts) {
  DaemonFacts daemon = facts.daemon();
  HttpAnswer answer;
  json::JsonWriter writer(answer.body);
  writer.begin_object().member("name", "qccd").member("version", daemon.version);
  writer.member("uptime_seconds", whole_seconds(daemon.uptime));
  writer.member("config_generation", daemon.config_generation).end_object();
  answer.body += '\n';
  return answer;
}

struct Route {
  std::string_view path;
  HttpAnswer (*handler)(AdminFacts& facts);
};

constexpr std::array kRoutes = {
    Route{"/livez", livez},        Route{"/readyz", readyz},   Route{"/health", health},
    Route{"/metrics", prometheus}, Route{"/version", version},
};

}  // namespace

std::optional<HttpAnswer> refuse_caller(const AdminOptions& options, const http::RequestHead& head,
                                        bool on_loopback) {
  bool foreign_host = on_loopback && !head.host.empty() && !http::is_loopback_host(head.host) &&
                      !is_listed(options.allowed_hosts, head.host);
  if (foreign_host)
    return error_answer(403, "forbidden",
                        "This Host is not served on a loopback listener (server.allowed_hosts).");
  if (is_foreign_origin(options, head))
    return error_answer(403, "forbidden",
                        "Pages of this web origin may not call (server.allowed_origins).");
  if (options.token.empty() || options.token.matches(bearer_token(head))) return std::nullopt;
  HttpAnswer answer =
      error_answer(401, "unauthorized", "The admin token is missing or wrong (admin.token).");
  answer.fields.push_back({"www-authenticate", "Bearer realm=\"qcc admin\""});
  return answer;
}

HttpAnswer answer_request(AdminFacts& facts, const http::RequestHead& head) {
  auto route = std::ranges::find(kRoutes, head.path, &Route::path);
  if (route == kRoutes.end())
    return error_answer(404, "not_found",
                        "Nothing is served at this path. Known: /livez, /readyz, /health, "
                        "/metrics, /version.");
  if (head.method == http::Method::get || head.method == http::Method::head)
    return route->handler(facts);
  HttpAnswer answer = error_answer(405, "method_not_allowed", "This path takes GET only.");
  answer.fields.push_back({"allow", "GET, HEAD"});
  return answer;
}

}  // namespace qcc::admin
