"""Requests and connections on the good path: routes, byte-exactness, credentials, models, keep-alive, JSON rules."""

import gzip
import json
import socket
import time

import answers
import plans
from daemon import eventually
from harness import CLIENT_KEY, ENDPOINT_KEY, QccdCase, RuleCase
from http_client import chat_body, curl, message_body, post
from mock_upstream import server_tls


def get(path, *fields, method="GET", host="127.0.0.1"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Routes(QccdCase):
    def test_messages_plain_and_streamed(self):
        qccd = self.daemon(self.mock())
        plain = qccd.post()
        self.assertEqual((plain.status, plain.json()["content"][0]["text"]), (200, "From a."))
        streamed = qccd.post(message_body(stream=True))
        self.assertEqual(streamed.status, 200)
        self.assertTrue(streamed.complete)
        self.assertTrue(streamed.header("content-type").startswith("text/event-stream"))
        self.assertIn(b"event: message_stop", streamed.body)

    def test_chat_completions_plain_and_streamed(self):
        qccd = self.daemon(self.mock("openai", answers.openai("Hi.")))
        plain = qccd.post(chat_body(), path="/v1/chat/completions")
        self.assertEqual((plain.status, plain.json()["choices"][0]["message"]["content"]), (200, "Hi."))
        streamed = qccd.post(chat_body(stream=True), path="/v1/chat/completions")
        self.assertTrue(streamed.complete)
        self.assertTrue(streamed.body.endswith(b"data: [DONE]\n\n"))

    def test_responses_pass_through(self):
        mock = self.mock("openai", answers.openai("Hi."))
        qccd = self.daemon(mock)
        body = answers.dumps({"model": "gpt-mock", "input": "Hello"})
        answer = qccd.post(body, path="/v1/responses")
        self.assertEqual((answer.status, answer.json()["object"]), (200, "response"))
        self.assertEqual(bytes(mock.last().body), body)

    def test_prefixes(self):
        mock = self.mock()
        openai = self.mock("openai", answers.openai())
        self.assertEqual(self.daemon(mock).post(path="/anthropic/v1/messages?beta=true").status, 200)
        self.assertEqual(mock.last().target, "/v1/messages?beta=true")
        self.assertEqual(self.daemon(openai).post(chat_body(), path="/openai/v1/chat/completions").status, 200)
        self.assertEqual(openai.last().path, "/v1/chat/completions")

    def test_base_path_comes_first(self):
        mock = self.mock()
        qccd = self.daemon({**self.endpoint(mock), "base_url": mock.url + "/api"})
        self.assertEqual(qccd.post(path="/v1/messages?beta=true").status, 200)
        self.assertEqual(mock.last().target, "/api/v1/messages?beta=true")

    def test_root_is_answered_here(self):
        mock = self.mock()
        qccd = self.daemon(mock)
        for method in ("HEAD", "GET"):
            with qccd.connect() as client:
                answer = client.send(get("/", method=method)).answer(to_head=method == "HEAD")
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(client.send(post()).answer().status, 200, "C9: no body after HEAD")
        self.assertEqual(mock.count("/"), 0)

    def test_root_needs_no_credential(self):
        mock = self.mock()
        qccd = self.daemon(mock, client_keys={"laptop": CLIENT_KEY})
        with qccd.connect() as client:
            self.assertEqual(client.send(get("/", method="HEAD")).answer(to_head=True).status, 200)

    def test_models_in_the_clients_shape(self):
        qccd = self.daemon(self.mock())
        anthropic = qccd.exchange(get("/v1/models?limit=1000", "anthropic-version: 2023-06-01"))
        self.assertEqual(anthropic.status, 200)
        self.assertTrue(all("display_name" in model for model in anthropic.json()["data"]), anthropic)
        openai = self.daemon(self.mock("openai", answers.openai())).exchange(get("/v1/models"))
        self.assertEqual((openai.status, openai.json()["object"]), (200, "list"))

    def test_count_tokens_is_forwarded(self):
        mock = self.mock()
        answer = self.daemon(mock).post(path="/v1/messages/count_tokens?beta=true")
        self.assertEqual((answer.status, answer.json()), (200, {"input_tokens": 21}))
        self.assertEqual(mock.last().target, "/v1/messages/count_tokens?beta=true")

    def test_count_tokens_is_estimated_where_the_endpoint_has_none(self):
        mock = self.mock()
        qccd = self.daemon(self.endpoint(mock, count_tokens=False))
        answer = qccd.post(message_body("word " * 400), path="/v1/messages/count_tokens")
        self.assertEqual(answer.status, 200)
        self.assertTrue(100 < answer.json()["input_tokens"] < 2500, answer.body)
        self.assertEqual(mock.count(), 0)

    def test_count_tokens_is_estimated_when_the_endpoint_fails_it(self):
        not_found = answers.anthropic_error(404)
        mock = self.mock(plan=plans.by_path({"/count_tokens": not_found}, answers.anthropic()))
        answer = self.daemon(mock).post(path="/v1/messages/count_tokens")
        self.assertEqual(answer.status, 200, answer)
        self.assertGreater(answer.json()["input_tokens"], 0)

    def test_unknown_path(self):
        mock = self.mock()
        qccd = self.daemon(mock)
        self.assertEqual(qccd.exchange(get("/nowhere")).status, 404)
        self.assertEqual(mock.count(), 0)
        self.check_serves(qccd)

    def test_admin_paths_are_not_on_the_client_port(self):
        mock = self.mock()
        qccd = self.daemon(mock)
        for path in ("/metrics", "/api/status", "/api/endpoints", "/api/config"):
            self.assertEqual(qccd.exchange(get(path)).status, 404, path)
        self.assertEqual(mock.count(), 0)

    def test_over_tls(self):
        mock = self.mock(tls=server_tls(self.pki()))
        qccd = self.daemon(mock, server={"shards": 1})
        for stream in (False, True):
            self.assertEqual(qccd.post(message_body(stream=stream)).status, 200)
        self.assertEqual(len(mock.connections), 1, "the connection is kept")

    def test_curl(self):
        qccd = self.daemon(self.mock())
        code, status, head, body = curl("-H", "content-type: application/json", "-d", message_body().decode(),
                                        qccd.url + "/v1/messages")
        self.assertEqual((code, status), (0, 200))
        self.assertIn("From a.", json.loads(body)["content"][0]["text"])
        self.assertIn(b"request-id", head.lower())

    def test_curl_sends_a_large_body_with_expect(self):
        mock = self.mock()
        body = message_body("x" * 3_000_000)
        code, status, _, _ = curl("-H", "Expect: 100-continue", "-H", "content-type: application/json",
                                  "--data-binary", "@-", self.daemon(mock).url + "/v1/messages", stdin=body)
        self.assertEqual((code, status), (0, 200))
        self.assertEqual(bytes(mock.last().body), body)


class ByteExactness(QccdCase):
    ODD = (b'{ "model" :"claude-sonnet-4-5",\n\t"messages":[{"role":"user","content":"\\u00e4\\/ \xf0\x9f\x9a\x80 1e5"}],'
           b'"unknown":{"b":1.0,"a":[1E+2,-0.0,1.10]},  "max_tokens":64, "metadata":{"user_id":"u"} }\r\n')

    def test_request_body_is_not_touched(self):
        mock = self.mock()
        self.assertEqual(self.daemon(mock).post(self.ODD).status, 200)
        self.assertEqual(bytes(mock.last().body), self.ODD)

    def test_answers_are_not_touched(self):
        body = b'{ "type":"message","content":[ ],"odd":1.10,"e":"\\u00e4\\/" }\n'
        qccd = self.daemon(self.mock(plan=plans.reply(200, body, [("x-unknown", "kept"), ("request-id", "req_9")])))
        answer = qccd.post()
        self.assertEqual(answer.body, body)
        self.assertEqual((answer.header("x-unknown"), answer.header("content-length")), ("kept", str(len(body))))

    def test_streams_are_not_touched(self):
        events = [b": comment\n\n", *answers.anthropic_events([answers.text_block("Gr\u00fc\u00dfe \U0001f680.")])]
        events.insert(4, b'event: brand_new\r\ndata: {"type":"brand_new"}\r\nid: 7\r\n\r\n')
        qccd = self.daemon(self.mock(plan=plans.stream(events)))
        answer = qccd.post(message_body(stream=True))
        self.assertTrue(answer.complete)
        self.assertEqual(answer.body, b"".join(events))

    def test_a_stream_in_single_bytes_is_the_same(self):
        whole = b"".join(answers.anthropic_events([answers.text_block("Short.")]))
        wire = plans.stream_head() + b"".join(plans.chunk(whole[at:at + 1]) for at in range(len(whole))) + plans.LAST_CHUNK
        qccd = self.daemon(self.mock(plan=plans.script(wire)))
        self.assertEqual(qccd.post(message_body(stream=True)).body, whole)

    def test_client_errors_pass_unchanged(self):
        for status in (400, 413, 422):
            body = answers.anthropic_error_body(status, f"exact {status}")
            qccd = self.daemon(self.mock(f"e{status}", plans.reply(status, body, [("x-should-retry", "false")])))
            answer = qccd.post()
            self.assertEqual((answer.status, answer.body), (status, body))
            self.assertEqual(answer.header("x-should-retry"), "false")

    def test_large_bodies_both_ways(self):
        mock = self.mock(plan=plans.reply(200, answers.dumps({"type": "message", "filler": "y" * 4_000_000})))
        body = message_body("x" * 8_000_000)
        answer = self.daemon(mock).post(body)
        self.assertEqual(answer.status, 200)
        self.assertEqual(len(answer.json()["filler"]), 4_000_000)
        self.assertEqual(bytes(mock.last().body), body)

    def test_body_of_exactly_the_limit(self):
        mock = self.mock()
        body = message_body()
        body = message_body("x" * (32 * 1024 * 1024 - len(body) + len("Hello")))
        self.assertEqual(len(body), 32 * 1024 * 1024)
        self.assertEqual(self.daemon(mock).exchange(post(body), timeout=60).status, 200)
        self.assertTrue(bytes(mock.last().body) == body)

    def test_identity_is_asked_for_and_gzip_passes(self):
        packed = gzip.compress(answers.dumps(answers.anthropic_message([answers.text_block("zip")])))
        mock = self.mock(plan=plans.reply(200, packed, [("content-encoding", "gzip")]))
        answer = self.daemon(mock).exchange(post(fields=[("Accept-Encoding", "gzip, br")]))
        self.assertEqual((answer.body, answer.header("content-encoding")), (packed, "gzip"))
        self.assertEqual(mock.last().headers("accept-encoding"), ["identity"])


class Models(QccdCase):
    MAP = {"claude-sonnet-4-5": "relay/other-model-name"}

    def check_spliced(self, body, path="/v1/messages", plan=None, name="a"):
        mock = self.mock(name, plan)
        qccd = self.daemon(self.endpoint(mock, models=self.MAP))
        self.assertEqual(qccd.post(body, path=path).status, 200)
        expected = body.replace(b'"claude-sonnet-4-5"', b'"relay/other-model-name"', 1)
        self.assertNotEqual(expected, body)
        self.assertEqual(bytes(mock.last().body), expected)

    def test_only_the_models_value_changes(self):
        self.check_spliced(ByteExactness.ODD)

    def test_model_at_the_end_and_named_in_the_text(self):
        self.check_spliced(b'{"max_tokens":9,"messages":[{"role":"user","content":"\\"model\\":\\"x\\""}],'
                           b'"stream":true,"model":"claude-sonnet-4-5"}')

    def test_chunked_upload(self):
        mock = self.mock()
        qccd = self.daemon(self.endpoint(mock, models=self.MAP))
        body = message_body("x" * 50_000)
        wire = plans.chunk(body[:11]) + plans.chunk(body[11:]) + plans.LAST_CHUNK
        answer = qccd.exchange(post(wire, fields=[("Transfer-Encoding", "chunked")], framing=False))
        self.assertEqual(answer.status, 200)
        self.assertEqual(bytes(mock.last().body), body.replace(b"claude-sonnet-4-5", b"relay/other-model-name", 1))

    def test_unmapped_names_are_sent_as_asked(self):
        mock = self.mock()
        qccd = self.daemon(self.endpoint(mock, models={"something-else": "x"}))
        self.assertEqual(qccd.post().status, 200)
        self.assertEqual(bytes(mock.last().body), message_body())

    def test_cluster_map_and_endpoint_map(self):
        mock = self.mock()
        qccd = self.daemon(self.endpoint(mock, models={"one": "endpoint-one"}),
                           cluster={"models": {"one": "cluster-one", "two": "cluster-two"}})
        for asked, sent in (("one", "endpoint-one"), ("two", "cluster-two")):
            self.assertEqual(qccd.post(message_body(model=asked)).status, 200)
            self.assertEqual(json.loads(bytes(mock.last().body))["model"], sent)


class Credentials(QccdCase):
    SENT = [("x-api-key", CLIENT_KEY)], [("Authorization", f"Bearer {CLIENT_KEY}")], \
        [("x-api-key", "sk-wrong-one"), ("Authorization", f"Bearer {CLIENT_KEY}")], \
        [("x-api-key", CLIENT_KEY), ("Authorization", "Bearer sk-wrong-one")], \
        [("X-API-KEY", CLIENT_KEY)], [("authorization", f"bearer {CLIENT_KEY}")]

    def check_exchange(self, expected_key, expected_bearer, name="a", path="/v1/messages", body=None, **settings):
        mock = self.mock(name, answers.openai() if name == "openai" else None)
        qccd = self.daemon(self.endpoint(mock, **settings), client_keys={"laptop": CLIENT_KEY})
        for fields in self.SENT:
            self.assertEqual(qccd.exchange(post(body, path=path, fields=fields)).status, 200, fields)
            seen = mock.last()
            self.assertNotIn(CLIENT_KEY.encode(), bytes(seen.raw))
            self.assertNotIn(b"sk-wrong-one", bytes(seen.raw))
            key = ENDPOINT_KEY.format(name=name)
            self.assertEqual(seen.headers("x-api-key"), [key] if expected_key else [])
            self.assertEqual(seen.headers("authorization"), [f"Bearer {key}"] if expected_bearer else [])

    def test_anthropic_endpoint_gets_x_api_key(self):
        self.check_exchange(True, False)

    def test_openai_endpoint_gets_bearer(self):
        self.check_exchange(False, True, name="openai", path="/v1/chat/completions", body=chat_body())

    def test_bearer_and_both(self):
        self.check_exchange(False, True, auth="bearer")
        self.check_exchange(True, True, auth="both")

    def test_client_credential_passes_with_auth_client(self):
        mock = self.mock()
        settings = self.endpoint(mock, auth="client")
        del settings["key"]
        qccd = self.daemon(settings)
        self.assertEqual(qccd.exchange(post(fields=[("Authorization", "Bearer own-token")])).status, 200)
        self.assertEqual((mock.last().headers("authorization"), mock.last().headers("x-api-key")), (["Bearer own-token"], []))

    def test_auth_client_passes_its_401_and_harms_nobody(self):
        body = answers.anthropic_error_body(401, "your token is wrong")
        mock = self.mock()
        mock.script(plans.reply(401, body))
        settings = self.endpoint(mock, auth="client")
        del settings["key"]
        qccd = self.daemon(settings)
        answer = qccd.exchange(post(fields=[("x-api-key", "own-token")]))
        self.assertEqual((answer.status, answer.body), (401, body))
        self.assertEqual(qccd.exchange(post(fields=[("x-api-key", "own-token-2")])).status, 200)

    def test_wrong_and_missing_keys_are_refused_before_the_body(self):
        mock = self.mock()
        qccd = self.daemon(mock, client_keys={"laptop": CLIENT_KEY})
        for fields in ([], [("x-api-key", "sk-wrong-one")], [("x-api-key", "")], [("Authorization", "Bearer ")],
                       [("Authorization", f"Basic {CLIENT_KEY}")], [("x-api-key", CLIENT_KEY + "x")],
                       [("x-api-key", CLIENT_KEY[:-1])]):
            with self.subTest(fields), qccd.connect() as client:
                answer = client.send(post(fields=fields)[:-20]).answer()
                self.assertEqual((answer.status, answer.json()["error"]["type"]), (401, "authentication_error"))
        self.assertEqual(mock.count(), 0)

    def test_extra_headers_of_an_endpoint(self):
        mock = self.mock()
        qccd = self.daemon(self.endpoint(mock, headers={"x-title": "QCC"}))
        self.assertEqual(qccd.post().status, 200)
        self.assertEqual(mock.last().headers("x-title"), ["QCC"])


class Connections(RuleCase):
    def test_C1_keep_alive(self):
        with self.qccd.connect() as client:
            for _ in range(20):
                self.assertEqual(client.send(post()).answer().status, 200)

    def test_C1_close_is_a_list_member_in_any_case(self):
        for value in ("close", "Close", "keep-alive, CLOSE", "x-a ,close"):
            with self.subTest(value), self.qccd.connect() as client:
                client.send(post(fields=[("Connection", value)]) + post())
                self.assertEqual(client.answer().status, 200)
                self.assertTrue(client.closed_by_peer())
        self.assertEqual(len(self.new_requests()), 4, "nothing after close is executed")

    def test_C2_pipelined_requests_are_answered_in_order(self):
        with self.qccd.connect() as client:
            client.send(b"".join(post(message_body(f"number {n}")) for n in range(10)))
            for _ in range(10):
                self.assertEqual(client.answer().status, 200)
        order = [json.loads(bytes(seen.body))["messages"][0]["content"] for seen in self.new_requests()]
        self.assertEqual(order, [f"number {n}" for n in range(10)])

    def test_C2_malformed_successor(self):
        with self.qccd.connect() as client:
            client.send(post() + b"JUNK\r\n\r\n" + post())
            self.assertEqual(client.answer().status, 200)
            self.assertEqual(client.answer().status, 400)
            self.assertTrue(client.closed_by_peer())
        self.assertEqual(len(self.new_requests()), 1)

    def test_C3_expect_continue(self):
        for value in ("100-continue", "100-Continue"):
            body = message_body()
            head = post(body, fields=[("Expect", value)])[:-len(body)]
            with self.subTest(value), self.qccd.connect() as client:
                self.assertEqual(client.send(head).head().status, 100)
                self.assertEqual(client.send(body).answer().status, 200)

    def test_C3_body_sent_without_waiting(self):
        with self.qccd.connect() as client:
            self.assertEqual(client.send(post(fields=[("Expect", "100-continue")])).answer().status, 200)

    def test_C3_final_error_instead_of_100(self):
        for path, status in (("/nowhere", 404), ("/v1/messages", 413)):
            request = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
                       f"Content-Length: {100 if status == 404 else 2 ** 40}\r\n\r\n").encode()
            with self.subTest(path), self.qccd.connect() as client:
                self.assertEqual(client.send(request).head().status, status)

    def test_C3_other_expectation(self):
        self.assertEqual(self.qccd.exchange(post(fields=[("Expect", "200-ok")])).status, 417)
        self.check_still_serves()

    def test_C3_never_100_to_1_0(self):
        request = post(fields=[("Expect", "100-continue")]).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
        with self.qccd.connect() as client:
            self.assertNotEqual(client.send(request).head().status, 100)

    def test_C6_upgrade_is_ignored(self):
        fields = [("Connection", "upgrade, http2-settings"), ("Upgrade", "h2c, websocket"), ("HTTP2-Settings", "AAMA")]
        self.assertEqual(self.qccd.exchange(post(fields=fields)).status, 200)
        (seen,) = self.new_requests()
        self.assertEqual(seen.headers("upgrade") + seen.headers("http2-settings"), [])

    def test_C7_error_reaches_a_client_that_is_still_sending(self):
        with self.qccd.connect() as client:
            client.send(post(b"x" * 1000, path="/v1/messages", fields=[("Content-Length", "7")]) + b"y" * 40_000)
            self.assertEqual(client.answer().status, 400)
            client.read_to_end()
            self.assertEqual(client.ended, "eof", "an RST would have eaten the answer")

    def test_upstream_connection_is_reused(self):
        with self.qccd.connect() as client:
            for _ in range(10):
                client.send(post()).answer()
        self.assertEqual(len({seen.connection for seen in self.new_requests()}), 1)

    def test_request_ids_differ(self):
        ids = {self.qccd.post(b"{}").header("request-id") for _ in range(5)}
        self.assertEqual(len(ids - {None}), 5)


