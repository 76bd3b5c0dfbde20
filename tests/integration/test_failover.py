"""Endpoint A fails in every way there is, B is well: the client sees B's answer and nothing else."""

import re
import ssl

import answers
import config_text
import plans
from daemon import eventually
from harness import QccdCase
from http_client import chat_body, message_body, post
from mock_upstream import server_tls, unused_port

START = answers.anthropic_events([answers.text_block("never seen")])[:2]  # message_start, ping: no content yet
SCALED = {"connect_timeout": "500ms", "tls_timeout": "400ms", "timeout": "400ms", "read_timeout": "400ms",
          "nonstream_timeout": "400ms", "min_attempt": "10ms"}
JSON = plans.reply_bytes(200, answers.dumps(answers.anthropic_message([answers.text_block("never seen")])))


def error_event(kind):
    return answers.event("error", {"type": "error", "error": {"type": kind, "message": "mock"}})


# what A does, by name; each must be invisible for plain and streamed requests alike
FAULTS = {
    "reset": plans.script(plans.RESET),
    "reset in the head": plans.script(b"HTTP/1.1 200 OK\r\ncontent-", plans.RESET),
    "end before an answer": plans.script(plans.CLOSE),
    "stall before the head": plans.script(plans.HANG),
    "stall in the head": plans.script(b"HTTP/1.1 200 OK\r\n", plans.HANG),
    **{f"status {status}": answers.anthropic_error(status)
       for status in (401, 402, 403, 408, 429, 500, 502, 503, 504, 520, 522, 524, 529)},
    "429 with retry-after": answers.anthropic_error(429, [("retry-after", "30")]),
    "429 told by x-should-retry": answers.anthropic_error(429, [("x-should-retry", "true")]),
    "404 about the model": answers.anthropic_error(404, message="model: claude-sonnet-4-5"),
    "500 without a body": plans.script(plans.head(500, [("content-length", 0)])),
    "502 html": plans.html_page(502),
    "200 html": plans.html_page(),
    "200 empty": plans.reply(200, b""),
    "garbage": plans.script(b"\x00\x01garbage\r\n\r\n", plans.CLOSE),
}

STREAM_FAULTS = {
    "empty stream": plans.stream([]),
    "only pings": plans.stream([answers.event("ping", {"type": "ping"})]),
    "overloaded in band": plans.stream([answers.overloaded_event()]),
    "overloaded after message_start": plans.stream([*START, answers.overloaded_event()]),
    "api error in band": plans.stream([*START, error_event("api_error")]),
    "rate limit in band": plans.stream([*START, error_event("rate_limit_error")]),
    "reset before content": plans.stream(START, end=plans.RESET),
    "end before content": plans.stream(START, end=plans.CLOSE),
    "clean end before content": plans.stream(START),
    "close-delimited, ended before content": plans.stream(START, chunked=False),
    "stall before content": plans.stream(START, end=plans.HANG),
    "html in an event stream": plans.reply(200, b"<html></html>", content_type="text/event-stream"),
}

PLAIN_FAULTS = {
    "json cut": plans.script(JSON[:-10], plans.CLOSE),
    "json cut by reset": plans.script(JSON[:-10], plans.RESET),
    "json that ends before it begins": plans.script(
        plans.head(404, [("content-type", "application/json"), ("connection", "close")]), plans.CLOSE),
    "json stalls": plans.script(JSON[:-10], plans.HANG),
}


def _invisible_test(fault, stream):
    def test(self):
        first, second = self.mock("a", fault), self.mock("b")
        qccd = self.daemon(self.endpoint(first, priority=1, **SCALED), self.endpoint(second, priority=2))
        answer = qccd.post(message_body(stream=stream))
        self.assertEqual((answer.status, answer.complete), (200, True), answer)
        self.assertIn(b"From b." if not stream else b"message_stop", answer.body)
        self.assertNotIn(b"never seen", answer.body)
        self.assertEqual(answer.body.count(b"event: message_start"), int(stream))
        self.assertNotIn(b"event: error", answer.body)
        self.check_counts(a=1, b=1)
        self.assertEqual(bytes(first.last().body), bytes(second.last().body))
        self.assertEqual(answer.header("x-qcc-attempts"), "2")

    return test


