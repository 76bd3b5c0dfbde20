#include "values.h"

#include <algorithm>

#include <qcc/base/ascii.h>
#include <qcc/config/printable.h>

#include "number.h"
#include "secret_reference.h"
#include "suggest.h"

namespace qcc::config {
namespace {

constexpr std::string_view kDurationForms = R"(a duration such as "90s", "250ms", "5m" or "1h")";
constexpr std::string_view kSizeForms = R"(a size such as "32MiB", "64KiB" or 1048576)";
constexpr size_t kModelNameMax = 256;
constexpr size_t kHeaderValueMax = 4096;

std::string show_count(int64_t count) { return std::to_string(count); }
std::string show_bytes(int64_t bytes) { return show_size(static_cast<uint64_t>(bytes)); }
std::string show_ns(int64_t ns) { return show_duration(Duration(ns)); }

bool is_in_range(const Value& value, int64_t number, std::string (*show)(int64_t)) {
  if (value.range.holds(number)) return true;
  value.error("must be " + value.describe_range_with(show));
  return false;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool is_visible(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// Fields that QCC writes itself; a second one would break framing or leak a credential.
bool is_own_field(std::string_view name) {
  constexpr std::string_view kOwn[] = {"host",
                                       "content-length",
                                       "transfer-encoding",
                                       "connection",
                                       "keep-alive",
                                       "te",
                                       "trailer",
                                       "upgrade",
                                       "expect",
                                       "authorization",
                                       "x-api-key",
                                       "accept-encoding",
                                       "content-type",
                                       "via",
                                       "x-qcc-hop",
                                       "proxy-authorization",
                                       "proxy-connection"};
  return std::ranges::any_of(kOwn, [name](std::string_view own) { return iequals(own, name); });
}

// A member of a table of strings, as a Value of its own.
Value value_of(const Value& table, const Member& member) {
  return {table.reader, member.value, table.path + "." + printable(member.key), {}};
}

void read_model(const Value& value, const std::string& asked, ModelMap& into) {
  constexpr std::string_view kExpected = "the name of the model to send";
  if (asked.find('*') != asked.npos) {
    return value.error("this version of QCC takes exact model names; patterns with * come later");
  }
  const std::string* sent = value.string(kExpected);
  if (!sent) return;
  if (sent->find('*') != sent->npos) return value.error("a model to send cannot hold a *");
  bool is_fit = !sent->empty() && sent->size() <= kModelNameMax && is_visible(*sent);
  if (!is_fit) return value.error("expected 1 to 256 bytes without control characters");
  into[asked] = *sent;
}

void read_header(const Value& value, const std::string& name, std::vector<ExtraHeader>& into) {
  if (!is_token(name)) return value.error("this is not the name of a header");
  if (is_own_field(name)) {
    return value.error("QCC writes this header itself; credentials belong in \"key\" and \"auth\"");
  }
  const std::string* text = value.string("the header's value as a string");
  if (!text) return;
  bool is_fit = text->size() <= kHeaderValueMax && trim_ows(*text) == *text && is_visible(*text);
  if (!is_fit) {
    return value.error("a header's value has no control characters and no blanks at its ends");
  }
  if (may_be_secret(name)) {
    value.warning("this goes to the endpoint as a header's name; a secret belongs in \"key\"");
  }
  auto is_same = [&name](const ExtraHeader& other) { return iequals(other.name, name); };
  if (std::ranges::any_of(into, is_same)) return value.error("this header is given twice");
  into.push_back({name, *text});
}

// Calls `visit` on every string of a list; a lone string counts as a list of one.
template <class Visit>
void visit_strings(const Value& value, std::string_view expected, Visit&& visit) {
  if (value.node.kind == NodeKind::string) return visit(value);
  if (value.node.kind != NodeKind::array) return value.error_expected(expected);
  for (const Node& item : value.node.items) {
    Value one{value.reader, item, value.path, value.range};
    if (one.string("a string")) visit(one);
  }
}

}  // namespace

void read_value(const Value& value, bool& into) {
  if (value.node.kind == NodeKind::boolean) {
    into = value.node.boolean;
  } else if (value.node.kind == NodeKind::string) {
    value.error("expected true or false without quotes, got a string");
  } else {
    value.error_expected("true or false");
  }
}

void read_value(const Value& value, uint32_t& into) {
  if (value.node.kind != NodeKind::integer) {
    bool is_text = value.node.kind == NodeKind::string;
    return value.error_expected(is_text ? "an integer without quotes" : "an integer");
  }
  if (is_in_range(value, value.node.integer, show_count)) {
    into = static_cast<uint32_t>(value.node.integer);
  }
}

void read_value(const Value& value, uint64_t& into) {
  std::optional<uint64_t> bytes;
  if (value.node.kind == NodeKind::string) {
    bytes = parse_size(value.node.text);
    if (!bytes) {
      return value.error("expected " + std::string(kSizeForms) +
                         ": digits, then B, KB, MB, GB, KiB, MiB or GiB");
    }
  } else if (value.node.kind == NodeKind::integer) {
    if (!is_in_range(value, value.node.integer, show_bytes)) return;
    bytes = static_cast<uint64_t>(value.node.integer);
  } else {
    return value.error_expected(kSizeForms);
  }
  if (is_in_range(value, static_cast<int64_t>(*bytes), show_bytes)) into = *bytes;
}

void read_value(const Value& value, Duration& into) {
  if (value.node.kind == NodeKind::integer) {
    std::string number = std::to_string(value.node.integer);
    return value.error("a bare number has no unit: write \"" + number + "s\" or \"" + number +
                       "ms\"");
  }
  const std::string* text = value.string(kDurationForms);
  if (!text) return;
  std::optional<Duration> duration = parse_duration(*text);
  if (!duration) {
    return value.error("expected " + std::string(kDurationForms) + ": digits, then ms, s, m or h");
  }
  if (is_in_range(value, duration->count(), show_ns)) into = *duration;
}

void read_value(const Value& value, Secret& into) {
  if (std::optional<Secret> secret = resolve_secret(value)) into = std::move(*secret);
}

void read_value(const Value& value, BaseUrl& into) {
  const std::string* text = value.string("a URL such as \"https://api.anthropic.com\"");
  if (!text) return;
  std::expected<BaseUrl, std::string> url = parse_base_url(*text);
  if (!url) return value.error(url.error());
  into = std::move(*url);
}

void read_value(const Value& value, std::vector<ListenAddress>& into) {
  constexpr const char* kExpected = R"(a list such as ["127.0.0.1:7860", "[::1]:7860"])";
  std::vector<ListenAddress> addresses;
  bool is_wrong = false;
  visit_strings(value, kExpected, [&](const Value& one) {
    std::expected<ListenAddress, std::string> address = parse_listen_address(one.node.text);
    if (!address) {
      is_wrong = true;
      return one.error(address.error());
    }
    if (address->is_fixed() && std::ranges::find(addresses, *address) != addresses.end()) {
      one.error("this address is listed twice");
    }
    addresses.push_back(std::move(*address));
  });
  bool is_list = value.node.kind == NodeKind::array || value.node.kind == NodeKind::string;
  if (is_list && !is_wrong) into = std::move(addresses);
}

void read_value(const Value& value, ModelMap& into) {
  if (value.node.kind != NodeKind::table) {
    return value.error_expected("a table such as { \"asked\" = \"sent\" }");
  }
  for (const Member& member : value.node.members) {
    read_model(value_of(value, member), member.key, into);
  }
}

void read_value(const Value& value, std::vector<ExtraHeader>& into) {
  if (value.node.kind != NodeKind::table) {
    return value.error_expected("a table such as { \"name\" = \"value\" }");
  }
  for (const Member& member : value.node.members) {
    read_header(value_of(value, member), member.key, into);
  }
}

void read_checked(const Value& value, std::string& into, Check check) {
  const std::string* given = value.string("a string");
  if (!given) return;
  std::string text = *given;
  if (std::optional<std::string> complaint = check(text)) return value.error(*complaint);
  into = std::move(text);
}

void read_checked(const Value& value, std::vector<std::string>& into, Check check) {
  into.clear();
  visit_strings(value, "a list of strings", [&](const Value& one) {
    std::string text;
    read_checked(one, text, check);
    if (!text.empty()) into.push_back(std::move(text));
  });
}

std::optional<std::string> check_name(std::string& name) {
  constexpr size_t kNameMax = 64;
  bool is_name = !name.empty() && name.size() <= kNameMax && std::ranges::all_of(name, [](char c) {
    return is_alnum(c) || std::string_view("-._:").find(c) != std::string_view::npos;
  });
  if (name.starts_with("sk-")) return "this begins like a secret, and names stand in logs";
  if (is_name) return std::nullopt;
  return "a name has 1 to 64 letters, digits or the signs - . _ :";
}

void read_choice(const Value& value, std::span<const std::string_view> names,
                 std::span<const std::string_view> later, size_t& chosen) {
  std::string expected = names.size() == 1 ? "" : "one of ";
  for (size_t i = 0; i < names.size(); ++i) expected += (i == 0 ? "" : ", ") + quoted(names[i]);
  const std::string* text = value.string(expected);
  if (!text) return;
  auto found = std::ranges::find(names, *text);
  if (found != names.end()) {
    chosen = static_cast<size_t>(found - names.begin());
    return;
  }
  auto known_later = std::ranges::find(later, *text);
  if (known_later != later.end()) {
    return value.error(quoted(*known_later) + " comes later: this version of QCC knows only " +
                       expected);
  }
  std::string_view near = nearest(*text, names);
  std::string hint =
      near.empty() || names.size() == 1 ? "" : "; did you mean " + quoted(near) + "?";
  value.error("expected " + expected + hint);
}

std::string show_value(bool value) { return value ? "true" : "false"; }
std::string show_value(uint32_t value) { return std::to_string(value); }
std::string show_value(Duration value) { return quoted(show_duration(value)); }
std::string show_value(const Secret& value) { return quoted(value.masked()); }
std::string show_value(const BaseUrl& value) { return quoted(value.text()); }
std::string show_value(const std::string& value) { return quoted(value); }

std::string show_value(uint64_t value) {
  std::string text = show_size(value);
  bool has_unit = text.back() == 'B';
  return has_unit ? quoted(text) : text;
}

std::string show_value(const std::vector<std::string>& value) {
  std::string text;
  for (const std::string& item : value) text += (text.empty() ? "" : ", ") + quoted(item);
  return "[" + text + "]";
}

std::string show_value(const std::vector<ListenAddress>& value) {
  std::vector<std::string> texts;
  for (const ListenAddress& address : value) texts.push_back(address.text());
  return show_value(texts);
}

std::string show_value(const ModelMap& value) {
  std::string text;
  for (const auto& [asked, sent] : value) {
    text += (text.empty() ? " " : ", ") + quoted(asked) + " = " + quoted(sent);
  }
  return text.empty() ? "{}" : "{" + text + " }";
}

std::string show_value(const std::vector<ExtraHeader>& value) {
  std::string text;
  for (const ExtraHeader& header : value) {
    text += (text.empty() ? " " : ", ") + quoted(header.name) + " = " + quoted(header.value);
  }
  return text.empty() ? "{}" : "{" + text + " }";
}

}  // namespace qcc::config