class Json(RuleCase):
    def test_J_bad_bodies_are_refused_here(self):
        good = message_body()
        deep = b'{"model":"m","messages":' + b"[" * 300 + b"]" * 300 + b"}"
        rows = {
            "empty": b"", "not json": b"hello", "cut": good[:-1], "trailing bytes": good + b"x", "two values": good + good,
            "array": b"[]", "string": b'"model"', "number": b"7", "null": b"null", "no model": b'{"messages":[]}',
            "model a number": b'{"model":7}', "model null": b'{"model":null}', "model twice": b'{"model":"a","model":"b"}',
            "stream twice": b'{"model":"a","stream":true,"stream":false}', "stream a string": b'{"model":"a","stream":"yes"}',
            "byte order mark": b"\xef\xbb\xbf" + good, "bad utf-8": b'{"model":"a","x":"\xff"}',
            "comment": b'{"model":"a" /* x */}', "trailing comma": b'{"model":"a",}', "nan": b'{"model":"a","x":NaN}',
            "too deep": deep, "single quotes": b"{'model':'a'}",
        }
        for what, body in rows.items():
            with self.subTest(what):
                answer = self.qccd.post(body)
                self.assertEqual((answer.status, answer.json()["type"]), (400, "error"), answer)
        self.assertEqual(self.new_requests(), [])
        self.check_still_serves()

    def test_J_deep_but_allowed(self):
        body = b'{"model":"m","max_tokens":1,"messages":[],"x":' + b"[" * 200 + b"]" * 200 + b"}"
        self.assertEqual(self.qccd.post(body).status, 200)

    def test_J_bodies_of_many_pieces_are_judged_when_they_are_whole(self):
        text = json.dumps("Here is \"text\",\t中文 \\ and\n more. " * 40_000, ensure_ascii=False)
        rows = [('{"model":7,"x":%s}', 400, "(byte 9)"), ('{"x":%s,"model":"m","y":"\\x"}', 400, "malformed escape"),
                ('{"x":%s,"messages":[],"model":"m"}', 200, ""), ('{"model":"m","x":[%s', 400, "ends before")]
        for template, status, told in rows:
            body = template.replace("%s", text).encode()
            chunks = b"".join(plans.chunk(body[at:at + 7777]) for at in range(0, len(body), 7777)) + plans.LAST_CHUNK
            chunked = post(chunks, fields=[("Transfer-Encoding", "chunked")], framing=False)
            for what, wire in (("sized", post(body)), ("chunked", chunked)):
                with self.subTest(template=template, framing=what), self.qccd.connect() as client:
                    answer = client.send(wire).answer()
                    self.assertEqual(answer.status, status, answer)
                    self.assertIn(told, "" if status == 200 else answer.json()["error"]["message"])
                    self.assertEqual(client.send(post()).answer().status, 200, "the connection goes on")

    def test_J4_compressed_request(self):
        self.assertEqual(self.qccd.exchange(post(fields=[("Content-Encoding", "gzip")])).status, 415)
        self.assertEqual(self.qccd.exchange(post(fields=[("Content-Encoding", "identity")])).status, 200)
        self.check_still_serves()

    def test_errors_have_the_shape_of_the_clients_protocol(self):
        anthropic = self.qccd.post(b"{}").json()
        self.assertEqual((anthropic["type"], anthropic["error"]["type"]), ("error", "invalid_request_error"))
        openai = self.qccd.exchange(post(b"{}", path="/v1/chat/completions")).json()
        self.assertNotIn("type", openai)
        self.assertTrue(openai["error"]["message"])


