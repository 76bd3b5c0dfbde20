"""The mock upstream itself, without a daemon: real clients must find it a good API, and its faults must be real faults."""

import json
import socket
import ssl
import threading

import answers
import node_clients
import plans
from daemon import eventually
from harness import MockCase
from http_client import RawClient, chat_body, curl, message_body, post
from mock_upstream import server_tls


class MockAnswersRealClients(MockCase):
    def test_curl_plain_and_tls(self):
        plain = self.mock("plain")
        secure = self.mock("secure", tls=server_tls(self.pki()))
        for mock in (plain, secure):
            code, status, _, body = curl("--cacert", self.pki().ca, "-d", message_body().decode(), mock.url + "/v1/messages")
            self.assertEqual((code, status), (0, 200))
            self.assertEqual(json.loads(body)["content"][0]["text"], f"From {mock.name}.")

    def test_curl_refuses_each_bad_certificate(self):
        for name in ("other-name", "expired", "self-signed"):
            mock = self.mock(name, tls=server_tls(self.pki(), name))
            with self.subTest(name):
                self.assertEqual(curl("--cacert", self.pki().ca, mock.url + "/v1/models")[0], 60)
                self.assertEqual(mock.count(), 0)

    def test_anthropic_sdk(self):
        url = self.mock().url
        self.assertEqual(node_clients.sdk("anthropicCreate", url)["text"], "From a.")
        self.assertEqual(node_clients.sdk("anthropicStream", url)["text"], "From a.")
        told = node_clients.sdk("anthropicToolRoundTrip", url, prompt='CALL get_weather {"city":"Tokyo"}', stream=True)
        self.assertEqual((told["input"], told["text"]), ({"city": "Tokyo"}, "The tool said: 21 degrees"))
        self.assertEqual(node_clients.sdk("anthropicCount", url), {"input_tokens": 21})

    def test_openai_sdk(self):
        url = self.mock("openai", answers.openai("Hi.")).url
        self.assertEqual(node_clients.sdk("openaiCreate", url)["text"], "Hi.")
        streamed = node_clients.sdk("openaiStream", url)
        self.assertEqual((streamed["text"], streamed["finish"]), ("Hi.", "stop"))
        told = node_clients.sdk("openaiToolRoundTrip", url, prompt='CALL get_weather {"city":"Tokyo"}')
        self.assertEqual((told["input"], told["text"]), ({"city": "Tokyo"}, "The tool said: 21 degrees"))

    def test_claude_code(self):
        run = node_clients.claude("Say hello.", self.mock().url)
        self.assertEqual((run.exit_code, run.text, run.retries), (0, "From a.", []), run)

    def test_claude_code_runs_a_tool(self):
        prompt = 'CALL Bash {"command":"echo tool-ran-42","description":"say it"}'
        run = node_clients.claude(prompt, self.mock().url)
        self.assertEqual(run.text, "The tool said: tool-ran-42", run)

    def test_claude_code_sees_an_upstream_error(self):
        """Proves that `retries` would show what a proxy lets through."""
        mock = self.mock()
        mock.script(answers.anthropic_error(500))
        run = node_clients.claude("Say hello.", mock.url)
        shown = len(run.retries) + max(0, mock.count("/v1/messages") - 1)
        self.assertGreater(shown, 0, run)


