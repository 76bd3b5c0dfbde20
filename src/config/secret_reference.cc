#include "secret_reference.h"

#include <algorithm>

#include <qcc/base/ascii.h>
#include <qcc/config/printable.h>

namespace qcc::config {
namespace {

constexpr size_t kSecretMax = 8192;

using Text = std::optional<std::string>;

bool is_name(std::string_view text, std::string_view punctuation) {
  return !text.empty() && std::ranges::all_of(text, [punctuation](char c) {
    return is_alnum(c) || punctuation.find(c) != punctuation.npos;
  });
}

Text from_variable(const Value& value, const std::string& name) {
  if (!is_name(name, "_")) {
    value.error("after env: comes the name of an environment variable");
    return std::nullopt;
  }
  Text text = value.reader.variable(name);
  if (!text) value.error("the environment variable " + printable(name) + " is not set");
  return text;
}

Text from_file(const Value& value, const std::string& path) {
  if (!path.starts_with('/') || path.find('\0') != path.npos) {
    value.error("after file: comes an absolute path");
    return std::nullopt;
  }
  Text text = value.reader.read_file(path);
  if (!text) value.error("the file " + printable(path) + " cannot be read");
  return text;
}

Text from_credential(const Value& value, const std::string& name) {
  if (!is_name(name, "_-.") || name.starts_with('.')) {
    value.error("after credential: comes the name of a systemd credential");
    return std::nullopt;
  }
  Text directory = value.reader.variable("CREDENTIALS_DIRECTORY");
  if (!directory) {
    value.error(
        "CREDENTIALS_DIRECTORY is not set: systemd sets it for a unit with LoadCredential=");
    return std::nullopt;
  }
  Text text = value.reader.read_file(*directory + "/" + name);
  if (!text) value.error("systemd handed over no credential " + printable(name));
  return text;
}

Text from_literal(const Value& value, const std::string& text) {
  if (text.starts_with('$')) {
    value.error("variables are not expanded: write \"env:NAME\"");
    return std::nullopt;
  }
  value.warning(
      "a secret stands in the file itself; better: \"env:NAME\", \"file:/path\" or "
      "\"credential:NAME\"");
  return text;
}

Text fetch(const Value& value, const std::string& text) {
  if (text.starts_with("env:")) return from_variable(value, text.substr(4));
  if (text.starts_with("file:")) return from_file(value, text.substr(5));
  if (text.starts_with("credential:")) return from_credential(value, text.substr(11));
  return from_literal(value, text);
}

std::string_view without_blanks(std::string_view text) {
  constexpr const char* kBlanks = " \t\r\n";
  size_t start = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(start, text.find_last_not_of(kBlanks) + 1 - start);
}

}  // namespace

std::optional<Secret> resolve_secret(const Value& value) {
  const std::string* reference =
      value.string("\"env:NAME\", \"file:/path\" or \"credential:NAME\"");
  if (!reference) return std::nullopt;
  Text fetched = fetch(value, *reference);
  if (!fetched) return std::nullopt;

  std::string_view bytes = without_blanks(*fetched);
  bool is_fit = std::ranges::all_of(bytes, [](char c) { return c > ' ' && c <= '~'; });
  if (bytes.empty()) {
    value.error("the secret is empty");
  } else if (bytes.size() > kSecretMax) {
    value.error("the secret is longer than 8192 bytes");
  } else if (!is_fit) {
    value.error("the secret holds a byte that no header may carry: only visible ASCII");
  } else {
    return Secret(bytes);
  }
  return std::nullopt;
}

}  // namespace qcc::config
