#include <qcc/base/ascii.h>
#include <qcc/http/request_parser.h>
#include <qcc/http/url.h>

#include "faults.h"
#include "field_block.h"

namespace qcc::http {

namespace {

constexpr int kEmptyLinesMax = 2;

constexpr KnownFieldSet kSingletons = {
    KnownField::host,
    KnownField::content_length,
    KnownField::transfer_encoding,
    KnownField::content_type,
    KnownField::authorization,
    KnownField::x_api_key,
    KnownField::anthropic_version,
};

// Without these a request means something else: Connection may not take them away.
constexpr KnownFieldSet kIndispensable = {
    KnownField::host,         KnownField::content_length,    KnownField::transfer_encoding,
    KnownField::content_type, KnownField::content_encoding,  KnownField::authorization,
    KnownField::x_api_key,    KnownField::anthropic_version, KnownField::anthropic_beta,
};

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3: return text == "GET" ? Method::get : text == "PUT" ? Method::put : Method::other;
    case 4: return text == "POST" ? Method::post : text == "HEAD" ? Method::head : Method::other;
    case 5:
      return text == "PATCH" ? Method::patch : text == "TRACE" ? Method::trace : Method::other;
    case 6: return text == "DELETE" ? Method::delete_ : Method::other;
    case 7:
      return text == "OPTIONS"   ? Method::options
             : text == "CONNECT" ? Method::connect
                                 : Method::other;
    default: return Method::other;
  }
}

const HttpFault* read_version(std::string_view text, int& minor_version) {
  if (text.size() == 8 && text.starts_with("HTTP/1.") && is_digit(text[7])) {
    minor_version = text[7] == '0' ? 0 : 1;
    return nullptr;
  }
  if (text.find(' ') != text.npos) return &faults::kBadRequestLine;
  if (text == "HTTP/0.9") return &faults::kOtherVersion;
  bool is_other = text.starts_with("HTTP/") && text.size() >= 6 && text[5] >= '2' &&
                  is_digit(text[5]) &&
                  (text.size() == 6 || (text.size() == 8 && text[6] == '.' && is_digit(text[7])));
  return is_other ? &faults::kOtherVersion : &faults::kBadVersion;
}

const HttpFault* read_method(std::string_view text, Method& method) {
  constexpr size_t kMethodBytesMax = 32;
  method = method_of(text);
  if (method == Method::connect || method == Method::trace) return &faults::kRefusedMethod;
  if (method != Method::other) return nullptr;
  return text.size() <= kMethodBytesMax ? &faults::kUnknownMethod : &faults::kBadMethod;
}

const HttpFault* fault_of_first_line(LineStatus status) {
  switch (status) {
    case LineStatus::bad_byte: return &faults::kBadRequestLine;
    case LineStatus::line_too_long: return &faults::kLongRequestLine;
    default: return &faults::kLongHead;
  }
}

// What follows "http://" or "https://"; empty if neither is there.
std::string_view after_scheme(std::string_view target) {
  for (std::string_view scheme : {std::string_view("http://"), std::string_view("https://")})
    if (iequals(target.substr(0, scheme.size()), scheme)) return target.substr(scheme.size());
  return {};
}

}  // namespace

RequestParser::RequestParser(const HeadLimits& limits) : limits_(limits) {}

void RequestParser::reset() {
  status_ = ParseStatus::need_more;
  base_ = nullptr;
  restart();
}

void RequestParser::restart() {
  cursor_ = {};
  has_begun_ = in_fields_ = false;
  empty_lines_ = 0;
  target_authority_ = {};
  head_.fields.clear();
}

ParseStatus RequestParser::feed(std::string_view bytes) {
  if (status_ != ParseStatus::need_more) return status_;
  if (bytes.data() != base_) {
    if (base_ != nullptr) restart();
    base_ = bytes.data();
  }
  if (!in_fields_ && !read_first_line(bytes)) return status_;
  if (!read_fields(bytes)) return status_;
  head_.head_bytes = cursor_.line;
  const HttpFault* fault = conclude();
  if (fault != nullptr)
    refuse(*fault);
  else
    status_ = ParseStatus::done;
  return status_;
}

bool RequestParser::refuse(const HttpFault& fault) {
  fault_ = fault;
  status_ = ParseStatus::error;
  return false;
}

