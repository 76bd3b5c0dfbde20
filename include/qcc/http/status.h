// Status codes as text.
#pragma once
#include <string_view>

namespace qcc::http {

// "Unknown" for a code without a name.
std::string_view reason_phrase(int status);
// "HTTP/1.1 200 OK\r\n"; empty for a code without a name.
std::string_view status_line(int status);

}  // namespace qcc::http
