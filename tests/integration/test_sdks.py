"""The Anthropic and OpenAI SDKs from npm through the daemon, with upstreams plain and TLS."""

import answers
import node_clients
import plans
from harness import CLIENT_KEY, QccdCase
from mock_upstream import server_tls

CALL = 'CALL get_weather {"city":"Tokyo"}'
EVENTS = answers.anthropic_events([answers.text_block("Ten words of text, so that there are several events.")])


class Anthropic(QccdCase):
    def start(self, plan=None, tls=False, **sections):
        self.upstream = self.mock("a", plan, tls=server_tls(self.pki()) if tls else None)
        return self.daemon(self.upstream, client_keys={"laptop": CLIENT_KEY}, **sections)

    def sdk(self, qccd, action, **options):
        return node_clients.sdk(action, qccd.url, key=CLIENT_KEY, **options)

    def test_create_stream_and_tools(self):
        for tls in (False, True):
            with self.subTest(tls=tls):
                qccd = self.start(tls=tls)
                self.assertEqual(self.sdk(qccd, "anthropicCreate")["text"], "From a.")
                self.assertEqual(self.sdk(qccd, "anthropicStream")["text"], "From a.")
                for stream in (False, True):
                    told = self.sdk(qccd, "anthropicToolRoundTrip", prompt=CALL, stream=stream)
                    self.assertEqual((told.get("name"), told["input"], told["stop"]), ("get_weather", {"city": "Tokyo"}, "tool_use"))
                    self.assertEqual(told["text"], "The tool said: 21 degrees")
                self.assertTrue(all(CLIENT_KEY.encode() not in bytes(seen.raw) for seen in self.upstream.requests))

    def test_beta_count_and_models(self):
        qccd = self.start()
        self.assertEqual(self.sdk(qccd, "anthropicBeta")["text"], "From a.")
        self.assertEqual(self.sdk(qccd, "anthropicCount"), {"input_tokens": 21})
        self.assertIn("claude-opus-4-8", self.sdk(qccd, "anthropicModels")["names"])

    def test_large_prompt(self):
        qccd = self.start()
        self.assertEqual(self.sdk(qccd, "anthropicCreate", prompt="x" * 100_000)["text"], "From a.")

    def test_errors_have_their_type(self):
        qccd = self.start()
        told = node_clients.sdk("anthropicCreate", qccd.url, key="sk-wrong-one").get("thrown") or {}
        self.assertEqual((told.get("status"), told.get("type"), told.get("name")), (401, "authentication_error", "AuthenticationError"))
        self.upstream.plan = answers.anthropic_error(400, message="exact words")
        told = self.sdk(qccd, "anthropicCreate").get("thrown") or {}
        self.assertEqual((told.get("status"), told.get("type")), (400, "invalid_request_error"))
        self.assertIn("exact words", told.get("message", ""))

    def test_a_cut_stream_throws(self):
        qccd = self.start(plans.stream(EVENTS[:6]))
        told = self.sdk(qccd, "anthropicRawStream")
        self.assertTrue(told.get("thrown"), told)
        self.assertNotIn("message_stop", told["seen"])

    def test_failover_is_invisible(self):
        for fault in (answers.anthropic_error(429, [("retry-after", "30")]), answers.anthropic_error(529), plans.script(plans.RESET),
                      plans.stream([EVENTS[0], answers.overloaded_event()])):
            first, second = self.mock("x", fault), self.mock("y")
            qccd = self.daemon(self.endpoint(first, priority=1), self.endpoint(second, priority=2))
            for action in ("anthropicCreate", "anthropicStream"):
                self.assertEqual(self.sdk(qccd, action).get("text"), "From y.")
            self.assertEqual({seen.header("x-stainless-retry-count") for seen in second.requests}, {"0"})

    def test_retries_of_the_sdk_are_not_multiplied(self):
        """The whole of A and B fails: one SDK try makes at most three attempts in all."""
        first, second = self.mock("x", answers.anthropic_error(500)), self.mock("y", answers.anthropic_error(500))
        qccd = self.daemon(self.endpoint(first, priority=1), self.endpoint(second, priority=2), retry={"backoff_base": "10ms"})
        told = self.sdk(qccd, "anthropicCreate", maxRetries=0).get("thrown") or {}
        self.assertGreaterEqual(told.get("status", 0), 500)
        self.assertLessEqual(first.count() + second.count(), 3)


class OpenAi(QccdCase):
    def start(self, plan=None, tls=False):
        self.upstream = self.mock("openai", plan or answers.openai("Hi."), tls=server_tls(self.pki()) if tls else None)
        return self.daemon(self.upstream, client_keys={"laptop": CLIENT_KEY})

    def sdk(self, qccd, action, **options):
        return node_clients.sdk(action, qccd.url, key=CLIENT_KEY, **options)

    def test_create_stream_and_tools(self):
        for tls in (False, True):
            with self.subTest(tls=tls):
                qccd = self.start(tls=tls)
                self.assertEqual(self.sdk(qccd, "openaiCreate")["text"], "Hi.")
                told = self.sdk(qccd, "openaiStream")
                self.assertEqual((told["text"], told["finish"], told["usage"]["total_tokens"]), ("Hi.", "stop", 17))
                told = self.sdk(qccd, "openaiToolRoundTrip", prompt=CALL)
                self.assertEqual((told["input"], told["text"]), ({"city": "Tokyo"}, "The tool said: 21 degrees"))

    def test_responses_and_models(self):
        qccd = self.start()
        self.assertEqual(self.sdk(qccd, "openaiResponses")["text"], "Hi.")
        self.assertIn("gpt-mock", self.sdk(qccd, "openaiModels")["names"])

    def test_a_cut_stream_throws(self):
        qccd = self.start(plans.stream(answers.openai_events("Ten words of text, so that there are several.")[:4]))
        told = self.sdk(qccd, "openaiStream")
        self.assertTrue(told.get("thrown"), told)

    def test_errors_have_their_shape(self):
        qccd = self.start(answers.openai_error(400, message="exact words"))
        told = self.sdk(qccd, "openaiCreate").get("thrown") or {}
        self.assertEqual(told.get("status"), 400)
        self.assertIn("exact words", told.get("message", ""))