// True once the request line is complete.
bool RequestParser::read_first_line(std::string_view bytes) {
  const LineLimits limits{limits_.first_line_bytes, limits_.head_bytes};
  for (;;) {
    std::string_view line;
    LineStatus status = next_line(bytes, limits, cursor_, line);
    bool is_empty_so_far =
        cursor_.line == bytes.size() || (cursor_.line + 1 == bytes.size() && bytes.back() == '\r');
    has_begun_ = status != LineStatus::need_more || !is_empty_so_far;
    if (status == LineStatus::need_more) return false;
    if (status != LineStatus::complete) return refuse(*fault_of_first_line(status));
    if (line.empty()) {
      if (++empty_lines_ > kEmptyLinesMax) return refuse(faults::kEmptyLines);
      continue;
    }
    const HttpFault* fault = read_request_line(line);
    if (fault != nullptr) return refuse(*fault);
    in_fields_ = true;
    return true;
  }
}

bool RequestParser::read_fields(std::string_view bytes) {
  FieldBlockResult block = read_field_block(bytes, limits_, kSingletons, cursor_, head_.fields);
  if (block.status == ParseStatus::error) return refuse(*block.fault);
  return block.status == ParseStatus::done;
}

const HttpFault* RequestParser::read_request_line(std::string_view line) {
  size_t method_end = line.find(' ');
  head_.method_text = line.substr(0, method_end);
  if (method_end == line.npos) return &faults::kBadRequestLine;
  if (!is_token(head_.method_text))
    return method_end == 0 ? &faults::kBadRequestLine : &faults::kBadMethod;
  size_t target_end = line.find(' ', method_end + 1);
  if (target_end == line.npos) return &faults::kBadVersion;
  head_.target = line.substr(method_end + 1, target_end - method_end - 1);
  if (head_.target.empty()) return &faults::kBadRequestLine;
  const HttpFault* fault = read_version(line.substr(target_end + 1), head_.minor_version);
  if (fault == nullptr) fault = read_method(head_.method_text, head_.method);
  if (fault == nullptr) fault = read_target();
  return fault;
}

const HttpFault* RequestParser::read_target() {
  std::string_view target = head_.target;
  if (!all_of_class(target, kTargetByte)) return &faults::kBadTargetByte;
  head_.query = {};
  if (target == "*") {
    head_.path = target;
    return head_.method == Method::options ? nullptr : &faults::kBadTargetForm;
  }
  if (target.front() != '/') {
    std::string_view rest = after_scheme(target);
    size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
    target_authority_ = rest.substr(0, authority_end);
    if (!host_of(target_authority_)) return &faults::kBadTargetForm;
    target = rest.substr(authority_end);
  }
  if (target.starts_with("//")) return &faults::kBadTargetForm;
  size_t path_end = std::min(target.find('?'), target.size());
  head_.path = path_end == 0 ? std::string_view("/") : target.substr(0, path_end);
  head_.query = target.substr(std::min(path_end + 1, target.size()));
  return nullptr;
}

const HttpFault* RequestParser::conclude() {
  const HttpFault* fault = check_host();
  if (fault == nullptr) fault = read_framing();
  if (fault == nullptr) fault = read_connection_options(head_.fields, head_.connection);
  if (fault == nullptr && head_.connection.known.intersects(kIndispensable))
    fault = &faults::kBadConnection;
  if (fault == nullptr) fault = read_expectation();
  const ConnectionOptions& connection = head_.connection;
  head_.keep_alive = !connection.close && (head_.minor_version > 0 || connection.keep_alive);
  return fault;
}

const HttpFault* RequestParser::check_host() {
  const Field* host = head_.fields.find(KnownField::host);
  if (host == nullptr) {
    head_.host = target_authority_;
    return head_.minor_version == 0 ? nullptr : &faults::kNoHost;
  }
  head_.host = host->value;
  if (!host_of(head_.host)) return &faults::kBadHost;
  bool is_same = target_authority_.empty() || iequals(target_authority_, head_.host);
  return is_same ? nullptr : &faults::kTargetNotHost;
}

const HttpFault* RequestParser::read_framing() {
  FramingFields framing;
  const HttpFault* fault = read_framing_fields(head_.fields, head_.minor_version, framing);
  if (fault != nullptr) return fault;
  head_.content_length = framing.length;
  head_.framing = framing.chunked      ? BodyFraming::chunked
                  : framing.has_length ? BodyFraming::length
                                       : BodyFraming::none;
  return framing.length <= limits_.content_length ? nullptr : &faults::kBodyTooLarge;
}

const HttpFault* RequestParser::read_expectation() {
  head_.expect_continue = false;
  if (head_.minor_version == 0 || !head_.fields.has(KnownField::expect)) return nullptr;
  for (const Field& field : head_.fields)
    if (field.id == KnownField::expect && !iequals(field.value, "100-continue"))
      return &faults::kBadExpectation;
  head_.expect_continue = true;
  return nullptr;
}

}  // namespace qcc::http
