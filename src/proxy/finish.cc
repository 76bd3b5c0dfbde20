#include <qcc/base/log_line.h>

#include "conclude.h"

namespace qcc::proxy {
namespace {

metrics::RequestOutcome outcome_of(EndedBy ended_by) {
  switch (ended_by) {
    case EndedBy::normal: return metrics::RequestOutcome::ok;
    case EndedBy::client: return metrics::RequestOutcome::client;
    case EndedBy::upstream: return metrics::RequestOutcome::upstream;
    case EndedBy::limit: return metrics::RequestOutcome::limit;
    case EndedBy::shutdown: return metrics::RequestOutcome::shutdown;
  }
  return metrics::RequestOutcome::ok;
}

void count(Session& session, const RequestRecord& record, Duration total) {
  metrics::ShardMetrics& cells = session.proxy.metrics;
  cells.requests(outcome_of(record.ended_by), metrics::status_class(record.status)).add(1);
  cells.requests_in_flight.subtract(1);
  cells.request_duration.observe(total);
  if (record.first_byte != Instant()) cells.ttft.observe(record.first_byte - record.arrived);
  cells.overhead.observe(total - record.upstream_time);
  cells.client_bytes_in.add(record.bytes_in);
  cells.client_bytes_out.add(record.bytes_out);
  count_tokens(cells.tokens, record.usage);
}

void log(Session& session, const Request& request, Duration total) {
  const RequestRecord& record = request.record;
  Proxy& proxy = session.proxy;
  bool wanted = request.setup.config->log.requests && proxy.log.wants(LogLevel::info);
  if (!wanted) return;
  const char code[] = {static_cast<char>(record.ended_by),
                       record.ended_by == EndedBy::normal ? '-' : static_cast<char>(record.phase)};
  bool answered = record.first_byte != Instant();
  LogLine line(proxy.log, LogLevel::info, "request", proxy.loop.io().wall_now());
  line.text("id", request_id(proxy, record).view())
      .text("method", http::name_of(request.method))
      .text("path", request.path)
      .number("status", record.status)
      .text("end", {code, 2})
      .text_if("endpoint", record.endpoint)
      .number("attempts", record.attempts)
      .text_if("model", record.model_asked)
      .text_if("model_sent", record.model_sent == record.model_asked ? "" : record.model_sent)
      .text_if("session", record.session.view())
      .text_if("client", record.client_alias)
      .milliseconds("total_ms", total);
  if (answered) line.milliseconds("first_byte_ms", record.first_byte - record.arrived);
  line.milliseconds("upstream_ms", record.upstream_time)
      .number("in", record.bytes_in)
      .number("out", record.bytes_out);
  if (record.usage.output > 0)
    line.number("input_tokens", record.usage.input)
        .number("output_tokens", record.usage.output)
        .number("cache_read_tokens", record.usage.cache_read);
  line.text_if("stream", record.stream_end);
  bool failed = record.last_class != endpoint::AttemptClass::success;
  if (failed) line.text("class", endpoint::name_of(record.last_class));
  if (record.ended_by != EndedBy::normal || failed) line.text_if("cause", record.cause);
}

}  // namespace

void count_tokens(metrics::TokenCounters& cells, const protocol::Usage& usage) {
  using metrics::TokenClass;
  const std::pair<TokenClass, uint64_t> counts[] = {
      {TokenClass::input, usage.input},
      {TokenClass::output, usage.output - std::min(usage.output, usage.reasoning)},
      {TokenClass::cache_write_5m, usage.cache_write_5m},
      {TokenClass::cache_write_1h, usage.cache_write_1h},
      {TokenClass::cache_read, usage.cache_read},
      {TokenClass::reasoning, usage.reasoning}};
  for (auto [token_class, n] : counts)
    if (n > 0) cells(token_class).add(n);
}

void finish(Session& session, Request& request) {
  Duration total = session.proxy.loop.now() - request.record.arrived;
  count(session, request.record, total);
  log(session, request, total);
}

}  // namespace qcc::proxy
