"""Wrong bytes from an upstream: each rule of the response side (U, C8, C9) by its id, with the stated answer."""

import re
import threading

import answers
import plans
from daemon import eventually
from harness import QccdCase, RuleCase
from http_client import message_body, post
from mock_upstream import server_tls

JSON = answers.dumps(answers.anthropic_message([answers.text_block("whole")]))
FIELDS = b"content-type: application/json\r\n"
LENGTH = b"content-length: %d\r\n" % len(JSON)
END = plans.CLOSE


def ok(fields, body=JSON):
    return b"HTTP/1.1 200 OK\r\n" + FIELDS + fields + b"\r\n" + body


def status_line(line):
    return line + b"\r\n" + FIELDS + LENGTH + b"\r\n" + JSON


def chunked(wire):
    return ok(b"transfer-encoding: chunked\r\n", wire)


WHOLE_CHUNK = plans.chunk(JSON)

# (rule, what, bytes of the answer, how the connection ends)
MALFORMED = [
    *[("U1", name, status_line(line), END) for name, line in [
        ("no version", b"200 OK"), ("icy", b"ICY 200 OK"), ("0.9 style", b"<html>hello</html>"), ("2.0", b"HTTP/2.0 200 OK"),
        ("leading blank", b" HTTP/1.1 200 OK"), ("leading empty line", b"\r\nHTTP/1.1 200 OK"), ("two spaces", b"HTTP/1.1  200 OK"),
        ("tab", b"HTTP/1.1\t200 OK"), ("two digits", b"HTTP/1.1 20 OK"), ("four digits", b"HTTP/1.1 2000 OK"),
        ("code 099", b"HTTP/1.1 099 X"), ("code 600", b"HTTP/1.1 600 X"), ("letters", b"HTTP/1.1 2xx OK"),
        ("lower case", b"http/1.1 200 OK"), ("junk first", b"junkHTTP/1.1 200 OK"), ("nul in reason", b"HTTP/1.1 200 O\x00K"),
    ]],
    ("U1", "nothing but junk", b"\x00\x01\x02\xff" * 50, END),
    ("U1", "bare lf", ok(LENGTH).replace(b"\r\n", b"\n"), END),
    *[("U2", name, ok(LENGTH + line + b"\r\n"), END) for name, line in [
        ("obs-fold", b"x-a: b\r\n c"), ("no colon", b"junk"), ("empty name", b": v"), ("nul in value", b"x-a: b\x00"),
        ("bare cr", b"x-a: b\rc"), ("control byte", b"x-a: \x01"), ("name with blank", b"x a: b"), ("nul in name", b"x\x00a: b"),
    ]],
    ("U3", "length and chunked", ok(LENGTH + b"transfer-encoding: chunked\r\n", WHOLE_CHUNK + plans.LAST_CHUNK), END),
    ("U3", "two lengths", ok(LENGTH + b"content-length: 3\r\n"), END),
    *[("U3", f"length {name}", ok(b"content-length: " + value + b"\r\n"), END) for name, value in [
        ("plus", b"+5"), ("minus", b"-1"), ("hex", b"0x10"), ("empty", b""), ("letters", b"ten"), ("list", b"5, 6"),
        ("20 digits", b"1" * 20), ("2 to the 63", b"9223372036854775808"),
    ]],
    *[("U3", f"coding {name}", ok(b"transfer-encoding: " + value + b"\r\n", WHOLE_CHUNK + plans.LAST_CHUNK), END)
      for name, value in [("gzip", b"gzip"), ("list", b"gzip, chunked"), ("empty", b""), ("identity", b"identity")]],
    ("U3", "two codings", ok(b"transfer-encoding: chunked\r\n" * 2, WHOLE_CHUNK + plans.LAST_CHUNK), END),
    ("U3", "chunked in 1.0", chunked(WHOLE_CHUNK + plans.LAST_CHUNK).replace(b"1.1", b"1.0", 1), END),
    *[("U3", f"chunk {name}", chunked(wire), END) for name, wire in [
        ("size g", b"g\r\n"), ("size negative", b"-5\r\nHELLO\r\n0\r\n\r\n"), ("size 17 digits", b"0" * 17 + b"\r\n\r\n"),
        ("without crlf", b"%x\r\n" % len(JSON) + JSON + b"XX0\r\n\r\n"), ("bare lf", b"%x\n" % len(JSON) + JSON + b"\n0\n\n"),
        ("size huge", b"ffffffffffffffff\r\nx"),
    ]],
    ("U4", "head above 64 kB", ok(b"".join(b"x-%d: %s\r\n" % (n, b"v" * 8000) for n in range(9)) + LENGTH), END),
    ("U4", "129 fields", ok(b"".join(b"x-%d: v\r\n" % n for n in range(129)) + LENGTH), END),
    ("U4", "endless head", b"HTTP/1.1 200 OK\r\n" + b"x-a: bbbbbbbb\r\n" * 10_000, plans.HANG),
    ("U5", "cut in the head", ok(LENGTH)[:30], END),
    ("U5", "cut by length", ok(LENGTH, JSON[:-5]), END),
    ("U5", "cut by reset", ok(LENGTH, JSON[:-5]), plans.RESET),
    ("U5", "cut in a chunk", chunked(WHOLE_CHUNK[:-20]), END),
    ("U5", "last chunk missing", chunked(WHOLE_CHUNK), END),
    ("U5", "cut in the last chunk", chunked(WHOLE_CHUNK + b"0\r\n"), END),
    ("C6", "unexpected 101", b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", plans.HANG),
    ("C8", "nine times 100", b"HTTP/1.1 100 Continue\r\n\r\n" * 9 + ok(LENGTH), END),
    ("C8", "17 kB of 103", (b"HTTP/1.1 103 Early Hints\r\nlink: " + b"x" * 5800 + b"\r\n\r\n") * 3 + ok(LENGTH), END),
    ("R3", "html with 200", plans.reply_bytes(200, b"<html>relay</html>", content_type="text/html"), END),
]

CONNECT_ONCE = {"max_retries": 0}


def _named(rule, what):
    return f"test_{rule}_{re.sub(r'[^a-z0-9]+', '_', what.lower())}"


def _alone_test(wire, ending):
    def test(self):
        self.upstream.script(plans.script(wire, ending))
        answer = self.qccd.post()
        self.assertEqual((answer.status, answer.json()["type"]), (502, "error"), answer)
        self.assertTrue(answer.complete)
        self.check_still_serves()
        self.assertNotEqual(self.upstream.requests[-1].connection, self.upstream.requests[-2].connection, "reused")

    return test


def _failover_test(wire, ending):
    def test(self):
        self.upstream.script(plans.script(wire, ending))
        answer = self.qccd.post()
        self.assertEqual((answer.status, answer.json()["content"][0]["text"]), (200, "From second."), answer)
        self.assertEqual(len(self.new_requests()), 1)

    return test


class MalformedAnswers(RuleCase):
    """One test per row of MALFORMED: the only endpoint answers so, the client gets 502."""

    sections = {"retry": CONNECT_ONCE}


class MalformedAnswersFailOver(RuleCase):
    """The same rows with a well endpoint behind: the client sees nothing of it."""

    fallback = "second"


for _rule, _what, _wire, _ending in MALFORMED:
    setattr(MalformedAnswers, _named(_rule, _what), _alone_test(_wire, _ending))
    setattr(MalformedAnswersFailOver, _named(_rule, _what), _failover_test(_wire, _ending))


class UnusualAnswers(RuleCase):
    """Unusual, but right: delivered whole."""

    sections = {"retry": CONNECT_ONCE}

    def check_delivered(self, wire, ending=None, body=JSON):
        self.upstream.script(plans.script(wire, *([ending] if ending else [])))
        answer = self.qccd.post()
        self.assertEqual((answer.status, answer.body, answer.complete), (200, body, True), answer)
        self.check_still_serves()
        return answer

    def test_U1_no_reason(self):
        self.check_delivered(status_line(b"HTTP/1.1 200"))
        self.check_delivered(status_line(b"HTTP/1.1 200 "))

    def test_U1_version_1_0_is_not_kept(self):
        self.check_delivered(status_line(b"HTTP/1.0 200 OK"), END)

    def test_U2_space_before_colon_is_dropped_or_refused(self):
        self.upstream.script(plans.script(ok(LENGTH + b"x-a : b\r\n"), END))
        self.assertIn(self.qccd.post().status, (200, 502))
        self.check_still_serves()

    def test_U3_chunked_with_extensions_and_trailers(self):
        wire = b"%x;a=b\r\n%s\r\n0\r\nset-cookie: no\r\nx-t: no\r\n\r\n" % (len(JSON), JSON)
        answer = self.check_delivered(chunked(wire))
        self.assertIsNone(answer.header("x-t"))

    def test_U4_128_fields(self):
        self.check_delivered(ok(b"".join(b"x-%d: v\r\n" % n for n in range(126)) + LENGTH))

    def test_U7_close_delimited(self):
        self.check_delivered(ok(b""), END)
        self.assertNotEqual(self.upstream.requests[-1].connection, self.upstream.requests[-2].connection)

    def test_U8_what_clients_never_see(self):
        hidden = ["Connection: x-private", "X-Private: 1", "Keep-Alive: timeout=5", "Proxy-Authenticate: Basic",
                  "Proxy-Connection: keep-alive", "Upgrade: h2c", "Alt-Svc: h3=\":443\"", "Set-Cookie: a=b",
                  "Server: relay/1.2.3", "Trailer: x"]
        shown = ["request-id: req_7", "anthropic-ratelimit-requests-remaining: 4", "retry-after: 3", "x-should-retry: true"]
        answer = self.check_delivered(ok("\r\n".join(hidden + shown).encode() + b"\r\n" + LENGTH))
        for line in hidden:
            name, _, value = line.partition(": ")
            self.assertNotIn(value, answer.headers(name), line)
        for line in shown:
            name, _, value = line.partition(": ")
            self.assertEqual(answer.headers(name), [value])

    def test_U9_length_for_known_and_chunked_for_streams(self):
        self.assertEqual(self.check_delivered(ok(LENGTH)).header("content-length"), str(len(JSON)))
        streamed = self.qccd.post(message_body(stream=True))
        self.assertEqual((streamed.header("transfer-encoding"), streamed.header("content-length")), ("chunked", None))

    def test_U9_stream_to_1_0_ends_with_the_connection(self):
        request = post(message_body(stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
        with self.qccd.connect() as client:
            answer = client.send(request).answer()
            self.assertIsNone(answer.header("transfer-encoding"))
            self.assertIn(b"message_stop", answer.body)
            self.assertEqual(client.ended, "eof")

    def test_U11_redirects_are_not_followed(self):
        elsewhere = self.mock("elsewhere")
        for status in (301, 302, 303, 307, 308):
            self.upstream.script(plans.reply(status, b"{}", [("location", elsewhere.url + "/v1/messages")]))
            self.assertIn(self.qccd.post().status, (status, 502))
        self.assertEqual(elsewhere.count(), 0)
        self.check_still_serves()

    def test_C8_interim_answers_are_swallowed(self):
        interim = b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 103 Early Hints\r\nx-leak: 1\r\n\r\n" * 7
        self.upstream.script(plans.script(interim + ok(LENGTH)))
        with self.qccd.connect() as client:
            answer = client.send(post()).head()
            self.assertEqual((answer.status, answer.header("x-leak")), (200, None))
        self.check_still_serves()

    def test_C9_no_body_after_204(self):
        self.upstream.script(plans.script(b"HTTP/1.1 204 No Content\r\n\r\nSTRAYBYTES", plans.HANG))
        with self.qccd.connect() as client:
            answer = client.send(post()).answer()
            self.assertNotIn(b"STRAY", answer.raw + answer.body)
            self.assertEqual(client.send(post()).answer().json()["content"][0]["text"], "From a.")
        self.check_still_serves()


class PoisonedConnections(RuleCase):
    """U6: what comes unasked ends the connection and is never delivered."""

    def check_never_delivered(self):
        for _ in range(4):
            answer = self.qccd.post()
            self.assertEqual(answer.status, 200)
            self.assertNotIn(b"POISON", answer.raw + answer.body)

    def test_U6_bytes_after_the_answer(self):
        poison = plans.reply_bytes(200, b'{"POISON":1}')
        self.upstream.script(plans.script(ok(LENGTH) + poison))
        self.assertEqual(self.qccd.post().body, JSON)
        self.check_never_delivered()
        first, second = self.new_requests()[:2]
        self.assertNotEqual(first.connection, second.connection)

    def test_U6_bytes_after_the_last_chunk(self):
        self.upstream.script(plans.script(chunked(WHOLE_CHUNK + plans.LAST_CHUNK) + b"POISON"))
        self.assertEqual(self.qccd.post().body, JSON)
        self.check_never_delivered()

    def test_U6_bytes_on_an_idle_connection(self):
        sent = threading.Event()

        async def late(exchange):
            await exchange.send(ok(LENGTH))
            await plans.asyncio.sleep(0.1)
            await exchange.send(plans.reply_bytes(200, b'{"POISON":1}'))
            sent.set()

        self.upstream.script(late)
        self.assertEqual(self.qccd.post().body, JSON)
        sent.wait(5)
        self.check_never_delivered()


class EarlyAnswers(QccdCase):
    """U10: an answer that comes while the request is still being sent wins."""

    def test_U10_early_error_is_relayed(self):
        body = answers.anthropic_error_body(413, "too large for me")
        mock = self.mock(plan=plans.early(plans.reply(413, body)))
        qccd = self.daemon(mock)
        answer = qccd.post(message_body("x" * 3_000_000))
        self.assertEqual((answer.status, answer.body), (413, body))

    def test_U10_early_error_then_reset(self):
        body = answers.anthropic_error_body(400, "stop")
        mock = self.mock(plan=plans.early(plans.script(plans.reply_bytes(400, body), 0.1, plans.RESET)))
        answer = self.daemon(mock).post(message_body("x" * 3_000_000))
        self.assertEqual((answer.status, answer.body), (400, body))

    def test_U10_connection_is_not_used_again_unless_the_body_was_completed(self):
        mock = self.mock()
        mock.script(plans.early(plans.reply(400, answers.anthropic_error_body(400))))
        qccd = self.daemon(mock, server={"shards": 1})
        self.assertEqual(qccd.post(message_body("x" * 3_000_000)).status, 400)
        self.check_serves(qccd)
        first, second = mock.requests
        self.assertEqual(second.line, "POST /v1/messages HTTP/1.1")
        self.assertTrue(first.body_complete or first.connection != second.connection)

    def test_slow_reader_upstream_gets_the_whole_body(self):
        mock = self.mock(plan=plans.read_slowly(answers.anthropic(), 0.3))
        body = message_body("x" * 5_000_000)
        self.assertEqual(self.daemon(mock).post(body).status, 200)
        self.assertEqual(bytes(mock.last().body), body)


class Truncation(QccdCase):
    """U5 after bytes went out, and with TLS."""

    def test_U5_large_json_cut_after_it_began_is_visible(self):
        body = answers.dumps({"type": "message", "filler": "y" * 600_000})
        cut = plans.reply_bytes(200, body)[:-1000]
        mock = self.mock(plan=plans.script(cut, plans.CLOSE))
        answer = self.daemon(mock).post()
        self.assertEqual((answer.status, answer.complete), (200, False))
        self.assertTrue(body.startswith(answer.body))
        self.check_counts(a=1)

    def test_U5_large_chunked_json_cut_is_visible(self):
        body = answers.dumps({"type": "message", "filler": "y" * 600_000})
        wire = ok(b"transfer-encoding: chunked\r\n", b"".join(plans.chunk(body[at:at + 9000]) for at in range(0, 590_000, 9000)))
        answer = self.daemon(self.mock(plan=plans.script(wire, plans.CLOSE))).post()
        self.assertEqual((answer.status, answer.complete), (200, False))

    def test_T3_tls_end_without_close_notify_is_truncation(self):
        mock = self.mock(plan=plans.script(ok(b""), plans.CUT), tls=server_tls(self.pki()))
        self.assertEqual(self.daemon(mock, retry=CONNECT_ONCE).post().status, 502)

    def test_T3_tls_end_with_close_notify_is_the_end(self):
        mock = self.mock(plan=plans.script(ok(b""), plans.CLOSE), tls=server_tls(self.pki()))
        answer = self.daemon(mock, retry=CONNECT_ONCE).post()
        self.assertEqual((answer.status, answer.body), (200, JSON))

    def test_U4_dribbled_head_has_one_deadline(self):
        mock = self.mock(plan=plans.dribble(b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 2000, gap=0.01, size=2))
        qccd = self.daemon(self.endpoint(mock, nonstream_timeout="400ms", timeout="400ms", min_attempt="10ms"),
                           retry=CONNECT_ONCE)
        self.assertIn(qccd.post().status, (502, 504))
        self.assertTrue(mock.wait_abandoned(1))

    def test_every_split_of_an_answer_gives_the_same(self):
        whole = chunked(WHOLE_CHUNK + plans.LAST_CHUNK)
        mock = self.mock()
        qccd = self.daemon(mock)
        for at in range(1, len(whole), 23):
            mock.script(plans.script(whole[:at], 0.002, whole[at:]))
            self.assertEqual(qccd.post().body, JSON)

    def test_connections_to_a_misbehaving_upstream_are_all_closed(self):
        mock = self.mock(plan=plans.script(ok(LENGTH, JSON[:-5]), plans.HANG))
        qccd = self.daemon(self.endpoint(mock, nonstream_timeout="200ms", min_attempt="10ms"), retry=CONNECT_ONCE)
        for _ in range(3):
            self.assertIn(qccd.post().status, (502, 504))
        self.assertTrue(eventually(lambda: mock.open_count() == 0))
