// Cuts a byte stream into server-sent events as the pieces arrive, wherever they are split.
//
// Owned by one stream, one thread. The caller feeds a piece, takes events until next() is false,
// and only then feeds the next piece (the piece stays alive and unchanged until then). A relay
// sends on, for every event, first `carried` (what was held back from earlier pieces), then its
// piece up to `end_offset`; what follows the last event is held by the scanner, so only whole
// events leave:
//
//   scanner.feed(piece);
//   for (SseEvent event; scanner.next(event);) forward(event.carried, piece up to
//   event.end_offset);
//
// Lines end in LF, CR or CRLF; several `data:` lines are joined by LF; comments, blank lines and
// unknown fields come out as events without name and data, so that their bytes can be forwarded; a
// byte order mark at the very start is skipped. Text is not checked for UTF-8.
//
// Bounds: at most `event_limit` bytes are held (spec R10, default 64 KiB, allocated only when an
// event is split). A longer event streams through: it comes out in parts, all marked `oversize`,
// the last of them `complete`, with its name (when it was within the limit) and the last
// kOversizeTailBytes of its raw bytes as `data`; the event is otherwise not inspected. Linear time.
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace qcc::sse {

inline constexpr size_t kEventLimitBytes = 64 * 1024;
inline constexpr size_t kOversizeTailBytes = 2048;

// The views live until the next call of next(), finish() or feed().
struct SseEvent {
  std::string_view name;     // of the `event:` line, empty without one
  std::string_view data;     // of the `data:` lines
  std::string_view carried;  // bytes to forward before those of the piece
  size_t end_offset = 0;     // in the piece: behind the event's blank line, or its end for parts
  bool has_data = false;     // there was a `data:` line
  bool complete = true;      // false: a part of an oversize event, more will come
  bool oversize = false;
};

class SseScanner {
 public:
  explicit SseScanner(size_t event_limit = kEventLimitBytes) : event_limit_(event_limit) {}

  // REQUIRES: next() has returned false since the last piece.
  void feed(std::string_view piece);
  bool next(SseEvent& event);

  // The stream has ended: gives what is held as if a blank line followed, at most once. False when
  // nothing is held. The blank line is missing in `carried`; whether the event is whole, only its
  // data can tell.
  bool finish(SseEvent& event);

  // Bytes held back, not yet given out.
  size_t pending_bytes() const { return carry_released_ ? 0 : carry_.size(); }
  // Everything fed so far was whole events.
  bool at_boundary() const { return pending_bytes() == 0 && !in_oversize_; }

 private:
  // The event's lines in the piece, as far as they are few.
  struct Lines {
    struct Line {
      size_t begin, end;
    };
    static constexpr size_t kMax = 4;
    std::array<Line, kMax> line;
    size_t count = 0;
  };

  void clear_released_carry();
  size_t find_event_end(Lines& lines);
  bool hold_tail(SseEvent& event);
  void append_carry(std::string_view bytes);
  void finish_split_event(size_t end, SseEvent& event);
  void begin_oversize(size_t end, SseEvent& event);
  void keep_tail(std::string_view bytes);
  void end_oversize(SseEvent& event);
  void parse_block(std::string_view block, SseEvent& event);
  void take_line(std::string_view line, SseEvent& event);
  void add_data(std::string_view value, SseEvent& event);

  size_t event_limit_;
  std::string_view piece_;
  size_t at_ = 0;                // in the piece: where the current event, or its rest, begins
  bool line_has_bytes_ = false;  // of the line that the piece's beginning continues
  bool after_cr_ = false;        // the byte before the piece was a CR
  bool ends_in_cr_ = false;      // the piece's last byte is one
  bool at_stream_start_ = true;
  bool in_oversize_ = false;
  bool carry_released_ = false;  // carry_ was given out and waits to be cleared
  std::string carry_;            // the current event's bytes from earlier pieces
  std::string joined_data_;      // of events with several data lines
  std::string oversize_name_;
  std::string oversize_tail_;
};

}  // namespace qcc::sse
