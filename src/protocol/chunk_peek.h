// Tells whether an OpenAI chunk can hold anything but one more delta, without parsing it.
#pragma once
#include <string_view>

namespace qcc::protocol {

// True when one of the members finish_reason, usage or error seems to be there and not null. Within
// a JSON string these words cannot look like a member, since a quote in it is escaped.
bool may_hold_news(std::string_view chunk);

}  // namespace qcc::protocol
