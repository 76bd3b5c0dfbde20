#include <qcc/base/ascii.h>
#include <qcc/http/field.h>

#include <algorithm>

#include "bytes.h"
#include "known_names.h"

namespace qcc::http {

namespace {

constexpr KnownFieldSet kWorthImitating = {
    KnownField::anthropic_version,   KnownField::connection,
    KnownField::content_encoding,    KnownField::content_length,
    KnownField::content_type,        KnownField::http2_settings,
    KnownField::keep_alive,          KnownField::max_forwards,
    KnownField::proxy_authenticate,  KnownField::proxy_authentication_info,
    KnownField::proxy_authorization, KnownField::proxy_connection,
    KnownField::set_cookie,          KnownField::transfer_encoding,
    KnownField::x_api_key,           KnownField::x_forwarded_for,
    KnownField::x_forwarded_host,    KnownField::x_forwarded_port,
    KnownField::x_forwarded_proto,   KnownField::x_qcc_attempts,
    KnownField::x_qcc_hop,           KnownField::x_real_ip,
};

}  // namespace

KnownField known_field(std::string_view name) {
  KnownField id = classify_name(name, name.data() + name.size()).id;
  return iequals(name, name_of(id)) ? id : KnownField::other;
}

std::string_view name_of(KnownField id) { return kNames[static_cast<size_t>(id)]; }

bool is_token(std::string_view text) { return !text.empty() && all_of_class(text, kTokenByte); }

bool is_lookalike(std::string_view name) {
  if (name.size() > kKnownNameBytesMax) return false;
  std::array<char, kKnownNameBytesMax> dashed;
  std::replace_copy(name.begin(), name.end(), dashed.begin(), '_', '-');
  std::string_view model(dashed.data(), name.size());
  constexpr std::string_view kForwardedPrefix = "x-forwarded-";
  return kWorthImitating.contains(classify_name(model, model.data() + model.size()).id) ||
         iequals(model.substr(0, kForwardedPrefix.size()), kForwardedPrefix);
}

const Field* FieldList::find(std::string_view name) const {
  const Field* found =
      std::find_if(begin(), end(), [&](const Field& f) { return iequals(f.name, name); });
  return found == end() ? nullptr : found;
}

}  // namespace qcc::http