class Invisible(QccdCase):
    """One test per fault and kind of request."""


def _add_tests():
    kinds = [(FAULTS, (False, True)), (STREAM_FAULTS, (True,)), (PLAIN_FAULTS, (False,))]
    for faults, streams in kinds:
        for what, fault in faults.items():
            for stream in streams:
                name = f"test_{re.sub(r'[^a-z0-9]+', '_', what)}_{'stream' if stream else 'plain'}"
                setattr(Invisible, name, _invisible_test(fault, stream))


_add_tests()


class BadTransports(QccdCase):
    """A cannot even be talked to; not one request byte reaches it."""

    def check_serves_from_b(self, bad_settings):
        second = self.mock("b")
        qccd = self.daemon({**bad_settings, "priority": 1, **SCALED}, self.endpoint(second, priority=2))
        for stream in (False, True):
            answer = qccd.post(message_body(stream=stream))
            self.assertEqual((answer.status, answer.complete), (200, True), answer)
        self.assertEqual(second.count(), 2)

    def test_refused(self):
        self.check_serves_from_b(config_text.endpoint("a", f"http://127.0.0.1:{unused_port()}", "sk-a"))

    def test_unknown_name(self):
        self.check_serves_from_b(config_text.endpoint("a", "https://no-such-host.invalid", "sk-a"))

    def check_tls(self, mock):
        settings = {**self.endpoint(mock), **config_text.trusting(self.pki()), "base_url": f"https://localhost:{mock.port}"}
        self.check_serves_from_b(settings)
        self.assertEqual(mock.count(), 0)

    def test_T1_bad_certificates(self):
        for fault in ("other-name", "name-in-cn-only", "expired", "self-signed", "client-only"):
            with self.subTest(fault):
                self.check_tls(self.mock(f"a-{fault}", tls=server_tls(self.pki(), fault)))

    def test_T1_untrusted_authority(self):
        mock = self.mock("a", tls=server_tls(self.pki()))
        settings = self.endpoint(mock)
        del settings["ca_file"]
        self.check_serves_from_b(settings)
        self.assertEqual(mock.count(), 0)

    def test_T1_tls_1_1(self):

        context = server_tls(self.pki(), latest=ssl.TLSVersion.TLSv1_1)
        self.check_tls(self.mock("a", tls=context))

    def test_T2_plain_answer_to_the_handshake(self):
        mock = self.mock("a")
        mock.on_accept = plans.script(b"HTTP/1.1 400 Bad Request\r\n\r\n", plans.HANG)
        self.check_tls(mock)

    def test_T2_alert(self):
        mock = self.mock("a")
        mock.on_accept = plans.script(b"\x15\x03\x03\x00\x02\x02\x28", plans.HANG)
        self.check_tls(mock)

    def test_T2_close_and_reset_in_the_handshake(self):
        for ending in (plans.CLOSE, plans.RESET):
            async def refuse(exchange, ending=ending):
                await plans.script(0.01, ending)(exchange)
                exchange.connection.transport.abort()

            mock = self.mock(f"a-{ending}")
            mock.on_accept = refuse
            self.check_tls(mock)

    def test_T2_silent_handshake_has_its_own_deadline(self):
        mock = self.mock("a")
        mock.on_accept = plans.script(plans.HANG)
        self.check_tls(mock)

    def test_insecure_is_per_endpoint(self):
        mock = self.mock("a", tls=server_tls(self.pki(), "self-signed"))
        settings = self.endpoint(mock, insecure=True)
        del settings["ca_file"]
        qccd = self.daemon(settings)
        self.assertEqual(qccd.post().status, 200)