class TimeLimits(QccdCase):
    """Rules of the limits table. Asserted is what happens; the times are only scaled down."""

    LIMITS = {"head_timeout": "300ms", "body_idle_timeout": "300ms", "keepalive_timeout": "300ms"}

    def setUp(self):
        super().setUp()
        self.qccd = self.daemon(self.mock(), limits=self.LIMITS)

    def test_silent_connection_is_closed_without_a_word(self):
        with self.qccd.connect() as client:
            self.assertTrue(client.closed_by_peer())
        self.check_serves(self.qccd)

    def test_half_a_head(self):
        with self.qccd.connect() as client:
            self.assertEqual(client.send(b"POST /v1/mess").answer().status, 408)
        self.check_serves(self.qccd)

    def test_dribbled_head_does_not_live_for_ever(self):
        with self.qccd.connect() as client:
            client.socket.settimeout(0.02)
            client.send(b"POST /v1/messages HTTP/1.1\r\n")

            def ended():
                client.send(b"x-a: b\r\n")
                try:
                    client._more()
                except (socket.timeout, TimeoutError):
                    pass
                return client.ended or client.input

            self.assertTrue(eventually(ended))
            client.socket.settimeout(10)
            self.assertIn(b" 408 ", client.read_to_end()[:40] or b" 408 ")
        self.check_serves(self.qccd)

    def test_body_that_stops(self):
        with self.qccd.connect() as client:
            self.assertEqual(client.send(post()[:-10]).answer().status, 408)
        self.check_serves(self.qccd)

    def test_idle_kept_connection_is_closed_without_a_word(self):
        with self.qccd.connect() as client:
            self.assertEqual(client.send(post()).answer().status, 200)
            self.assertTrue(client.closed_by_peer())
        self.check_serves(self.qccd)


class ConnectionLimits(QccdCase):
    def test_beyond_the_limit_503_and_close(self):
        qccd = self.daemon(self.mock(), server={"shards": 1}, limits={"max_connections": 4})
        kept = [qccd.connect() for _ in range(4)]
        for client in kept:
            self.assertEqual(client.send(post()).answer().status, 200)
        with qccd.connect() as extra:
            self.assertEqual(extra.send(post()).answer().status, 503)
            self.assertTrue(extra.closed_by_peer())
        for client in kept:
            self.assertEqual(client.send(post()).answer().status, 200)
            client.close()
        self.assertTrue(eventually(lambda: qccd.post().status == 200))

    def test_descriptors_return(self):
        qccd = self.daemon(self.mock())
        self.check_serves(qccd)
        before = qccd.descriptors()
        for round_number in range(40):
            with qccd.connect() as client:
                client.send(post() if round_number % 2 else post()[:30])
                if round_number % 2:
                    client.answer()
        time.sleep(0.05)
        self.assertTrue(eventually(lambda: qccd.descriptors() <= before + 2), (before, qccd.descriptors()))
