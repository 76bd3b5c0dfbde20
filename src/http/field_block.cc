#include "field_block.h"

#include <qcc/base/ascii.h>

#include "faults.h"
#include "known_names.h"

namespace qcc::http {

namespace {

const HttpFault* fault_of(LineStatus status) {
  switch (status) {
    case LineStatus::bad_byte: return &faults::kBadFieldByte;
    case LineStatus::line_too_long: return &faults::kLongField;
    default: return &faults::kLongHead;
  }
}

const HttpFault* fault_of_name(std::string_view line, std::string_view name, bool has_colon) {
  if (line.front() == ' ' || line.front() == '\t') return &faults::kFoldedLine;
  if (!has_colon || name.empty()) return &faults::kBadFieldName;
  if (name.back() == ' ' || name.back() == '\t') return &faults::kSpaceBeforeColon;
  return &faults::kBadFieldName;
}

const HttpFault* fault_of_repetition(KnownField id) {
  switch (id) {
    case KnownField::content_length: return &faults::kRepeatedLength;
    case KnownField::transfer_encoding: return &faults::kBadEncoding;
    case KnownField::host: return &faults::kRepeatedHost;
    default: return &faults::kRepeatedField;
  }
}

// Null if the line is a field. A name that is known or plain needs no look at its bytes.
inline const HttpFault* read_field(std::string_view line, const char* readable, Field& field) {
  const char* line_end = line.data() + line.size();
  const char* colon = find_byte(line.data(), line_end, readable, ':');
  field.name = line.substr(0, static_cast<size_t>(colon - line.data()));
  const NameClass name = classify_name(field.name, readable);
  field.id = name.id;
  if (colon == line_end || field.name.empty()) [[unlikely]]
    return fault_of_name(line, field.name, colon != line_end);
  if (!name.is_plain) {
    uint8_t common = common_classes(field.name);
    if ((common & kTokenByte) == 0) return fault_of_name(line, field.name, true);
    if ((common & kNoUnderscore) == 0 && is_lookalike(field.name)) field.id = KnownField::lookalike;
  }
  const char* value = colon + 1;
  while (value < line_end && (*value == ' ' || *value == '\t')) ++value;
  while (line_end > value && (line_end[-1] == ' ' || line_end[-1] == '\t')) --line_end;
  field.value = {value, static_cast<size_t>(line_end - value)};
  return nullptr;
}

const HttpFault* parse_length(std::string_view text, uint64_t& length) {
  constexpr size_t kDigitsMax = 19;  // fit 64 bits, whatever they are
  if (text.empty() || text.size() > kDigitsMax) return &faults::kBadLength;
  length = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return &faults::kBadLength;
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  return length <= INT64_MAX ? nullptr : &faults::kBadLength;
}

// Null if the option is sound; the two usual ones are found without a lookup.
const HttpFault* add_option(std::string_view name, int count, ConnectionOptions& options) {
  if (count > static_cast<int>(ConnectionOptions::kNamesMax)) return &faults::kManyOptions;
  if (iequals(name, "close")) {
    options.close = true;
    return nullptr;
  }
  if (iequals(name, "keep-alive")) {
    options.keep_alive = true;
    return nullptr;
  }
  if (!is_token(name)) return &faults::kBadConnection;
  KnownField id = known_field(name);
  if (id == KnownField::other)
    options.others[options.others_size++] = name;
  else
    options.known.add(id);
  return nullptr;
}

}  // namespace

FieldBlockResult read_field_block(std::string_view bytes, const HeadLimits& limits,
                                  KnownFieldSet singletons, LineCursor& cursor, FieldList& fields) {
  const LineLimits line_limits{limits.field_bytes, limits.head_bytes};
  const size_t fields_max = std::min(limits.fields, FieldList::kCapacity);
  const char* readable = bytes.data() + bytes.size();
  for (;;) {
    std::string_view line;
    LineStatus status = next_line(bytes, line_limits, cursor, line);
    if (status == LineStatus::need_more) return {ParseStatus::need_more};
    if (status != LineStatus::complete) return {ParseStatus::error, fault_of(status)};
    if (line.empty()) return {ParseStatus::done};
    if (fields.size() == fields_max) return {ParseStatus::error, &faults::kManyFields};
    Field field;
    const HttpFault* fault = read_field(line, readable, field);
    if (fault != nullptr) return {ParseStatus::error, fault};
    if (singletons.contains(field.id) && fields.has(field.id))
      return {ParseStatus::error, fault_of_repetition(field.id)};
    fields.add(field);
  }
}

const HttpFault* read_framing_fields(const FieldList& fields, int minor_version,
                                     FramingFields& framing) {
  const Field* encoding = fields.find(KnownField::transfer_encoding);
  const Field* length = fields.find(KnownField::content_length);
  if (encoding != nullptr) {
    if (length != nullptr) return &faults::kLengthAndEncoding;
    if (minor_version == 0) return &faults::kEncodingInHttp10;
    framing.chunked = iequals(encoding->value, "chunked");
    if (framing.chunked) return nullptr;
    return is_token(encoding->value) ? &faults::kUnknownEncoding : &faults::kBadEncoding;
  }
  if (length == nullptr) return nullptr;
  framing.has_length = true;
  return parse_length(length->value, framing.length);
}

const HttpFault* read_connection_options(const FieldList& fields, ConnectionOptions& options) {
  options.clear();
  if (!fields.has(KnownField::connection)) return nullptr;
  const HttpFault* fault = nullptr;
  int count = 0;
  for (const Field& field : fields) {
    if (field.id != KnownField::connection) continue;
    bool sound = for_each_list_member(field.value, [&](std::string_view name) {
      fault = add_option(name, ++count, options);
      return fault == nullptr;
    });
    if (!sound) return fault;
  }
  return nullptr;
}

bool ConnectionOptions::names(const Field& field) const {
  if (known.contains(field.id)) return true;
  for (size_t i = 0; i < others_size; ++i)
    if (iequals(others[i], field.name)) return true;
  return false;
}

}  // namespace qcc::http
