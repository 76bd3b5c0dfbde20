// Hosts and request paths. Pure functions; views live as long as their input. RFC 3986 §3, §5.2.4,
// §6; RFC 9110 §4.2, §7.2.
#pragma once
#include <qcc/http/head.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace qcc::http {

// ---- hosts ----

// The host of uri-host [":" port] as in Host, an IPv6 literal without its brackets. Nothing for a
// malformed text: anything around it, userinfo, port > 65535.
std::optional<std::string_view> host_of(std::string_view host_port);
// "localhost", "x.localhost", 127.0.0.0/8 or [::1], with or without a port.
bool is_loopback_host(std::string_view host_port);
// host[:port] of an Origin value; empty for "null" and for anything malformed.
std::string_view host_of_origin(std::string_view origin);

// ---- request paths ----

struct NormalizedPath {
  std::string_view path;  // a view of `raw` or of the scratch space
  const HttpFault* fault = nullptr;
  bool changed = false;  // `path` differs from `raw`
};

// Percent-decodes once and removes dot segments: for routing only, never to be sent anywhere.
// REQUIRES: scratch.size() >= raw.size().
NormalizedPath normalize_path(std::string_view raw, std::span<char> scratch);

}  // namespace qcc::http
