// Goal: the perfect hash knows exactly the names of its list, in any case, and nothing else.
#include <qcc/http/field.h>
#include <qcc/http/head.h>
#include <qcc/http/status.h>

#include <doctest/doctest.h>

#include <string>

using namespace qcc::http;

TEST_CASE("http field: every known name is found in any case, and none of its neighbours") {
  for (size_t i = 2; i < kKnownFieldCount; ++i) {
    const auto id = static_cast<KnownField>(i);
    const std::string name(name_of(id));
    REQUIRE(!name.empty());
    CAPTURE(name);
    CHECK(known_field(name) == id);
    for (size_t at = 0; at < name.size(); ++at) {
      std::string changed = name;
      changed[at] = static_cast<char>(changed[at] & ~0x20);
      bool is_letter = name[at] >= 'a';
      CHECK(known_field(changed) == (is_letter ? id : KnownField::other));
      for (int c = 1; c < 256; ++c) {
        changed[at] = static_cast<char>(c);
        if (known_field(changed) == id) {
          bool is_same = changed[at] == name[at] || (is_letter && changed[at] == name[at] - 32);
          CHECK(is_same);
        }
      }
    }
    CHECK(known_field(name + 's') != id);
    CHECK(known_field(name.substr(1)) != id);
  }
}

TEST_CASE("http field: other names") {
  for (const char* name :
       {"", "x", "hos", "x-anything", "anthropic-dangerous-direct-browser-access", "content_length",
        "transfer-encodin\x07"})
    CHECK(known_field(name) == KnownField::other);
  CHECK(known_field(std::string(1000, 'a')) == KnownField::other);
  CHECK(name_of(KnownField::other).empty());
}

TEST_CASE("http field: the list keeps the first of each id and counts to its capacity") {
  FieldList list;
  for (size_t i = 0; i < FieldList::kCapacity; ++i)
    list.add({"via", i == 0 ? "first" : "later", i % 2 ? KnownField::other : KnownField::via});
  CHECK(list.size() == FieldList::kCapacity);
  CHECK(list.value_of(KnownField::via) == "first");
  CHECK(list.find(KnownField::other) == &list[1]);
  CHECK(list.value_of(KnownField::host).empty());
  list.clear();
  CHECK(list.empty());
  CHECK_FALSE(list.has(KnownField::via));
  CHECK(list.find("via") == nullptr);
}

TEST_CASE("http status: names") {
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(529) == "Overloaded");
  CHECK(reason_phrase(298) == "Unknown");
  CHECK(status_line(431) == "HTTP/1.1 431 Request Header Fields Too Large\r\n");
  CHECK(status_line(298).empty());
  CHECK(name_of(Method::delete_) == "DELETE");
}
