#include <qcc/base/assert.h>
#include <qcc/sse/writer.h>

#include "line_scan.h"

namespace qcc::sse {

void append_event(std::string& out, std::string_view name, std::string_view data) {
  QCC_ASSERT(find_line_end(name, 0) == name.size());
  if (!name.empty()) out.append("event: ").append(name) += '\n';
  for (size_t begin = 0;;) {
    const size_t end = find_line_end(data, begin);
    out.append("data: ").append(data.substr(begin, end - begin)) += '\n';
    if (end == data.size()) break;
    begin = end + (data.substr(end).starts_with("\r\n") ? 2 : 1);
  }
  out += '\n';
}

}  // namespace qcc::sse
