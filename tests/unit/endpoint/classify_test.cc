// Spec R3's table, row by row.
#include <doctest/doctest.h>

#include <qcc/endpoint/outcome.h>

#include <vector>

using namespace qcc;
using namespace qcc::endpoint;

namespace {

AttemptFacts answer(int status, bool json = true, std::string_view type = {},
                    std::string_view code = {}) {
  AttemptFacts facts;
  facts.stage = Stage::body;
  facts.status = status;
  facts.is_json = json;
  facts.error_type = type;
  facts.error_code = code;
  return facts;
}

AttemptFacts broken(ErrorKind kind) {
  AttemptFacts facts;
  facts.error = Error{kind, ErrorSource::upstream, 0, "test"};
  return facts;
}

}  // namespace

TEST_CASE("R3: answers are classified by status and the error's own words") {
  struct Row {
    AttemptFacts facts;
    AttemptClass expected;
  };
  const std::vector<Row> rows = {
      {answer(200), AttemptClass::success},
      {answer(400), AttemptClass::client},
      {answer(413), AttemptClass::client},
      {answer(422), AttemptClass::client},
      {answer(404), AttemptClass::client},
      {answer(404, true, "not_found_error"), AttemptClass::model_missing},
      {answer(404, true, "invalid_request_error", "model_not_found"), AttemptClass::model_missing},
      {answer(401), AttemptClass::auth},
      {answer(401, false), AttemptClass::auth},
      {answer(402), AttemptClass::no_credit},
      {answer(400, true, "billing_error"), AttemptClass::no_credit},
      {answer(403), AttemptClass::forbidden},
      {answer(403, false), AttemptClass::unknown},
      {answer(408), AttemptClass::transient},
      {answer(429), AttemptClass::rate_limit},
      {answer(429, true, "insufficient_quota"), AttemptClass::rate_limit},
      {answer(500), AttemptClass::transient},
      {answer(500, true, "overloaded_error"), AttemptClass::overloaded},
      {answer(501), AttemptClass::unknown},
      {answer(502), AttemptClass::transient},
      {answer(503), AttemptClass::transient},
      {answer(504), AttemptClass::transient},
      {answer(508), AttemptClass::client},
      {answer(508, false), AttemptClass::client},
      {answer(508, true, "api_error"), AttemptClass::client},
      {answer(508, true, "server_error"), AttemptClass::client},
      {answer(507), AttemptClass::unknown},
      {answer(509), AttemptClass::unknown},
      {answer(520, false), AttemptClass::transient},
      {answer(524, false), AttemptClass::transient},
      {answer(529), AttemptClass::overloaded},
      {answer(418, false), AttemptClass::unknown},
      {answer(301, false), AttemptClass::unknown},
      {answer(400, true, "authentication_error"), AttemptClass::client},
  };
  for (const Row& row : rows) {
    CAPTURE(row.facts.status);
    CAPTURE(row.facts.error_type);
    CHECK(name_of(classify(row.facts).attempt_class) == name_of(row.expected));
  }
}

TEST_CASE("R3: an HTML page is no answer of an API, whatever its status") {
  for (int status : {200, 403, 404, 500, 503}) {
    AttemptFacts facts = answer(status, false);
    facts.is_html = true;
    CHECK(classify(facts).attempt_class == AttemptClass::protocol);
  }
}

TEST_CASE("R3: an error inside a stream counts as what it says") {
  struct Row {
    const char* type;
    AttemptClass expected;
  };
  for (const Row& row :
       {Row{"overloaded_error", AttemptClass::overloaded},
        Row{"rate_limit_error", AttemptClass::rate_limit},
        Row{"api_error", AttemptClass::transient}, Row{"something_new", AttemptClass::unknown}}) {
    AttemptFacts facts = answer(200, false, row.type);
    facts.in_band_error = true;
    CHECK(classify(facts).attempt_class == row.expected);
  }
}

TEST_CASE("R3: broken attempts") {
  struct Row {
    ErrorKind kind;
    AttemptClass expected;
  };
  for (const Row& row : {Row{ErrorKind::timeout, AttemptClass::transient},
                         Row{ErrorKind::reset, AttemptClass::transient},
                         Row{ErrorKind::refused, AttemptClass::transient},
                         Row{ErrorKind::eof, AttemptClass::transient},
                         Row{ErrorKind::resolve, AttemptClass::transient},
                         Row{ErrorKind::tls, AttemptClass::transient},
                         Row{ErrorKind::system, AttemptClass::transient},
                         Row{ErrorKind::protocol, AttemptClass::protocol},
                         Row{ErrorKind::cancelled, AttemptClass::cancelled}})
    CHECK(classify(broken(row.kind)).attempt_class == row.expected);
}

TEST_CASE("R3: what is tried elsewhere, and what takes an endpoint out") {
  for (size_t i = 0; i < kAttemptClasses; ++i)
    CHECK(!name_of(static_cast<AttemptClass>(i)).empty());
  CHECK_FALSE(classify(answer(200)).try_elsewhere);
  for (int status : {400, 508}) CHECK_FALSE(classify(answer(status)).try_elsewhere);
  CHECK_FALSE(classify(broken(ErrorKind::cancelled)).try_elsewhere);
  for (int status : {401, 402, 403, 408, 429, 500, 529})
    CHECK(classify(answer(status)).try_elsewhere);
  for (bool json : {true, false}) CHECK(classify(answer(401, json)).takes_out);
  for (int status : {200, 400, 403, 429, 500, 529}) CHECK_FALSE(classify(answer(status)).takes_out);
}

TEST_CASE("R1: the caller's own credential never harms the endpoint") {
  for (int status : {401, 403}) {
    AttemptFacts facts = answer(status);
    facts.own_credential = true;
    Verdict verdict = classify(facts);
    CHECK(verdict.attempt_class == AttemptClass::client);
    CHECK_FALSE(verdict.try_elsewhere);
    CHECK_FALSE(verdict.takes_out);
  }
}