class OpenAi(QccdCase):
    def test_failures_are_invisible(self):
        done = answers.openai_events("never seen")
        for number, (what, fault) in enumerate({
            "429": answers.openai_error(429, code="rate_limit_exceeded"), "500": answers.openai_error(500),
            "401": answers.openai_error(401, code="invalid_api_key"),
            "empty": plans.stream([]), "only the role": plans.stream(done[:1], end=plans.CLOSE),
            "error in band": plans.stream([done[0], answers.data_event({"error": {"message": "x", "type": "server_error"}})]),
            "html": plans.html_page(),
        }.items()):
            with self.subTest(what):
                first, second = self.mock(f"openai-a-{number}", fault), self.mock(f"openai-b-{number}", answers.openai("Hi."))
                qccd = self.daemon(self.endpoint(first, priority=1), self.endpoint(second, priority=2))
                answer = qccd.post(chat_body(stream=True), path="/v1/chat/completions")
                self.assertTrue(answer.body.endswith(b"data: [DONE]\n\n"), answer)
                self.assertNotIn(b"never", answer.body)
                self.assertEqual((first.count(), second.count()), (1, 1))


class Returned(QccdCase):
    """What must not be retried, and what the client gets when nothing is left."""

    def test_client_mistakes_are_not_retried(self):
        for status in (400, 413, 422, 508):
            body = answers.anthropic_error_body(status, f"exact {status}")
            first, second = self.mock(f"a{status}", plans.reply(status, body)), self.mock(f"b{status}")
            qccd = self.daemon(self.endpoint(first, priority=1), self.endpoint(second, priority=2))
            answer = qccd.post()
            self.assertEqual((answer.status, answer.body), (status, body))
            self.assertEqual(second.count(), 0)

    def all_answer(self, *faults):
        mocks = [self.mock(f"m{number}", fault) for number, fault in enumerate(faults)]
        qccd = self.daemon(*[self.endpoint(mock, priority=rank, **SCALED) for rank, mock in enumerate(mocks, 1)],
                           retry={"max_retries": len(faults) - 1})
        answer = qccd.post()
        self.assertEqual(answer.json()["type"], "error")
        self.assertTrue(answer.header("request-id"))
        return answer

    def test_all_rate_limited_is_429(self):
        self.assertEqual(self.all_answer(answers.anthropic_error(429), answers.anthropic_error(429)).status, 429)

    def test_last_a_timeout_is_504(self):
        self.assertEqual(self.all_answer(answers.anthropic_error(500), plans.script(plans.HANG)).status, 504)

    def test_broken_ones_are_502(self):
        self.assertEqual(self.all_answer(plans.script(plans.RESET), plans.script(plans.CLOSE)).status, 502)

    def test_never_529(self):
        self.assertIn(self.all_answer(answers.anthropic_error(529), answers.anthropic_error(529)).status, (502, 503))

    def test_never_an_endpoints_401(self):
        answer = self.all_answer(answers.anthropic_error(401), answers.anthropic_error(401))
        self.assertEqual((answer.status, answer.header("x-should-retry")), (503, "false"))

    def test_single_endpoints_401_is_503_and_named(self):
        answer = self.all_answer(answers.anthropic_error(401))
        self.assertEqual((answer.status, answer.header("x-should-retry")), (503, "false"))
        self.assertIn("m0", answer.json()["error"]["message"])

    def test_model_missing_everywhere_gives_the_last_404(self):
        body = answers.anthropic_error_body(404, "model: unknown-2")
        answer = self.all_answer(answers.anthropic_error(404, message="model: unknown"), plans.reply(404, body))
        self.assertEqual((answer.status, answer.body), (404, body))

    def test_single_endpoints_own_error_is_passed_on(self):
        body = answers.anthropic_error_body(500, "my own words")
        mock = self.mock("a", plans.reply(500, body))
        answer = self.daemon(mock, retry={"max_retries": 0}).post()
        self.assertEqual((answer.status, answer.body), (500, body))

    def test_everything_disabled_is_503(self):
        answer = self.daemon(self.endpoint(self.mock(), enabled=False)).post()
        self.assertEqual(answer.status, 503)
        self.check_counts(a=0)


