"""Wrong bytes from a client: each rule of the request side (F, K, L, H) by its id, with the stated answer.

After every case the connection is closed where the rule says so, nothing reached the upstream, and the daemon still
serves a good request.
"""

import re
import unittest

from harness import RuleCase
from http_client import message_body, post

BODY = message_body()
LENGTH = len(BODY)
SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def with_fields(*fields, body=BODY):
    """A POST whose framing is what the fields say."""
    return post(body, fields=fields, framing=False)


def chunked(wire):
    return with_fields(("Transfer-Encoding", "chunked"), body=wire)


def request_line(line, host="127.0.0.1"):
    return line + b"\r\nHost: " + host.encode() + b"\r\nContent-Length: 0\r\n\r\n"


def raw_field(line, path=b"/v1/messages"):
    """A POST with one field line given byte by byte."""
    return (b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" + line
            + b"\r\nContent-Length: %d\r\n\r\n" % LENGTH + BODY)


def many_fields(count):
    return [(f"x-filler-{number}", "v") for number in range(count)]


HOSTLESS = b"POST /v1/messages HTTP/1.1\r\nContent-Type: application/json\r\n"
TAIL = b"Content-Length: %d\r\n\r\n" % LENGTH + BODY


def host_lines(*hosts):
    return HOSTLESS + b"".join(b"Host: " + host + b"\r\n" for host in hosts) + TAIL


ONE_CHUNK = b"%x\r\n" % LENGTH + BODY + b"\r\n"

