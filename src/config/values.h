// How each type of value is read, shown and described. A type's overloads here, and a member of
// that type in a config struct, are all that key<&Struct::member>() needs.
#pragma once
#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "choices.h"
#include "reader.h"

namespace qcc::config {

void read_value(const Value& value, bool& into);
void read_value(const Value& value, uint32_t& into);  // a count
void read_value(const Value& value, uint64_t& into);  // a size
void read_value(const Value& value, Duration& into);
void read_value(const Value& value, Secret& into);
void read_value(const Value& value, BaseUrl& into);
void read_value(const Value& value, std::vector<ListenAddress>& into);
void read_value(const Value& value, ModelMap& into);
void read_value(const Value& value, std::vector<ExtraHeader>& into);

std::string show_value(bool value);
std::string show_value(uint32_t value);
std::string show_value(uint64_t value);
std::string show_value(Duration value);
std::string show_value(const Secret& value);
std::string show_value(const BaseUrl& value);
std::string show_value(const std::string& value);
std::string show_value(const std::vector<std::string>& value);
std::string show_value(const std::vector<ListenAddress>& value);
std::string show_value(const ModelMap& value);
std::string show_value(const std::vector<ExtraHeader>& value);

template <class T>
std::string type_of(const Range& range);

// Looks at one string, may normalise it; returns what is wrong with it.
using Check = std::optional<std::string> (*)(std::string&);
void read_checked(const Value& value, std::string& into, Check check);
void read_checked(const Value& value, std::vector<std::string>& into, Check check);

template <class E>
std::string list_of_choices() {
  std::string text;
  for (const Choice<E>& choice : Choices<E>::list) {
    if (!text.empty()) text += ", ";
    text += "\"" + std::string(choice.name) + "\"";
  }
  return text;
}

void read_choice(const Value& value, std::span<const std::string_view> names,
                 std::span<const std::string_view> later, size_t& chosen);

template <class E>
  requires std::is_enum_v<E>
void read_value(const Value& value, E& into) {
  constexpr size_t kCount = std::size(Choices<E>::list);
  std::array<std::string_view, kCount> names;
  std::ranges::transform(Choices<E>::list, names.begin(), &Choice<E>::name);
  size_t chosen = kCount;
  read_choice(value, names, Choices<E>::later, chosen);
  if (chosen < kCount) into = Choices<E>::list[chosen].value;
}

template <class E>
  requires std::is_enum_v<E>
std::string show_value(E value) {
  return "\"" + std::string(name_of_choice(value)) + "\"";
}

template <class T>
std::string type_of(const Range& range) {
  if constexpr (std::is_enum_v<T>) return list_of_choices<T>();
  if constexpr (std::is_same_v<T, bool>) return "boolean";
  if constexpr (std::is_same_v<T, uint32_t>) {
    return "integer, " + std::to_string(range.least) + " to " + std::to_string(range.most);
  }
  if constexpr (std::is_same_v<T, uint64_t>) return "size";
  if constexpr (std::is_same_v<T, Duration>) return "duration";
  if constexpr (std::is_same_v<T, Secret>) return "secret";
  if constexpr (std::is_same_v<T, BaseUrl>) return "URL";
  if constexpr (std::is_same_v<T, std::string>) return "string";
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return "list of strings";
  if constexpr (std::is_same_v<T, std::vector<ListenAddress>>) return "list of addresses";
  if constexpr (std::is_same_v<T, ModelMap>) return "table asked = sent";
  if constexpr (std::is_same_v<T, std::vector<ExtraHeader>>) return "table name = value";
}

// A name of a cluster, an endpoint or a client: fit for logs and metric labels.
std::optional<std::string> check_name(std::string& name);

// ---- making keys ----
template <class Pointer>
struct MemberTraits;
template <class C, class V>
struct MemberTraits<V C::*> {
  using Owner = C;
  using Type = V;
};
template <auto Member>
using OwnerOf = typename MemberTraits<decltype(Member)>::Owner;
template <auto Member>
using TypeOf = typename MemberTraits<decltype(Member)>::Type;

template <auto Member>
consteval Key<OwnerOf<Member>> key(std::string_view name, std::string_view meaning,
                                   Range range = {}) {
  using Owner = OwnerOf<Member>;
  constexpr int64_t kCountMax = std::numeric_limits<uint32_t>::max();
  bool is_count = std::is_same_v<TypeOf<Member>, uint32_t>;
  if (is_count && range.most > kCountMax) std::abort();  // at compile time: a count needs bounds
  return {name,
          meaning,
          range,
          &type_of<TypeOf<Member>>,
          [](const Value& value, Owner& into) { read_value(value, into.*Member); },
          [](const Owner& from) { return show_value(from.*Member); }};
}

// For strings and lists of strings: every one must pass `check`.
template <auto Member, Check check>
constexpr Key<OwnerOf<Member>> text_key(std::string_view name, std::string_view meaning) {
  using Owner = OwnerOf<Member>;
  return {name,
          meaning,
          {},
          &type_of<TypeOf<Member>>,
          [](const Value& value, Owner& into) { read_checked(value, into.*Member, check); },
          [](const Owner& from) { return show_value(from.*Member); }};
}

}  // namespace qcc::config
