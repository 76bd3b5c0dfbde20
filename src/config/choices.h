// The words of every enum in qcc.toml.
#pragma once
#include <array>
#include <string_view>

#include <qcc/config/config.h>

namespace qcc::config {

template <class E>
struct Choice {
  std::string_view name;
  E value;
};

// `list`: the words and what they mean. `later`: words that a later version will know.
template <class E>
struct Choices;

template <>
struct Choices<Protocol> {
  static constexpr Choice<Protocol> list[] = {{"anthropic", Protocol::anthropic},
                                              {"openai", Protocol::openai}};
  static constexpr std::array<std::string_view, 0> later = {};
};

template <>
struct Choices<AuthMode> {
  static constexpr Choice<AuthMode> list[] = {{"x-api-key", AuthMode::x_api_key},
                                              {"bearer", AuthMode::bearer},
                                              {"both", AuthMode::both},
                                              {"client", AuthMode::client}};
  static constexpr std::array<std::string_view, 0> later = {};
};

template <>
struct Choices<Strategy> {
  static constexpr Choice<Strategy> list[] = {{"weighted", Strategy::weighted}};
  static constexpr std::array<std::string_view, 4> later = {"least_inflight", "latency", "score",
                                                            "random_two"};
};

template <>
struct Choices<OnClientDisconnect> {
  static constexpr Choice<OnClientDisconnect> list[] = {{"cancel", OnClientDisconnect::cancel}};
  static constexpr std::array<std::string_view, 1> later = {"drain"};
};

template <>
struct Choices<LogFormat> {
  static constexpr Choice<LogFormat> list[] = {{"text", LogFormat::text},
                                               {"json", LogFormat::json}};
  static constexpr std::array<std::string_view, 0> later = {};
};

template <>
struct Choices<LogLevel> {
  static constexpr Choice<LogLevel> list[] = {{"error", LogLevel::error},
                                              {"warn", LogLevel::warn},
                                              {"info", LogLevel::info},
                                              {"debug", LogLevel::debug}};
  static constexpr std::array<std::string_view, 0> later = {};
};

template <>
struct Choices<RetryPost> {
  static constexpr Choice<RetryPost> list[] = {{"never", RetryPost::never},
                                               {"reused", RetryPost::reused},
                                               {"no_response", RetryPost::no_response}};
  static constexpr std::array<std::string_view, 0> later = {};
};

template <class E>
std::string_view name_of_choice(E value) {
  for (const Choice<E>& choice : Choices<E>::list) {
    if (choice.value == value) return choice.name;
  }
  return "unknown";
}

}  // namespace qcc::config