class Attempts(QccdCase):
    def test_at_most_three(self):
        mocks = [self.mock(name, answers.anthropic_error(500)) for name in "abc"] + [self.mock("d")]
        qccd = self.daemon(*[self.endpoint(mock, priority=rank) for rank, mock in enumerate(mocks, 1)])
        self.assertIn(qccd.post().status, (500, 502))
        self.check_counts(a=1, b=1, c=1, d=0)

    def test_attempts_that_wrote_nothing_do_not_count(self):
        refused = [config_text.endpoint(f"r{n}", f"http://127.0.0.1:{unused_port()}", "sk-r", priority=n) for n in range(1, 5)]
        qccd = self.daemon(*refused, self.endpoint(self.mock("d"), priority=9))
        self.assertEqual(qccd.post().status, 200)

    def test_same_endpoint_again_when_it_is_the_only_one(self):
        for fault in (answers.anthropic_error(500), plans.script(plans.RESET), answers.anthropic_error(503)):
            mock = self.mock()
            mock.script(fault)
            qccd = self.daemon(mock, retry={"backoff_base": "10ms"})
            self.assertEqual(qccd.post().status, 200)
            self.assertEqual(mock.count(), 2)

    def test_priority_and_weight(self):
        first, second, third = self.mock("a"), self.mock("b"), self.mock("c")
        qccd = self.daemon(self.endpoint(first, priority=1, weight=300), self.endpoint(second, priority=1, weight=100),
                           self.endpoint(third, priority=2), server={"shards": 1})
        with qccd.connect() as client:
            for _ in range(40):
                client.send(post()).answer()
        self.check_counts(a=30, b=10, c=0)

    def test_disabled_endpoints_are_not_asked(self):
        qccd = self.daemon(self.endpoint(self.mock("a"), priority=1, enabled=False), self.endpoint(self.mock("b"), priority=2))
        self.check_serves(qccd)
        self.check_counts(a=0, b=1)

    def test_retry_post_never(self):
        qccd = self.daemon(self.endpoint(self.mock("a", plans.script(plans.RESET)), priority=1),
                           self.endpoint(self.mock("b"), priority=2), retry={"post": "never"})
        self.assertEqual(qccd.post().status, 502)
        self.check_counts(a=1, b=0)

    def test_retry_post_never_still_leaves_a_refused_one(self):
        qccd = self.daemon(config_text.endpoint("a", f"http://127.0.0.1:{unused_port()}", "sk-a", priority=1),
                           self.endpoint(self.mock("b"), priority=2), retry={"post": "never"})
        self.assertEqual(qccd.post().status, 200)


class StaleConnections(QccdCase):
    """A pooled connection that the server closed meanwhile costs nobody anything."""

    def test_server_closes_after_each_answer(self):
        mock, spare = self.mock("a"), self.mock("b")
        mock.close_after_answer = True
        qccd = self.daemon(self.endpoint(mock, priority=1), self.endpoint(spare, priority=2))
        with qccd.connect() as client:
            for _ in range(100):
                self.assertEqual(client.send(post()).answer().status, 200)
        self.check_counts(a=100, b=0)

    def test_idle_connections_closed_by_the_server(self):
        mock, spare = self.mock("a"), self.mock("b")
        qccd = self.daemon(self.endpoint(mock, priority=1), self.endpoint(spare, priority=2))
        for _ in range(5):
            self.check_serves(qccd)
            mock.close_idle_connections()
        self.check_counts(a=5, b=0)
        self.assertTrue(eventually(lambda: mock.open_count() <= 1))

    def test_reset_instead_of_an_answer_on_a_reused_connection(self):
        mock, spare = self.mock("a"), self.mock("b")
        qccd = self.daemon(self.endpoint(mock, priority=1), self.endpoint(spare, priority=2), server={"shards": 1})
        self.check_serves(qccd)
        mock.script(plans.script(plans.CLOSE))
        self.check_serves(qccd)
        self.assertEqual((mock.count(), spare.count()), (3, 0))
        self.assertNotEqual(mock.requests[1].connection, mock.requests[2].connection)

    def test_replay_is_once(self):
        mock, spare = self.mock("a"), self.mock("b")
        qccd = self.daemon(self.endpoint(mock, priority=1), self.endpoint(spare, priority=2), server={"shards": 1})
        self.check_serves(qccd)
        mock.script(plans.script(plans.CLOSE), plans.script(plans.CLOSE))
        self.check_serves(qccd)
        self.assertEqual((mock.count(), spare.count()), (3, 1))

    def test_connections_are_reused(self):
        mock = self.mock(tls=server_tls(self.pki()))
        qccd = self.daemon(mock, server={"shards": 1})
        for _ in range(100):
            self.check_serves(qccd)
        self.assertEqual(len(mock.connections), 1)
