// Name -> id without a comparison loop: a perfect hash over the name, folded to lower case by
// setting bit 5 of every byte. Private to the module.
#pragma once
#include <qcc/http/field.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace qcc::http {

static_assert(std::endian::native == std::endian::little, "folded names are little-endian words");

inline constexpr size_t kKnownNameBytesMax = 32;
inline constexpr size_t kNameSlots = 512;

using FoldedName = std::array<uint64_t, kKnownNameBytesMax / 8>;

inline constexpr std::array<std::string_view, kKnownFieldCount> kNames = {
    "", "",
#define QCC_HTTP_TEXT(id, text) text,
    QCC_HTTP_KNOWN_FIELDS(QCC_HTTP_TEXT)
#undef QCC_HTTP_TEXT
};

constexpr FoldedName fold(std::string_view name) {
  FoldedName words{};
  for (size_t i = 0; i < name.size(); ++i)
    words[i / 8] |= static_cast<uint64_t>(static_cast<uint8_t>(name[i]) | 0x20) << (8 * (i % 8));
  return words;
}

constexpr uint64_t mix(const FoldedName& words) {
  return (words[0] ^ words[2]) ^ std::rotl(words[1] ^ words[3], 17);
}

constexpr size_t slot_of(uint64_t mixed, uint64_t multiplier) {
  static_assert(kNameSlots == 512);
  return (mixed * multiplier) >> 55;
}

struct NameTable {
  alignas(32) std::array<FoldedName, kKnownFieldCount> folded{};
  std::array<uint8_t, kNameSlots> ids{};  // 0 = KnownField::other
  uint64_t multiplier = 0;
};

consteval bool place_all(NameTable& table) {
  table.ids = {};
  for (size_t id = 2; id < kKnownFieldCount; ++id) {
    uint8_t& slot = table.ids[slot_of(mix(table.folded[id]), table.multiplier)];
    if (slot != 0) return false;
    slot = static_cast<uint8_t>(id);
  }
  return true;
}

consteval NameTable make_name_table() {
  NameTable table;
  for (size_t id = 2; id < kKnownFieldCount; ++id) table.folded[id] = fold(kNames[id]);
  uint64_t candidate = 0x9e3779b97f4a7c15ull;
  do {
    candidate = candidate * 6364136223846793005ull + 1442695040888963407ull;
    table.multiplier = candidate | 1;
  } while (!place_all(table));
  return table;
}
inline constexpr NameTable kNameTable = make_name_table();

// 32 bytes of ones, then 32 of zeros: an unaligned load at 32 - n leaves the first n bytes.
inline constexpr std::array<char, 2 * kKnownNameBytesMax> kPrefixMask = [] {
  std::array<char, 2 * kKnownNameBytesMax> mask{};
  for (size_t i = 0; i < kKnownNameBytesMax; ++i) mask[i] = static_cast<char>(0xff);
  return mask;
}();

// A name of a field line in folded form; what is behind the name is zero.
#if defined(__SSE2__)
class NameKey {
 public:
  // REQUIRES: kKnownNameBytesMax bytes are readable at `name`, which is no longer than that.
  explicit NameKey(std::string_view name) {
    const char* mask = kPrefixMask.data() + kKnownNameBytesMax - name.size();
    const __m128i fold = _mm_set1_epi8(0x20);
    low_ = _mm_and_si128(_mm_or_si128(load(name.data()), fold), load(mask));
    high_ = _mm_and_si128(_mm_or_si128(load(name.data() + 16), fold), load(mask + 16));
  }
  uint64_t mixed() const {
    __m128i both = _mm_xor_si128(low_, high_);
    return static_cast<uint64_t>(_mm_cvtsi128_si64(both)) ^
           std::rotl(static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(both, both))), 17);
  }
  bool operator==(const FoldedName& name) const {
    __m128i same = _mm_and_si128(_mm_cmpeq_epi8(low_, load(name.data())),
                                 _mm_cmpeq_epi8(high_, load(name.data() + 2)));
    return _mm_movemask_epi8(same) == 0xffff;
  }
  // Letters, digits and '-' only: certainly a token, and without '_'.
  bool is_plain() const {
    return _mm_movemask_epi8(_mm_and_si128(plain_bytes(low_), plain_bytes(high_))) == 0xffff;
  }

 private:
  static __m128i load(const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); }
  static __m128i in_range(__m128i bytes, char first, char size) {
    __m128i offset = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(static_cast<char>(size - 1))), offset);
  }
  static __m128i plain_bytes(__m128i bytes) {
    __m128i alnum = _mm_or_si128(in_range(bytes, 'a', 26), in_range(bytes, '0', 10));
    __m128i rest = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')),
                                _mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
    return _mm_or_si128(alnum, rest);
  }

  __m128i low_;
  __m128i high_;
};
#else
class NameKey {
 public:
  // REQUIRES: kKnownNameBytesMax bytes are readable at `name`, which is no longer than that.
  explicit NameKey(std::string_view name) {
    FoldedName mask;
    std::memcpy(words_.data(), name.data(), sizeof words_);
    std::memcpy(mask.data(), kPrefixMask.data() + kKnownNameBytesMax - name.size(), sizeof mask);
    for (size_t i = 0; i < words_.size(); ++i)
      words_[i] = (words_[i] | 0x2020202020202020ull) & mask[i];
  }
  uint64_t mixed() const { return mix(words_); }
  bool operator==(const FoldedName& name) const { return words_ == name; }
  bool is_plain() const { return false; }  // leaves the judgement to the byte table

 private:
  FoldedName words_;
};
#endif

struct NameClass {
  KnownField id = KnownField::other;
  bool is_plain = false;  // certainly a token without '_'
};

// Exact for names without control characters: only letters fold to letters, and HTAB folds to ')',
// which is in no known name. `readable` ends the bytes that may be looked at.
inline NameClass classify_name(std::string_view name, const char* readable) {
  if (name.size() > kKnownNameBytesMax) return {};
  char padded[kKnownNameBytesMax] = {};
  if (readable - name.data() < static_cast<ptrdiff_t>(kKnownNameBytesMax)) [[unlikely]] {
    std::copy(name.begin(), name.end(), padded);
    name = {padded, name.size()};
  }
  const NameKey key(name);
  const uint8_t id = kNameTable.ids[slot_of(key.mixed(), kNameTable.multiplier)];
  if (key == kNameTable.folded[id]) return {static_cast<KnownField>(id), true};
  return {KnownField::other, key.is_plain()};
}

// For a name with '_' that is not known itself: does it pretend to be a sensitive one?
bool is_lookalike(std::string_view name);

}  // namespace qcc::http
