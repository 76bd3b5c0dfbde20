// A local guess for POST /v1/messages/count_tokens, for endpoints that cannot count (spec R1).
//
// An ESTIMATE: no tokenizer is asked. About 3.6 bytes of ASCII make a token, other scripts about
// one token a character, an image or document a fixed sum. Within some 20 % for English and code.
// Pure; any thread; linear; garbage gives a number too.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace qcc::protocol {

// `body` is a count_tokens or messages request. At least 1.
uint64_t estimate_tokens(std::string_view body);

// The answer's body: {"input_tokens":N}.
std::string count_answer(uint64_t tokens);

}  // namespace qcc::protocol
