// UTF-8 to test with, and where it is ill-formed: table 3-7 of the Unicode standard, byte by byte.
#pragma once
#include <qcc/base/prng.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct Utf8Sample {
  std::string bytes;
  bool well_formed;
};

// The first and the last of every row of the table, and what lies just outside of each.
inline const std::vector<Utf8Sample>& utf8_samples() {
  static const std::vector<Utf8Sample> samples = {
      {"\xc2\x80", true},
      {"\xdf\xbf", true},
      {"\xe0\xa0\x80", true},
      {"\xe0\xbf\xbf", true},
      {"\xe1\x80\x80", true},
      {"\xec\xbf\xbf", true},
      {"\xed\x80\x80", true},
      {"\xed\x9f\xbf", true},
      {"\xee\x80\x80", true},
      {"\xef\xbf\xbf", true},
      {"\xf0\x90\x80\x80", true},
      {"\xf0\xbf\xbf\xbf", true},
      {"\xf1\x80\x80\x80", true},
      {"\xf3\xbf\xbf\xbf", true},
      {"\xf4\x80\x80\x80", true},
      {"\xf4\x8f\xbf\xbf", true},
      // continuations without a lead byte
      {"\x80", false},
      {"\xbf", false},
      {"\x80\x80\x80\x80\x80", false},
      // overlong
      {"\xc0\x80", false},
      {"\xc1\xbf", false},
      {"\xe0\x80\x80", false},
      {"\xe0\x9f\xbf", false},
      {"\xf0\x80\x80\x80", false},
      {"\xf0\x8f\xbf\xbf", false},
      // surrogates
      {"\xed\xa0\x80", false},
      {"\xed\xaf\xbf", false},
      {"\xed\xb0\x80", false},
      {"\xed\xbf\xbf", false},
      // above U+10FFFF
      {"\xf4\x90\x80\x80", false},
      {"\xf4\xbf\xbf\xbf", false},
      {"\xf5\x80\x80\x80", false},
      {"\xf7\xbf\xbf\xbf", false},
      {"\xf8\x88\x80\x80\x80", false},
      {"\xfb\xbf\xbf\xbf\xbf", false},
      {"\xfc\x84\x80\x80\x80\x80", false},
      {"\xfe\xbf\xbf\xbf\xbf\xbf\xbf", false},
      {"\xff", false},
      // too few continuations, another lead byte instead, one continuation too many
      {"\xc3x", false},
      {"\xe4\xbdx", false},
      {"\xe4x", false},
      {"\xf0\x9f\x98x", false},
      {"\xf0\x9fx", false},
      {"\xf0x", false},
      {"\xc3\xc3\xa9", false},
      {"\xe4\xbd\xe4\xbd\xa0", false},
      {"\xf0\x9f\x98\xf0\x9f\x98\x80", false},
      {"\xc3\xa9\xa9", false},
      {"\xe4\xbd\xa0\xa0", false},
      {"\xf0\x9f\x98\x80\x80", false},
  };
  return samples;
}

struct IllFormed {
  size_t begin = std::string_view::npos;    // of the sequence
  size_t noticed = std::string_view::npos;  // the byte that shows it; may stand behind the end
  bool found() const { return begin != std::string_view::npos; }
};

struct SecondByte {
  size_t length;  // of the sequence; 0: no lead byte
  uint8_t least, most;
};

inline SecondByte after_lead(uint8_t lead) {
  if (lead >= 0xc2 && lead <= 0xdf) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead >= 0xe1 && lead <= 0xef) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead >= 0xf1 && lead <= 0xf3) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

// A sequence that the end cuts is ill-formed. That a byte can be no lead byte is noticed at the
// next one.
inline IllFormed first_ill_formed(std::string_view bytes) {
  auto byte = [bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  for (size_t at = 0; at < bytes.size();) {
    if (byte(at) < 0x80) {
      ++at;
      continue;
    }
    const SecondByte second = after_lead(byte(at));
    if (second.length == 0) return {at, byte(at) < 0xc0 ? at : at + 1};
    for (size_t i = 1; i < second.length; ++i) {
      const uint8_t least = i == 1 ? second.least : 0x80;
      const uint8_t most = i == 1 ? second.most : 0xbf;
      const bool fits = at + i < bytes.size() && byte(at + i) >= least && byte(at + i) <= most;
      if (!fits) return {at, at + i};
    }
    at += second.length;
  }
  return {};
}

// JSON-like text of at least `bytes`, mostly within strings; now and then a fault when asked for.
inline std::string random_text(qcc::Prng& prng, size_t bytes, bool with_faults) {
  constexpr std::string_view kCommon[] = {"word ",
                                          "\\n",
                                          "\\\"",
                                          "\\\\",
                                          "\\t",
                                          "\\/",
                                          "\xc3\xa9",
                                          "\xe4\xbd\xa0",
                                          "\xe2\x80\x93",
                                          "\xf0\x9f\x98\x80",
                                          "\\u00e9",
                                          "\\ud83d\\ude00",
                                          "{[",
                                          "]}",
                                          "long long long long text "};
  constexpr std::string_view kFaults[] = {"\"", "\\x", "\n", "\x1f", "\xff", "\\ud83d", "\\u12"};
  std::string text = "{\r\n\t\"a\": \"";
  while (text.size() < bytes) {
    const uint64_t dice = prng.below(1000);
    if (dice < 30) {
      text += "\",\n\t\"k\": [\"";
    } else if (dice < 60) {
      const Utf8Sample& sample = utf8_samples()[prng.below(utf8_samples().size())];
      if (sample.well_formed || (with_faults && dice < 34)) text += sample.bytes;
    } else if (with_faults && dice < 64) {
      text += kFaults[prng.below(std::size(kFaults))];
    } else {
      text += kCommon[prng.below(std::size(kCommon))];
    }
  }
  return text;
}
