#include <qcc/base/assert.h>
#include <qcc/sse/scanner.h>

#include <algorithm>

#include "line_scan.h"

namespace qcc::sse {
namespace {

constexpr size_t kNotFound = SIZE_MAX;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
// A stream that once held a long event does not keep that memory.
constexpr size_t kCarryKeptBytes = 8 * 1024;

// `at` is a line end; returns where the next line begins, as far as the text shows.
size_t behind_line_end(std::string_view text, size_t at) {
  const bool is_crlf = text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
  return at + (is_crlf ? 2 : 1);
}

}  // namespace

void SseScanner::feed(std::string_view piece) {
  QCC_ASSERT(at_ == piece_.size());
  clear_released_carry();
  piece_ = piece;
  at_ = 0;
  if (piece.empty()) return;
  after_cr_ = ends_in_cr_;
  ends_in_cr_ = piece.back() == '\r';
}

bool SseScanner::next(SseEvent& event) {
  clear_released_carry();
  event = {};
  if (at_ == piece_.size()) return false;
  if (at_ == 0 && after_cr_ && piece_[0] == '\n' && at_boundary()) {
    event.end_offset = at_ = 1;  // the rest of the line end of an event already given
    return true;
  }
  Lines lines;
  const size_t end = find_event_end(lines);
  if (end == kNotFound) return hold_tail(event);

  event.end_offset = end;
  line_has_bytes_ = false;
  // A last LF behind CR belongs to the event but not to its length: it may come later.
  const size_t length_end = end - (piece_.substr(at_, end - at_).ends_with("\r\n") ? 1 : 0);
  if (in_oversize_) {
    keep_tail(piece_.substr(at_, length_end - at_));
    end_oversize(event);
  } else if (carry_.size() + (length_end - at_) > event_limit_) {
    begin_oversize(length_end, event);
    end_oversize(event);
  } else if (!carry_.empty()) {
    finish_split_event(end, event);
  } else if (lines.count > Lines::kMax || at_stream_start_) {
    parse_block(piece_.substr(at_, end - at_), event);
  } else {
    for (size_t i = 0; i < lines.count; ++i)
      take_line(piece_.substr(lines.line[i].begin, lines.line[i].end - lines.line[i].begin), event);
  }
  at_ = end;
  return true;
}

bool SseScanner::finish(SseEvent& event) {
  clear_released_carry();
  event = {};
  if (carry_.empty()) return false;
  parse_block(carry_, event);
  event.carried = carry_;
  carry_released_ = true;
  return true;
}

void SseScanner::clear_released_carry() {
  if (!carry_released_) return;
  carry_released_ = false;
  carry_.clear();
  if (carry_.capacity() > kCarryKeptBytes) std::string().swap(carry_);
}

// Position behind the blank line that ends the current event.
size_t SseScanner::find_event_end(Lines& lines) {
  size_t line_begin = at_;
  if (at_ == 0 && after_cr_ && piece_[0] == '\n') line_begin = 1;
  for (;;) {
    const size_t line_end = find_line_end(piece_, line_begin);
    if (line_end == piece_.size()) {
      line_has_bytes_ |= line_end > line_begin;
      return kNotFound;
    }
    const size_t next_begin = behind_line_end(piece_, line_end);
    if (line_end == line_begin && !line_has_bytes_) return next_begin;
    if (lines.count < Lines::kMax) lines.line[lines.count] = {line_begin, line_end};
    ++lines.count;
    line_has_bytes_ = false;
    line_begin = next_begin;
  }
}

// The piece ends within an event: hold the rest, or let it go when it is too long to be held.
bool SseScanner::hold_tail(SseEvent& event) {
  const std::string_view tail = piece_.substr(at_);
  if (in_oversize_) {
    keep_tail(tail);
    event.oversize = true;
  } else if (carry_.size() + tail.size() > event_limit_) {
    begin_oversize(piece_.size(), event);
  } else {
    append_carry(tail);
  }
  at_ = piece_.size();
  event.end_offset = at_;
  event.complete = false;
  return event.oversize;
}

void SseScanner::append_carry(std::string_view bytes) {
  const size_t needed = carry_.size() + bytes.size();
  if (needed > carry_.capacity())
    carry_.reserve(std::max(needed, std::min(2 * carry_.capacity(), event_limit_)));
  carry_ += bytes;
}

void SseScanner::finish_split_event(size_t end, SseEvent& event) {
  const size_t held = carry_.size();
  append_carry(piece_.substr(at_, end - at_));
  parse_block(carry_, event);
  event.carried = std::string_view(carry_).substr(0, held);
  carry_released_ = true;
}

void SseScanner::begin_oversize(size_t end, SseEvent& event) {
  const size_t held = carry_.size();
  append_carry(piece_.substr(at_, event_limit_ - held));
  const std::string_view known = carry_;
  const size_t last_line_end = known.find_last_of("\r\n");
  SseEvent known_part;
  parse_block(known.substr(0, last_line_end == known.npos ? 0 : last_line_end), known_part);
  oversize_name_ = known_part.name;
  oversize_tail_.clear();
  keep_tail(known.substr(0, held));
  keep_tail(piece_.substr(at_, end - at_));
  in_oversize_ = true;
  event.oversize = true;
  event.carried = known.substr(0, held);
  carry_released_ = true;
}

void SseScanner::keep_tail(std::string_view bytes) {
  if (bytes.size() > kOversizeTailBytes) bytes = bytes.substr(bytes.size() - kOversizeTailBytes);
  if (oversize_tail_.size() + bytes.size() > 2 * kOversizeTailBytes)
    oversize_tail_.erase(0, oversize_tail_.size() - kOversizeTailBytes);
  oversize_tail_ += bytes;
}

void SseScanner::end_oversize(SseEvent& event) {
  in_oversize_ = false;
  const std::string_view tail = oversize_tail_;
  event.oversize = true;
  event.name = oversize_name_;
  event.data = tail.substr(tail.size() - std::min(tail.size(), kOversizeTailBytes));
}

void SseScanner::parse_block(std::string_view block, SseEvent& event) {
  if (at_stream_start_ && block.starts_with(kByteOrderMark))
    block.remove_prefix(kByteOrderMark.size());
  at_stream_start_ = false;
  for (size_t begin = 0; begin < block.size();) {
    const size_t end = find_line_end(block, begin);
    take_line(block.substr(begin, end - begin), event);
    begin = end == block.size() ? end : behind_line_end(block, end);
  }
}

void SseScanner::take_line(std::string_view line, SseEvent& event) {
  const bool is_data = line.starts_with("data");
  if (!is_data && !line.starts_with("event")) return;
  line.remove_prefix(is_data ? 4 : 5);
  if (!line.empty()) {
    if (line[0] != ':') return;  // a longer field name
    line.remove_prefix(line.starts_with(": ") ? 2 : 1);
  }
  if (is_data) {
    add_data(line, event);
  } else {
    event.name = line;
  }
}

void SseScanner::add_data(std::string_view value, SseEvent& event) {
  if (!event.has_data) {
    event.has_data = true;
    event.data = value;
    return;
  }
  if (event.data.data() != joined_data_.data()) joined_data_ = event.data;
  joined_data_ += '\n';
  joined_data_ += value;
  event.data = joined_data_;
}

}  // namespace qcc::sse
