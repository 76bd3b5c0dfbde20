// Every metric of QCC, once: the cells, the Prometheus text and the table in the documentation are
// made from these lists. A row: kind of cell, name of the cell, name in Prometheus, unit, help.
//
// Names: prefix qcc_, base units, _total on counters and on nothing else.
#pragma once

// Cells of a shard.
#define QCC_SHARD_METRICS(X)                                                                      \
  X(OutcomeCounters, requests, "qcc_requests_total", "requests",                                  \
    "Requests that ended, by who ended them and the status the client got.")                      \
  X(Gauge, requests_in_flight, "qcc_requests_in_flight", "requests",                              \
    "Requests that are being served.")                                                            \
  X(LongHistogram, request_duration, "qcc_request_duration_seconds", "seconds",                   \
    "From a request's first byte to the last byte of its answer.")                                \
  X(LongHistogram, ttft, "qcc_ttft_seconds", "seconds",                                           \
    "From a request's first byte to the first byte of its answer.")                               \
  X(ShortHistogram, overhead, "qcc_overhead_seconds", "seconds",                                  \
    "Part of a request's duration in which no endpoint was waited for.")                          \
  X(Counter, retries, "qcc_retries_total", "attempts", "Attempts after a request's first.")       \
  X(Counter, stale_replays, "qcc_stale_replays_total", "requests",                                \
    "Requests sent again because a kept connection turned out to be closed.")                     \
  X(TokenCounters, tokens, "qcc_tokens_total", "tokens", "Tokens that endpoints reported.")       \
  X(Counter, client_connections_accepted, "qcc_client_connections_accepted_total", "connections", \
    "Client connections taken.")                                                                  \
  X(Counter, client_connections_refused, "qcc_client_connections_refused_total", "connections",   \
    "Client connections turned away because of a limit.")                                         \
  X(Gauge, client_connections_open, "qcc_client_connections_open", "connections",                 \
    "Client connections that are open.")                                                          \
  X(Counter, client_bytes_in, "qcc_client_received_bytes_total", "bytes",                         \
    "Bytes received from clients.")                                                               \
  X(Counter, client_bytes_out, "qcc_client_sent_bytes_total", "bytes", "Bytes sent to clients.")  \
  X(PerShard<Counter>, loop_turns, "qcc_loop_turns_total", "turns", "Turns of the event loop.")   \
  X(PerShard<Counter>, loop_stalls, "qcc_loop_stalls_total", "turns",                             \
    "Turns of the event loop that kept the others waiting for too long.")                         \
  X(PerShard<DurationGauge>, loop_stall_longest, "qcc_loop_stall_longest_seconds", "seconds",     \
    "The longest such turn since the start.")                                                     \
  X(Counter, buffers_starved, "qcc_receive_buffers_starved_total", "receives",                    \
    "Receives that found no free buffer and were tried again.")                                   \
  X(Counter, dns_stale, "qcc_dns_stale_total", "lookups",                                         \
    "Lookups answered with addresses that could not be refreshed in time.")                       \
  X(Counter, log_lines_dropped, "qcc_log_lines_dropped_total", "lines",                           \
    "Log lines that found no room.")                                                              \
  X(Counter, outcomes_dropped, "qcc_outcomes_dropped_total", "reports",                           \
    "Reports to the health thread that found no room; none that changes a state.")

// Cells of a shard for each endpoint.
#define QCC_ENDPOINT_METRICS(X)                                                              \
  X(AttemptCounters, attempts, "qcc_endpoint_attempts_total", "attempts",                    \
    "Attempts that ended, by what became of them.")                                          \
  X(Gauge, attempts_in_flight, "qcc_endpoint_attempts_in_flight", "attempts",                \
    "Attempts that wait for an answer or read one.")                                         \
  X(LongHistogram, ttft, "qcc_endpoint_ttft_seconds", "seconds",                             \
    "From the last byte of a request to the first byte of the answer.")                      \
  X(LongHistogram, connect_seconds, "qcc_endpoint_connect_seconds", "seconds",               \
    "Making a connection: name, TCP and TLS.")                                               \
  X(TokenCounters, tokens, "qcc_endpoint_tokens_total", "tokens", "Tokens it reported.")     \
  X(Counter, connections_opened, "qcc_endpoint_connections_opened_total", "connections",     \
    "Connections made.")                                                                     \
  X(Counter, connections_reused, "qcc_endpoint_connections_reused_total", "attempts",        \
    "Attempts that used a kept connection.")                                                 \
  X(Gauge, connections_idle, "qcc_endpoint_connections_idle", "connections",                 \
    "Connections kept for later.")                                                           \
  X(Counter, connections_poisoned, "qcc_endpoint_connections_poisoned_total", "connections", \
    "Kept connections dropped because bytes came that nobody had asked for.")

// What the daemon tells at each scrape (ProcessFacts).
#define QCC_PROCESS_METRICS(X)                                                                 \
  X(start_time, "qcc_start_time_seconds", "seconds", "When the daemon started, in Unix time.") \
  X(config_generation, "qcc_config_generation", "",                                            \
    "Number of the configuration in force; grows with each reload.")                           \
  X(config_last_reload_successful, "qcc_config_last_reload_successful", "",                    \
    "1 unless the last reload was refused.")                                                   \
  X(config_last_reload_time, "qcc_config_last_reload_timestamp_seconds", "seconds",            \
    "When the configuration was last loaded, in Unix time.")
