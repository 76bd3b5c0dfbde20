// FNV-1a, 64 bit: stable over restarts and machines, so it may name things (an endpoint's id).
// Not for tables whose keys an attacker chooses.
#pragma once
#include <cstdint>
#include <string_view>

namespace qcc {

constexpr uint64_t fnv1a(std::string_view bytes, uint64_t hash = 14695981039346656037ull) {
  for (char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211ull;
  return hash;
}

}  // namespace qcc