class MockMisbehaves(MockCase):
    def ask(self, mock, request=None):
        with RawClient(("127.0.0.1", mock.port)) as client:
            return client.send(request or post()).answer()

    def test_script_is_used_up_then_the_plan_stands(self):
        mock = self.mock()
        mock.script(answers.anthropic_error(429, [("retry-after", "7")]), plans.html_page())
        first, second, third = (self.ask(mock) for _ in range(3))
        self.assertEqual((first.status, first.header("retry-after")), (429, "7"))
        self.assertIn(b"<html>", second.body)
        self.assertEqual(third.status, 200)

    def test_reset_is_a_reset(self):
        mock = self.mock(plan=plans.script(plans.RESET))
        with RawClient(("127.0.0.1", mock.port)) as client:
            client.send(post()).read_to_end()
            self.assertEqual(client.ended, "reset")

    def test_cut_stream_is_incomplete(self):
        events = answers.anthropic_events([answers.text_block("Half.")])[:4]
        answer = self.ask(self.mock(plan=plans.stream(events, end=plans.CLOSE)))
        self.assertFalse(answer.complete)
        self.assertEqual(answer.body, b"".join(events))

    def test_hang_notices_the_peer_leave(self):
        mock = self.mock(plan=plans.script(plans.HANG))
        with RawClient(("127.0.0.1", mock.port)) as client:
            client.send(post())
            self.assertTrue(mock.wait_requests(1))
        self.assertTrue(mock.wait_abandoned(1))

    def test_keep_alive_and_close_after_answer(self):
        mock = self.mock()
        with RawClient(("127.0.0.1", mock.port)) as client:
            self.assertEqual(client.send(post()).answer().status, 200)
            self.assertEqual(client.send(post()).answer().status, 200)
        mock.close_after_answer = True
        with RawClient(("127.0.0.1", mock.port)) as client:
            self.assertEqual(client.send(post()).answer().status, 200)
            self.assertTrue(client.closed_by_peer())
        self.assertEqual([request.connection for request in mock.requests], [1, 1, 2])

    def test_early_answer_leaves_the_body_unread(self):
        mock = self.mock(plan=plans.early(answers.anthropic_error(413)))
        with RawClient(("127.0.0.1", mock.port)) as client:
            self.assertEqual(client.send(post(b"x" * 10)[:-5]).answer().status, 413)
        self.assertFalse(mock.last().body_complete)

    def test_gate_holds_the_answer(self):
        gate = threading.Event()
        mock = self.mock(plan=plans.gated(gate, answers.anthropic()))
        with RawClient(("127.0.0.1", mock.port)) as client:
            client.send(post())
            self.assertTrue(mock.wait_requests(1))
            self.assertEqual(bytes(client.input), b"")
            gate.set()
            self.assertEqual(client.answer().status, 200)

    def test_chunked_request_is_recorded_raw_and_decoded(self):
        mock = self.mock("openai", answers.openai())
        body = chat_body()
        wire = b"5;x=1\r\n" + body[:5] + b"\r\n%x\r\n" % len(body[5:]) + body[5:] + b"\r\n0\r\n\r\n"
        self.ask(mock, post(wire, path="/v1/chat/completions", framing=False,
                            fields=[("Transfer-Encoding", "chunked")]))
        self.assertEqual(bytes(mock.last().body), body)
        self.assertTrue(bytes(mock.last().raw).endswith(wire))

    def test_framing_faults_are_seen(self):
        mock = self.mock()
        self.ask(mock, post(fields=[("Content-Length", str(len(message_body()))), ("Expect", "x")]))
        self.assertEqual(set(mock.last().framing_faults()), {"more than one framing", "expect forwarded"})

    def test_tls_cut_has_no_close_notify(self):
        mock = self.mock(plan=plans.script(plans.stream_head(chunked=False), b"data: x\n\n", plans.CUT),
                         tls=server_tls(self.pki()))
        trust = ssl.create_default_context(cafile=str(self.pki().ca))
        trust.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        with socket.create_connection(("127.0.0.1", mock.port)) as raw:
            with trust.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False) as client:
                client.sendall(post())
                with self.assertRaisesRegex(ssl.SSLError, "(?i)eof"):
                    while client.recv(4096):
                        pass

    def test_connections_end_when_the_mock_stops(self):
        mock = self.mock()
        with RawClient(("127.0.0.1", mock.port)) as client:
            client.send(post()).answer()
            mock.stop()
            self.assertTrue(client.closed_by_peer())
        self.assertTrue(eventually(lambda: mock.wait_open_connections(0)))
