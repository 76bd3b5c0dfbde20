#include <qcc/endpoint/outcome.h>

#include <algorithm>
#include <array>

namespace qcc::endpoint {
namespace {

// The request went in a circle: so would it again, and whoever noticed is well.
constexpr int kLoopDetected = 508;

struct StatusRow {
  int first, last;
  AttemptClass attempt_class;
};

constexpr StatusRow kByStatus[] = {
    {401, 401, AttemptClass::auth},       {402, 402, AttemptClass::no_credit},
    {403, 403, AttemptClass::forbidden},  {408, 408, AttemptClass::transient},
    {429, 429, AttemptClass::rate_limit}, {400, 499, AttemptClass::client},
    {500, 500, AttemptClass::transient},  {502, 504, AttemptClass::transient},
    {520, 524, AttemptClass::transient},  {529, 529, AttemptClass::overloaded},
};

struct WordRow {
  std::string_view word;
  AttemptClass attempt_class;
};

// The JSON error's `type` or `code`, where it says more than the status.
constexpr WordRow kByWord[] = {
    {"overloaded_error", AttemptClass::overloaded},
    {"rate_limit_error", AttemptClass::rate_limit},
    {"rate_limit_exceeded", AttemptClass::rate_limit},
    {"insufficient_quota", AttemptClass::rate_limit},
    {"billing_error", AttemptClass::no_credit},
    {"authentication_error", AttemptClass::auth},
    {"invalid_api_key", AttemptClass::auth},
    {"permission_error", AttemptClass::forbidden},
    {"model_not_found", AttemptClass::model_missing},
    {"api_error", AttemptClass::transient},
    {"server_error", AttemptClass::transient},
    {"timeout_error", AttemptClass::transient},
};

std::optional<AttemptClass> by_word(std::string_view word) {
  for (const WordRow& row : kByWord)
    if (row.word == word) return row.attempt_class;
  return std::nullopt;
}

AttemptClass class_of_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::cancelled: return AttemptClass::cancelled;
    case ErrorKind::protocol: return AttemptClass::protocol;
    case ErrorKind::limit: return AttemptClass::protocol;
    default: return AttemptClass::transient;
  }
}

AttemptClass class_of_answer(const AttemptFacts& facts) {
  if (facts.is_html) return AttemptClass::protocol;
  if (facts.status == kLoopDetected) return AttemptClass::client;
  std::optional<AttemptClass> said = by_word(facts.error_type);
  if (!said) said = by_word(facts.error_code);
  if (facts.status < 300) {
    if (!facts.in_band_error) return AttemptClass::success;
    return said.value_or(AttemptClass::unknown);
  }
  if (facts.status == 404 && facts.is_json)
    return said.value_or(facts.error_type == "not_found_error" ? AttemptClass::model_missing
                                                               : AttemptClass::client);
  bool word_decides = said && (facts.status == 400 || facts.status >= 500) &&
                      *said != AttemptClass::auth && *said != AttemptClass::forbidden;
  if (word_decides) return *said;
  for (const StatusRow& row : kByStatus)
    if (facts.status >= row.first && facts.status <= row.last) {
      bool needs_json =
          row.attempt_class == AttemptClass::client || row.attempt_class == AttemptClass::forbidden;
      return needs_json && !facts.is_json ? AttemptClass::unknown : row.attempt_class;
    }
  return AttemptClass::unknown;
}

}  // namespace

std::string_view name_of(AttemptClass attempt_class) {
  static constexpr std::array<std::string_view, kAttemptClasses> kNames = {
      "success",   "transient",     "overloaded", "rate_limit", "auth",    "forbidden",
      "no_credit", "model_missing", "client",     "protocol",   "unknown", "cancelled"};
  return kNames[static_cast<size_t>(attempt_class)];
}

Verdict classify(const AttemptFacts& facts) {
  Verdict verdict;
  verdict.attempt_class = facts.error ? class_of_error(*facts.error) : class_of_answer(facts);
  if (facts.own_credential && (facts.status == 401 || facts.status == 403))
    verdict.attempt_class = AttemptClass::client;
  switch (verdict.attempt_class) {
    case AttemptClass::success:
    case AttemptClass::client:
    case AttemptClass::cancelled: break;
    default: verdict.try_elsewhere = true;
  }
  verdict.takes_out = verdict.attempt_class == AttemptClass::auth;
  return verdict;
}

}  // namespace qcc::endpoint
