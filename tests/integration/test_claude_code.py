"""Claude Code from npm in print mode through the daemon: plain, streamed, tools, and endpoint A failing in every way."""

import re

import answers
import node_clients
import plans
from harness import CLIENT_KEY, QccdCase
from mock_upstream import server_tls

TOOL = 'CALL Bash {"command":"echo tool-ran-42","description":"say it"}'
SCALED = {"timeout": "600ms", "read_timeout": "600ms", "nonstream_timeout": "600ms", "min_attempt": "10ms"}
START = answers.anthropic_events([answers.text_block("never seen")])[:2]


class Well(QccdCase):
    def start(self, **options):
        self.upstream = self.mock("a", **options)
        return self.daemon(self.upstream, client_keys={"laptop": CLIENT_KEY})

    def check_ran(self, run, text):
        self.assertEqual((run.exit_code, run.text, run.retries), (0, text, []), run)

    def test_answer(self):
        qccd = self.start()
        for bearer in (False, True):
            self.check_ran(node_clients.claude("Say hello.", qccd.url, key=CLIENT_KEY, bearer=bearer), "From a.")
        self.assertEqual(self.upstream.count("/"), 0, "the start-up probe is answered here")
        self.assertEqual(self.upstream.count("/v1/messages"), 2)
        for seen in self.upstream.requests:
            self.assertNotIn(CLIENT_KEY.encode(), bytes(seen.raw))
            self.assertIn("claude-cli/", seen.header("user-agent"))
            self.assertTrue(seen.header("anthropic-beta"))
            self.assertTrue(seen.header("x-claude-code-session-id"))
            self.assertEqual(seen.target, "/v1/messages?beta=true")

    def test_tool_round_trip(self):
        qccd = self.start()
        run = node_clients.claude(TOOL, qccd.url, key=CLIENT_KEY)
        self.check_ran(run, "The tool said: tool-ran-42")
        self.assertEqual(self.upstream.count("/v1/messages"), 2)

    def test_tool_round_trip_over_tls(self):
        qccd = self.start(tls=server_tls(self.pki()))
        self.check_ran(node_clients.claude(TOOL, qccd.url, key=CLIENT_KEY), "The tool said: tool-ran-42")

    def test_slow_stream(self):
        qccd = self.start(plan=answers.anthropic("From a slow one, in many pieces.", gap=0.05))
        self.check_ran(node_clients.claude("Say hello.", qccd.url, key=CLIENT_KEY), "From a slow one, in many pieces.")

    def test_cut_stream_is_repeated_without_streaming(self):
        """Before a block is complete Claude Code repeats the request itself, plain: it must not take the cut for an end."""
        qccd = self.start()
        half = answers.anthropic_events([answers.text_block("Only half of this was said")])[:5]
        self.upstream.script(plans.stream(half, end=plans.RESET))
        self.check_ran(node_clients.claude("Say hello.", qccd.url, key=CLIENT_KEY), "From a.")
        self.assertEqual(self.upstream.count("/v1/messages"), 2)


FAULTS = {
    "429": answers.anthropic_error(429), "429 retry-after": answers.anthropic_error(429, [("retry-after", "20")]),
    "401": answers.anthropic_error(401), "529": answers.anthropic_error(529), "500": answers.anthropic_error(500),
    "reset": plans.script(plans.RESET), "stall": plans.script(plans.HANG),
    "overloaded in band": plans.stream([*START, answers.overloaded_event()]),
    "html": plans.html_page(), "stall before content": plans.stream(START, end=plans.HANG),
}


def _fault_test(fault):
    def test(self):
        first, second = self.mock("a", fault), self.mock("b")
        qccd = self.daemon(self.endpoint(first, priority=1, **SCALED), self.endpoint(second, priority=2))
        run = node_clients.claude(TOOL, qccd.url)
        self.assertEqual((run.exit_code, run.text, run.retries), (0, "The tool said: tool-ran-42", []), run)
        self.assertGreaterEqual(first.count("/v1/messages"), 1)
        self.assertEqual(second.count("/v1/messages"), 2, "the client repeated something")
        self.assertTrue(all(b'"stream":true' in bytes(seen.body) for seen in second.requests if "messages" in seen.path))

    return test


class EndpointAFails(QccdCase):
    """One test per fault of A: the user sees no retry."""


for _what, _fault in FAULTS.items():
    setattr(EndpointAFails, f"test_{re.sub(r'[^a-z0-9]+', '_', _what)}", _fault_test(_fault))


class EverythingFails(QccdCase):
    def test_a_401_of_the_only_endpoint_ends_at_once(self):
        """Claude Code retries a 401 for three minutes; a 503 it asks for three times, then it gives up."""
        qccd = self.daemon(self.mock("a", answers.anthropic_error(401)))
        run = node_clients.claude("Say hello.", qccd.url)
        self.assertTrue(run.result.get("is_error"), run)
        self.assertLessEqual(len(run.retries), 2, run)
        self.assertEqual({retry["error_status"] for retry in run.retries} - {503}, set())