# (rule, what, the bytes, allowed statuses)
REFUSED = [
    ("F1", "length then chunked", with_fields(("Content-Length", LENGTH), ("Transfer-Encoding", "chunked")), 400),
    ("F1", "chunked then length", with_fields(("Transfer-Encoding", "chunked"), ("Content-Length", LENGTH)), 400),
    ("F1", "length zero and chunked",
     with_fields(("Content-Length", 0), ("Transfer-Encoding", "chunked"), body=b"0\r\n\r\n" + SMUGGLED), 400),
    ("F1", "identity and length", with_fields(("Transfer-Encoding", "identity"), ("Content-Length", LENGTH)), (400, 501)),
    *[("F2", f"length {name}", with_fields(("Content-Length", value)), 400) for name, value in [
        ("plus", "+5"), ("minus", "-1"), ("space inside", "1 0"), ("hex", "0x10"), ("underscore", "1_0"),
        ("comma", "10,"), ("quoted", '"10"'), ("empty", ""), ("exponent", "1e1"), ("semicolon", "10;"),
        ("fraction", "10.0"), ("letters", "ten"), ("high bytes", "1\xb2"), ("20 digits", "1" * 20),
        ("2 to the 63", "9223372036854775808"), ("2 to the 64 plus 10", "18446744073709551626"),
    ]],
    ("F2", "length with nul", raw_field(b"Content-Length: 1\x000", b"/v1/messages"), 400),
    ("F3", "two equal lengths", with_fields(("Content-Length", LENGTH), ("Content-Length", LENGTH)), 400),
    ("F3", "two different lengths", with_fields(("Content-Length", 0), ("Content-Length", LENGTH)), 400),
    ("F3", "list of equal lengths", with_fields(("Content-Length", f"{LENGTH}, {LENGTH}")), 400),
    ("F3", "second length empty", with_fields(("Content-Length", LENGTH), ("Content-Length", "")), 400),
    ("F4", "one byte above the limit", with_fields(("Content-Length", 32 * 1024 * 1024 + 1), body=b""), 413),
    ("F4", "largest valid length", with_fields(("Content-Length", 2 ** 63 - 1), body=b""), 413),
    *[("F5", f"coding {name}", with_fields(("Transfer-Encoding", value), body=ONE_CHUNK + b"0\r\n\r\n"), status)
      for name, value, status in [
          ("gzip", "gzip", 501), ("identity", "identity", 501), ("list", "gzip, chunked", (400, 501)),
          ("chunked twice in a list", "chunked, chunked", (400, 501)), ("parameter", "chunked;q=1", (400, 501)),
          ("empty", "", 400), ("vertical tab", "\x0bchunked", 400), ("high byte", "chunked\x80", 400),
          ("quoted", '"chunked"', 400), ("nul", "chunked\x00", 400),
      ]],
    ("F5", "two lines",
     with_fields(("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked"), body=ONE_CHUNK + b"0\r\n\r\n"), 400),
    ("F6", "chunked in 1.0", chunked(ONE_CHUNK + b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0", 1), 400),
    ("F6", "chunked in 1.0 keep alive",
     with_fields(("Transfer-Encoding", "chunked"), ("Connection", "keep-alive"), body=ONE_CHUNK + b"0\r\n\r\n")
     .replace(b"HTTP/1.1", b"HTTP/1.0", 1), 400),
    ("K1", "17 digits", chunked(b"0" * 16 + ONE_CHUNK[:1] + b"\r\n"), 400),
    ("K1", "above 2 to the 63", chunked(b"8000000000000000\r\n"), (400, 413)),
    ("K1", "above the body limit", chunked(b"2000001\r\n"), 413),
    ("K1", "no digit", chunked(b"\r\n"), 400),
    ("K1", "letter beyond f", chunked(b"g\r\n"), 400),
    *[("K2", name, chunked(size + b"\r\nHELLO\r\n0\r\n\r\n"), 400) for name, size in [
        ("leading space", b" 5"), ("leading tab", b"\t5"), ("plus", b"+5"), ("minus", b"-5"), ("0x", b"0x5"),
        ("underscore", b"0_5"), ("trailing letter", b"5z"), ("nul", b"5\x00"), ("trailing comma", b"5,"),
    ]],
    *[("K3", name, chunked(b"5" + extension + b"\r\nHELLO\r\n0\r\n\r\n"), 400) for name, extension in [
        ("bare semicolon", b";"), ("unbalanced quote", b';a="x'), ("control byte", b";a=\x01"), ("nul", b";a=\x00"),
        ("bare cr", b";a\rb"), ("bare lf", b";a\nb"), ("name missing", b";=x"), ("more than 1 kB", b";a=" + b"x" * 1100),
    ]],
    ("K3", "more than 16 kB in all", chunked((b"1;a=" + b"x" * 1000 + b"\r\nX\r\n") * 18), 400),
    ("K4", "lf after the size", chunked(b"5\nHELLO\r\n0\r\n\r\n"), 400),
    ("K4", "cr and something after the size", chunked(b"5\rXHELLO\r\n0\r\n\r\n"), 400),
    ("K4", "lf after the data", chunked(b"5\r\nHELLO\n0\r\n\r\n"), 400),
    ("K4", "nothing after the data", chunked(b"5\r\nHELLO0\r\n\r\n"), 400),
    ("K4", "data longer than said", chunked(b"5\r\nHELLOW\r\n0\r\n\r\n"), 400),
    *[("K5", f"trailer {name}", chunked(ONE_CHUNK + b"0\r\n" + trailer + b"\r\n\r\n"), (400, 431)) for name, trailer in [
        ("without colon", b"junk"), ("space before colon", b"a : b"), ("folded", b"a: b\r\n c"), ("nul", b"a: \x00"),
        ("33 fields", b"\r\n".join(b"a%d: b" % number for number in range(33))), ("9 kB", b"a: " + b"x" * 9000),
    ]],
    ("K6", "overhead beyond 8 times", chunked(b"0000000000000001\r\nX\r\n" * 12000), 400),
    ("K7", "three empty lines first", b"\r\n\r\n\r\n" + post(), 400),
    *[("L1", name, request_line(line), 400) for name, line in [
        ("two spaces", b"GET  / HTTP/1.1"), ("tab", b"GET\t/ HTTP/1.1"), ("leading space", b" GET / HTTP/1.1"),
        ("trailing space", b"GET / HTTP/1.1 "), ("vertical tab", b"GET\x0b/ HTTP/1.1"), ("form feed", b"GET /\x0c HTTP/1.1"),
        ("bare cr", b"GET / HTTP/1.1\rX"), ("no target", b"GET HTTP/1.1"), ("space in the target", b"GET /a b HTTP/1.1"),
    ]],
    ("L1", "bare lf everywhere", post().replace(b"\r\n", b"\n"), 400),
    ("L1", "bare lf after the request line", post().replace(b"\r\n", b"\n", 1), 400),
    ("L2", "connect", request_line(b"CONNECT 127.0.0.1:80 HTTP/1.1"), (400, 405, 501)),
    ("L2", "trace", request_line(b"TRACE / HTTP/1.1"), (405, 501)),
    ("L2", "unknown method", request_line(b"BREW / HTTP/1.1"), 501),
    ("L2", "33 bytes of method", request_line(b"A" * 33 + b" / HTTP/1.1"), (400, 501)),
    ("L2", "no token", request_line(b"G@T / HTTP/1.1"), 400),
    ("L2", "lower case", request_line(b"post /v1/messages HTTP/1.1"), (400, 501)),
    *[("L3", name, request_line(line), status) for name, line, status in [
        ("2.0", b"GET / HTTP/2.0", 505), ("0.9", b"GET / HTTP/0.9", 505), ("no version", b"GET /", (400, 505)),
        ("other name", b"GET / HTCPCP/1.1", 400), ("two digits", b"GET / HTTP/1.10", 400), ("lower case", b"GET / http/1.1", 400),
        ("no minor", b"GET / HTTP/1", 400), ("3.1", b"GET / HTTP/3.1", 505), ("comma", b"GET / HTTP/1,1", 400),
    ]],
    ("L3", "h2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 501, 505)),
    ("L3", "tls hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), 400),
    *[("L4", name, request_line(line), 400) for name, line in [
        ("authority form", b"GET 127.0.0.1:80 HTTP/1.1"), ("other authority", b"GET http://evil.test/v1/models HTTP/1.1"),
        ("other scheme", b"GET ftp://127.0.0.1/ HTTP/1.1"), ("userinfo", b"GET http://me@127.0.0.1/ HTTP/1.1"),
        ("fragment", b"GET /v1/models#x HTTP/1.1"), ("two slashes", b"GET //127.0.0.1/v1/models HTTP/1.1"),
        ("star with get", b"GET * HTTP/1.1"), ("no slash", b"GET v1/models HTTP/1.1"),
    ]],
    *[("L5", f"byte {byte:#04x}", request_line(b"GET /v1/mo" + bytes([byte]) + b"dels HTTP/1.1"), 400)
      for byte in (0x00, 0x01, 0x1F, 0x7F, 0x80, 0xFF, *b'"<>\\^`{|}')],
    *[("L6", name, request_line(b"GET /v1/" + path + b" HTTP/1.1"), 400) for name, path in [
        ("encoded nul", b"mod%00els"), ("encoded cr", b"models%0d"), ("encoded lf", b"models%0A"),
        ("bad escape", b"models%zz"), ("cut escape", b"models%4"),
    ]],
    ("L7", "20 kB of request line", request_line(b"GET /" + b"a" * 20000 + b" HTTP/1.1"), 414),
    ("L7", "endless request line", b"GET /" + b"a" * 40000, 414),
    ("L8", "no host", HOSTLESS + TAIL, 400),
    ("L8", "two hosts", host_lines(b"127.0.0.1", b"evil.test"), 400),
    ("L8", "two equal hosts", host_lines(b"127.0.0.1", b"127.0.0.1"), 400),
    *[("L8", f"host {name}", host_lines(value), 400) for name, value in [
        ("empty", b""), ("with space", b"127.0.0.1 x"), ("with slash", b"127.0.0.1/x"), ("with at", b"a@127.0.0.1"),
        ("with hash", b"127.0.0.1#"), ("with question mark", b"127.0.0.1?"), ("with comma", b"127.0.0.1,b"),
        ("port too large", b"127.0.0.1:65536"), ("port no number", b"127.0.0.1:x"), ("unbalanced bracket", b"[::1"),
        ("angle brackets", b"<127.0.0.1>"), ("nul", b"127.0.0.1\x00"),
    ]],
    ("L11", "foreign host", host_lines(b"evil.test"), 403),
    ("L11", "foreign origin", post(fields=[("Origin", "http://evil.test")]), 403),
    ("L11", "opaque origin", post(fields=[("Origin", "null")]), 403),
    ("H1", "space before colon", raw_field(b"x-a : b"), 400),
    ("H1", "tab before colon", raw_field(b"x-a\t: b"), 400),
    ("H2", "folded with space", raw_field(b"x-a: b\r\n c"), 400),
    ("H2", "folded with tab", raw_field(b"x-a: b\r\n\tc"), 400),
    ("H2", "before the first field", b"POST /v1/messages HTTP/1.1\r\n Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n" + TAIL, 400),
    ("H3", "no colon", raw_field(b"junk"), 400),
    ("H3", "empty name", raw_field(b": v"), 400),
    *[("H3", f"name with {byte:#04x}", raw_field(b"x-" + bytes([byte]) + b"a: v"), 400)
      for byte in (0x00, 0x01, 0x20, 0x7F, 0x80, *b'"(),/;<=>?@[\\]{}')],
    *[("H4", f"value with {byte:#04x}", raw_field(b"x-a: b" + bytes([byte]) + b"c"), 400)
      for byte in (0x00, 0x01, 0x08, 0x0A, 0x0B, 0x0D, 0x1F, 0x7F)],
    ("H5", "101 fields", post(fields=many_fields(97)), 431),
    ("H5", "one field above 32 kB", post(fields=[("x-a", "b" * 33000)]), 431),
    ("H5", "head above 64 kB", post(fields=[(f"x-{number}", "b" * 8000) for number in range(9)]), 431),
    ("H5", "head without end", b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"x-a: bbbbbbbb\r\n" * 6000, 431),
    *[("H6", f"two {name}", post(fields=[(name, "a"), (name, "a")]), 400)
      for name in ("Authorization", "x-api-key")],
    ("H6", "two content types", post(fields=[("Content-Type", "application/json")]), 400),
    ("H6", "two versions", post(fields=[("anthropic-version", "2023-06-01")]), 400),
    *[("H7", f"connection names {name}", post(fields=[("Connection", name)]), 400) for name in
      ("host", "Content-Length", "transfer-encoding", "content-type", "anthropic-version", "authorization", "x-api-key")],
    ("H9", "17 names in connection", post(fields=[("Connection", ", ".join(f"x-{n}" for n in range(17)))]), 400),
]


def _refused_test(rule, what, request, statuses):
    allowed = statuses if isinstance(statuses, tuple) else (statuses,)

    def test(self):
        with self.qccd.connect() as client:
            answer = client.send(request).answer()
            self.assertIn(answer.status, allowed, answer)
            self.check_error_answer(answer, request)
            self.assertTrue(client.closed_by_peer(), "bytes after the answer")
        self.assertEqual([seen.line for seen in self.new_requests()], [])
        self.check_still_serves()

    test.__doc__ = f"{rule} {what}: {statuses}"
    return test


class BadRequests(RuleCase):
    """One test per row of REFUSED."""

    def check_error_answer(self, answer, request):
        self.assertEqual(answer.header("content-type").split(";")[0], "application/json")
        self.assertTrue(answer.complete)
        self.assertEqual(answer.headers("content-length"), [str(len(answer.body))])
        self.assertTrue(answer.header("request-id") or answer.header("x-request-id"), answer)
        self.assertEqual((answer.header("connection") or "").lower(), "close")
        self.assertTrue(answer.json()["error"]["message"])
        self.assertNotIn(b"evil", answer.body, "bad input echoed")


def _add_refused_tests():
    for number, (rule, what, request, statuses) in enumerate(REFUSED):
        name = f"test_{rule}_{re.sub(r'[^a-z0-9]+', '_', what.lower())}"
        if hasattr(BadRequests, name):
            name += f"_{number}"
        setattr(BadRequests, name, _refused_test(rule, what, request, statuses))


_add_refused_tests()

# Unusual, but right: (rule, what, the bytes)
ACCEPTED = [
    ("F2", "leading zeros", with_fields(("Content-Length", f"000{LENGTH}"))),
    ("F5", "upper case with blanks", with_fields(("Transfer-Encoding", " \tCHUNKED \t"), body=ONE_CHUNK + b"0\r\n\r\n")),
    ("K1", "leading zeros", chunked(b"00000000%x\r\n" % LENGTH + BODY + b"\r\n0\r\n\r\n")),
    ("K1", "upper case hex", chunked(b"%X\r\n" % LENGTH + BODY + b"\r\n0\r\n\r\n")),
    ("K3", "extensions", chunked(b'%x ; a = "q;\\"x" ;b=c\r\n' % LENGTH + BODY + b"\r\n0;last\r\n\r\n")),
    ("K5", "several zeros last", chunked(ONE_CHUNK + b"000\r\n\r\n")),
    ("K5", "trailers", chunked(ONE_CHUNK + b"0\r\nx-a: b\r\nContent-Length: 5\r\nx-api-key: smuggled\r\n\r\n")),
    ("K6", "one byte chunks", chunked(b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n")),
    ("K7", "one empty line first", b"\r\n" + post()),
    ("L3", "1.2", post().replace(b"HTTP/1.1", b"HTTP/1.2", 1)),
    ("L4", "absolute form", post().replace(b"POST /", b"POST http://127.0.0.1/", 1)),
    ("L6", "encoded letter", post().replace(b"/v1/messages", b"/v1/%6Dessages", 1)),
    ("L6", "dot segments", post().replace(b"/v1/messages", b"/v1/x/../messages", 1)),
    ("L7", "8000 bytes of request line", post(path="/v1/messages?x=" + "a" * 8000)),
    ("L8", "host with port", host_lines(b"127.0.0.1:7860")),
    ("L8", "host localhost", host_lines(b"localhost:7860")),
    ("L8", "host in brackets", host_lines(b"[::1]:7860")),
    ("H4", "tab and high bytes", raw_field(b"x-a: b\tc\xc3\xa4\xff")),
    ("H5", "100 fields", post(fields=many_fields(96))),
    ("H5", "one field of 31 kB", post(fields=[("x-a", "b" * 31000)])),
    ("H9", "16 names in connection", post(fields=[("Connection", ", ".join(f"x-{n}" for n in range(16)))])),
]


def _accepted_test(rule, what, request):
    def test(self):
        with self.qccd.connect() as client:
            answer = client.send(request).answer()
            self.assertEqual(answer.status, 200, answer)
        (seen,) = self.new_requests()
        self.assertEqual(seen.path, "/v1/messages")
        self.assertEqual(bytes(seen.body), BODY)
        self.assertNotIn(b"smuggled", bytes(seen.raw))
        self.check_still_serves()

    test.__doc__ = f"{rule} {what}: served"
    return test


class UnusualRequests(RuleCase):
    """One test per row of ACCEPTED."""


for _rule, _what, _request in ACCEPTED:
    setattr(UnusualRequests, f"test_{_rule}_{re.sub(r'[^a-z0-9]+', '_', _what.lower())}",
            _accepted_test(_rule, _what, _request))


class RequestFraming(RuleCase):
    """Rules that are about more than one answer."""

    sections = {"server": {"allowed_hosts": ["qcc.test:80"], "allowed_origins": ["http://app.test"]}}

    def test_F7_post_without_framing_has_no_body(self):
        with self.qccd.connect() as client:
            answer = client.send(post(b"", framing=False)).answer()
            self.assertEqual(answer.status, 400)
        self.assertEqual(self.new_requests(), [])
        self.check_still_serves()

    def test_F8_body_on_get_is_consumed_or_ends_the_connection(self):
        for framing, body in ((f"Content-Length: {len(SMUGGLED)}", SMUGGLED),
                              ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED))):
            for method in ("GET", "HEAD", "DELETE", "OPTIONS"):
                with self.subTest(framing=framing, method=method), self.qccd.connect() as client:
                    client.send(f"{method} / HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}\r\n\r\n".encode() + body)
                    client.answer(to_head=method == "HEAD")
                    client.end_writing()
                    self.assertNotIn(b"HTTP/1.1", client.read_to_end())
        self.assertEqual(self.new_requests(), [])
        self.check_still_serves()

    def test_F9_leftover_body_is_never_a_request(self):
        request = post(SMUGGLED, path="/nowhere")
        with self.qccd.connect() as client:
            self.assertEqual(client.send(request).answer().status, 404)
            client.send(b"")
            client.end_writing()
            self.assertNotIn(b"HTTP/1.1", client.read_to_end())
        self.assertEqual(self.new_requests(), [])
        self.check_still_serves()

    def test_F9_large_leftover_is_not_read_for_ever(self):
        with self.qccd.connect() as client:
            client.send(post(b"x" * 300_000, path="/nowhere"))
            answer = client.answer()
            self.assertEqual((answer.status, answer.header("connection")), (404, "close"))
            client.read_to_end()
            self.assertIsNotNone(client.ended)
        self.check_still_serves()

    def test_F10_nothing_is_parsed_after_a_framing_error(self):
        bad = with_fields(("Content-Length", "5"), ("Content-Length", "5"), body=b"HELLO")
        with self.qccd.connect() as client:
            self.assertEqual(client.send(bad + post()).answer().status, 400)
            self.assertTrue(client.closed_by_peer())
        self.assertEqual(self.new_requests(), [])
        self.check_still_serves()

    def test_F11_cut_body_never_becomes_a_request(self):
        cuts = {"length": post()[:-10], "in a chunk": chunked(ONE_CHUNK[:-20]), "before the last chunk": chunked(ONE_CHUNK),
                "in the trailers": chunked(ONE_CHUNK + b"0\r\nx-a: b\r\n")}
        for what, request in cuts.items():
            for reset in (False, True):
                with self.subTest(what, reset=reset), self.qccd.connect() as client:
                    client.send(request)
                    if reset:
                        client.reset()
                        continue
                    client.end_writing()
                    rest = client.read_to_end()
                    self.assertTrue(rest == b"" or rest.startswith(b"HTTP/1.1 400"), rest)
        self.check_still_serves()
        complete = [seen for seen in self.new_requests() if seen.body_complete]
        self.assertEqual(len(complete), 1, "only the good request")

    def test_F12_chunked_upload_arrives_whole_and_canonical(self):
        body = message_body("x" * 100_000)
        wire = b"".join(b"%x;e=1\r\n%s\r\n" % (len(body[at:at + 7000]), body[at:at + 7000])
                        for at in range(0, len(body), 7000)) + b"0\r\nx-trailer: gone\r\n\r\n"
        self.assertEqual(self.qccd.exchange(chunked(wire)).status, 200)
        (seen,) = self.new_requests()
        self.assertEqual(bytes(seen.body), body)
        self.assertEqual(seen.framing_faults(), [])
        self.assertNotIn(b"e=1", bytes(seen.raw))
        self.assertNotIn(b"x-trailer", bytes(seen.raw))

    def test_K7_empty_line_between_requests(self):
        with self.qccd.connect() as client:
            self.assertEqual(client.send(post()).answer().status, 200)
            self.assertEqual(client.send(b"\r\n" + post()).answer().status, 200)

    def test_L2_known_method_elsewhere_says_what_is_allowed(self):
        answer = self.qccd.exchange(b"GET /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.assertEqual(answer.status, 405)
        self.assertIn("POST", answer.header("allow"))
        self.check_still_serves()

    def test_L4_options_star(self):
        answer = self.qccd.exchange(b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.assertIn(answer.status, (200, 204, 404, 405))
        self.check_still_serves()

    def test_L6_only_the_raw_query_is_forwarded(self):
        self.assertEqual(self.qccd.post(path="/v1/messages?beta=true&x=%41%2f").status, 200)
        (seen,) = self.new_requests()
        self.assertEqual(seen.target, "/v1/messages?beta=true&x=%41%2f")

    def test_L9_http_1_0_without_host(self):
        request = (b"POST /v1/messages HTTP/1.0\r\nContent-Type: application/json\r\n" + TAIL)
        with self.qccd.connect() as client:
            answer = client.send(request).answer()
            self.assertEqual(answer.status, 200)
            self.assertIsNone(answer.header("transfer-encoding"))
            self.assertTrue(client.closed_by_peer())

    def test_L9_http_1_0_keep_alive(self):
        request = (b"POST /v1/messages HTTP/1.0\r\nConnection: keep-alive\r\nContent-Type: application/json\r\n" + TAIL)
        with self.qccd.connect() as client:
            answer = client.send(request).answer()
            self.assertEqual(answer.status, 200)
            if (answer.header("connection") or "").lower() == "keep-alive":
                self.assertEqual(client.send(request).answer().status, 200)
            else:
                self.assertTrue(client.closed_by_peer())

    def test_L10_host_upstream_is_the_endpoints(self):
        self.assertEqual(self.qccd.post(host="localhost:1").status, 200)
        (seen,) = self.new_requests()
        self.assertEqual(seen.headers("host"), [f"127.0.0.1:{self.upstream.port}"])

    def test_L11_listed_host_and_origin_are_served(self):
        self.assertEqual(self.qccd.post(host="qcc.test:80", fields=[("Origin", "http://app.test")]).status, 200)

    def test_H7_hop_by_hop_fields_stay_here(self):
        hop = [("Connection", "x-private, keep-alive"), ("X-Private", "1"), ("Keep-Alive", "timeout=5"),
               ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic eA=="), ("TE", "trailers"),
               ("Trailer", "x-t"), ("Upgrade", "websocket"), ("HTTP2-Settings", "AAMAAABk"), ("Max-Forwards", "3")]
        kept = [("anthropic-beta", "a,b"), ("X-Stainless-Retry-Count", "0"), ("x-app", "cli"), ("X-Unknown", "kept")]
        self.assertEqual(self.qccd.post(fields=hop + kept).status, 200)
        (seen,) = self.new_requests()
        for name, _ in hop:
            if name != "Connection":
                self.assertEqual(seen.headers(name), [], name)
        self.assertNotIn("x-private", (seen.header("connection") or "").lower())
        for name, value in kept:
            self.assertEqual(seen.headers(name), [value])

    def test_H8_look_alikes_with_underscore_are_dropped(self):
        likes = [("Content_Length", "5"), ("Transfer_Encoding", "chunked"), ("X_Forwarded_For", "6.6.6.6"), ("X_Api_Key", "k")]
        self.assertEqual(self.qccd.post(fields=likes).status, 200)
        (seen,) = self.new_requests()
        for name, _ in likes[:3]:
            self.assertEqual(seen.headers(name), [], name)

    def test_H10_forwarding_fields_of_a_client_are_not_trusted(self):
        told = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Proto", "https"),
                ("Forwarded", "for=6.6.6.6"), ("X-Real-IP", "6.6.6.6")]
        self.assertEqual(self.qccd.post(fields=told).status, 200)
        (seen,) = self.new_requests()
        self.assertNotIn(b"6.6.6.6", seen.head)
        self.assertNotIn(b"evil.test", seen.head)

    def test_every_split_of_a_request_gives_the_same_answer(self):
        request = post()
        for at in range(1, len(request), 13):
            with self.qccd.connect() as client:
                answer = client.send(request[:at]).send(request[at:]).answer()
                self.assertEqual(answer.status, 200)

    def test_byte_by_byte(self):
        request = post()
        with self.qccd.connect() as client:
            for at in range(len(request)):
                client.send(request[at:at + 1])
            self.assertEqual(client.answer().status, 200)


if __name__ == "__main__":
    unittest.main()
