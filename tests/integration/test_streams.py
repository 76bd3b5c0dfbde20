"""Event streams after the commit point: cut, stall, malformed; slow and vanishing clients."""

import json
import threading
import time
from pathlib import Path

import answers
import plans
from daemon import QCCD, eventually
from harness import QccdCase
from http_client import chat_body, message_body, post
from mock_upstream import server_tls

EVENTS = answers.anthropic_events([answers.text_block("Ten words of text, so that there are several events.")])
HALF = EVENTS[:6]  # message_start, ping, block start, three deltas
OPENAI = answers.openai_events("Ten words of text, so that there are several events.")
SHORT = {"read_timeout": "300ms", "content_timeout": "5s", "timeout": "300ms", "min_attempt": "10ms"}


def split_events(body):
    """(whole events, rest)"""
    *whole, rest = body.split(b"\n\n")
    return [event + b"\n\n" for event in whole], rest


class AfterTheCommit(QccdCase):
    def check_ends_in_error(self, plan, sent=HALF, tls=None, body=None, **settings):
        """What was whole came through unchanged, then one error event, then the end; no other endpoint was asked.

        Empty lines before the error event are no event.
        """
        first, second = self.mock("a", plan, tls=tls), self.mock("b")
        qccd = self.daemon(self.endpoint(first, priority=1, **settings), self.endpoint(second, priority=2))
        answer = qccd.post(body or message_body(stream=True))
        self.assertEqual((answer.status, answer.complete), (200, True), "the error event must arrive in a whole body")
        expected = b"".join(sent)
        self.assertEqual(answer.body[:len(expected)], expected)
        events, rest = split_events(answer.body[len(expected):].lstrip(b"\n"))
        self.assertEqual((len(events), rest), (1, b""), events)
        name, data = events[0].strip().split(b"\n")
        self.assertEqual(name, b"event: error")
        error = json.loads(data.removeprefix(b"data: "))
        self.assertEqual(error["type"], "error")
        self.assertIn(error["error"]["type"], ("api_error", "overloaded_error", "timeout_error"))
        self.assertNotIn(b"message_stop", answer.body)
        self.check_counts(a=1, b=0)
        self.check_serves(qccd)

    def test_reset_between_events(self):
        self.check_ends_in_error(plans.stream(HALF, end=plans.RESET))

    def test_end_between_events(self):
        self.check_ends_in_error(plans.stream(HALF, end=plans.CLOSE))

    def test_clean_end_without_message_stop(self):
        self.check_ends_in_error(plans.stream(HALF))

    def test_clean_end_after_a_whole_block(self):
        whole_block = EVENTS[:-2]
        self.check_ends_in_error(plans.stream(whole_block), sent=whole_block)

    def test_clean_end_inside_a_tool_call(self):
        events = answers.anthropic_events([answers.text_block("Hm."), answers.tool_block("f", {"city": "Tokyo"})])
        cut = events[:7]
        self.check_ends_in_error(plans.stream(cut), sent=cut)

    def test_close_delimited_end(self):
        self.check_ends_in_error(plans.stream(HALF, chunked=False))

    def test_cut_inside_an_event(self):
        self.check_ends_in_error(plans.stream([*HALF, EVENTS[6][:40]], end=plans.CLOSE))

    def test_clean_end_inside_an_event(self):
        self.check_ends_in_error(plans.stream([*HALF, EVENTS[6][:-1]]))

    def test_cut_inside_a_chunk(self):
        wire = plans.stream_head() + b"".join(map(plans.chunk, HALF)) + plans.chunk(EVENTS[6])[:-20]
        self.check_ends_in_error(plans.script(wire, plans.RESET))

    def test_bad_chunk_size(self):
        wire = plans.stream_head() + b"".join(map(plans.chunk, HALF)) + b"zz\r\n"
        self.check_ends_in_error(plans.script(wire, plans.HANG))

    def test_stall(self):
        self.check_ends_in_error(plans.stream(HALF, end=plans.HANG), **SHORT)

    def test_stall_inside_an_event(self):
        self.check_ends_in_error(plans.stream([*HALF, EVENTS[6][:40]], end=plans.HANG), **SHORT)

    def test_pings_only_do_not_live_for_ever(self):
        async def pinging(exchange):
            await exchange.send(plans.stream_head() + b"".join(map(plans.chunk, HALF)))
            while True:
                await plans.asyncio.sleep(0.05)
                await exchange.send(plans.chunk(EVENTS[1]))

        mock = self.mock("a", pinging)
        qccd = self.daemon(self.endpoint(mock, **{**SHORT, "content_timeout": "400ms"}))
        answer = qccd.post(message_body(stream=True))
        self.assertTrue(answer.complete)
        self.assertIn(b"event: error", answer.body[-400:])
        self.assertTrue(mock.wait_abandoned(1))

    def test_over_tls_without_close_notify(self):
        self.check_ends_in_error(plans.stream(HALF, end=plans.CUT), tls=server_tls(self.pki()))

    def test_close_delimited_over_tls_without_close_notify(self):
        self.check_ends_in_error(plans.stream(HALF, chunked=False, end=plans.CUT), tls=server_tls(self.pki()))

    def test_in_band_error_is_passed_on(self):
        error = answers.overloaded_event()
        wire = plans.stream_head() + b"".join(map(plans.chunk, HALF))
        late = plans.script(wire, 0.2, plans.chunk(error) + plans.LAST_CHUNK)
        first, second = self.mock("a", late), self.mock("b")
        qccd = self.daemon(self.endpoint(first, priority=1), self.endpoint(second, priority=2))
        answer = qccd.post(message_body(stream=True))
        self.assertEqual((answer.body, answer.complete), (b"".join([*HALF, error]), True))
        self.check_counts(a=1, b=0)

    def test_missing_message_stop_is_completed(self):
        mock = self.mock("a", plans.stream(EVENTS[:-1]))
        answer = self.daemon(mock).post(message_body(stream=True))
        self.assertEqual(answer.body, b"".join(EVENTS))
        self.assertTrue(answer.complete)

    def test_openai_cut(self):
        half = OPENAI[:4]
        for what, end in (("reset", plans.RESET), ("end", plans.CLOSE), ("clean", None)):
            with self.subTest(what):
                mock = self.mock(f"openai-{what}", plans.stream([*half, OPENAI[4][:30]] if end else half, end=end))
                answer = self.daemon(mock).post(chat_body(stream=True), path="/v1/chat/completions")
                self.assertTrue(answer.complete)
                self.assertEqual(answer.body[:len(b"".join(half))], b"".join(half))
                events, rest = split_events(answer.body[len(b"".join(half)):].lstrip(b"\n"))
                self.assertEqual((len(events), rest), (1, b""))
                self.assertIn("error", json.loads(events[0].removeprefix(b"data: ")))
                self.assertNotIn(b"[DONE]", answer.body)

    def test_cut_in_an_event_longer_than_what_is_held(self):
        long_event = answers.event("content_block_delta", {
            "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 300_000}})
        mock = self.mock("a", plans.stream([*HALF, long_event[:200_000]], end=plans.CLOSE))
        answer = self.daemon(mock).post(message_body(stream=True))
        self.assertTrue(answer.complete)
        self.assertIn(b"\n\nevent: error\n", answer.body[-600:])

    def test_long_events_stream_through_unchanged(self):
        long_event = answers.event("content_block_delta", {
            "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 1_500_000}})
        events = [*HALF, long_event, *EVENTS[6:]]
        answer = self.daemon(self.mock("a", plans.stream(events))).post(message_body(stream=True))
        self.assertEqual((answer.body == b"".join(events), answer.complete), (True, True))


class BeforeTheCommit(QccdCase):
    def test_nothing_is_written_before_content(self):
        gate = threading.Event()

        async def held(exchange):
            await exchange.send(plans.stream_head() + plans.chunk(EVENTS[0]) + plans.chunk(EVENTS[1]))
            await plans.gated(gate, plans.script(b"".join(map(plans.chunk, EVENTS[2:])) + plans.LAST_CHUNK))(exchange)

        mock = self.mock("a", held)
        with self.daemon(mock).connect() as client:
            client.send(post(message_body(stream=True)))
            self.assertTrue(mock.wait_requests(1))
            client.socket.settimeout(0.3)
            with self.assertRaises(TimeoutError):
                client.socket.recv(1)
            gate.set()
            client.socket.settimeout(10)
            self.assertEqual(client.answer().body, b"".join(EVENTS))

    def test_events_go_out_as_they_come(self):
        gates = [threading.Event() for _ in EVENTS]

        async def stepwise(exchange):
            await exchange.send(plans.stream_head())
            for gate, event in zip(gates, EVENTS):
                await plans.gated(gate, plans.script(plans.chunk(event)))(exchange)
            await exchange.send(plans.LAST_CHUNK)

        mock = self.mock("a", stepwise)
        with self.daemon(mock).connect() as client:
            client.send(post(message_body(stream=True)))
            for gate in gates[:3]:
                gate.set()
            client.head()
            seen = b""
            for number, gate in enumerate(gates):
                gate.set()
                while number >= 2 and len(seen) < len(b"".join(EVENTS[:number + 1])):
                    size = int(client.read_until(b"\r\n"), 16)
                    seen += client.take(size + 2)[:-2]
            self.assertEqual(seen, b"".join(EVENTS))

    def test_commit_after_64_kib_without_content(self):
        pings = [answers.event("ping", {"type": "ping", "filler": "x" * 1000})] * 80
        mock = self.mock("a", plans.stream([EVENTS[0], *pings], end=plans.HANG))
        with self.daemon(mock).connect() as client:
            self.assertEqual(client.send(post(message_body(stream=True))).head().status, 200)


class StreamsUnasked(QccdCase):
    """An event stream is under the rules of streams, whoever asked for it."""

    def test_a_long_stream_outlives_nonstream_timeout(self):
        mock = self.mock("a", plans.stream(EVENTS, gap=0.2))
        qccd = self.daemon(self.endpoint(mock, nonstream_timeout="500ms", min_attempt="10ms"))
        answer = qccd.post(message_body(stream=False))
        self.assertEqual((answer.status, answer.complete, answer.body), (200, True, b"".join(EVENTS)))
        self.assertTrue(eventually(lambda: "stream=complete" in qccd.log()))

    def test_a_silent_stream_is_under_read_timeout(self):
        mock = self.mock("a", plans.stream(HALF, end=plans.HANG))
        qccd = self.daemon(self.endpoint(mock, nonstream_timeout="30s", read_timeout="300ms", min_attempt="10ms"))
        answer = qccd.post(message_body(stream=False))
        self.assertIn(b"fell silent", answer.body)


class ClientGone(QccdCase):
    """The upstream must see the client leave, whatever it is doing."""

    def check_cancelled(self, plan, stream, leave, read_some=False, behind=b"", **sections):
        mock = self.mock("a", plan)
        qccd = self.daemon(mock, **sections)
        client = qccd.connect()
        client.send(post(message_body(stream=stream)) + behind)
        self.assertTrue(mock.wait_requests(1))
        if read_some:
            client.head()
        leave(client)
        self.assertTrue(mock.wait_abandoned(1), "the upstream was never told")
        client.close()
        self.assertEqual(mock.count(), 1)
        mock.plan = answers.anthropic()
        self.check_serves(qccd)

    WAYS = {"close": lambda client: client.close(), "reset": lambda client: client.reset(),
            "half close": lambda client: client.end_writing()}

    def test_while_the_upstream_is_silent(self):
        for stream in (False, True):
            for what, leave in self.WAYS.items():
                with self.subTest(what, stream=stream):
                    self.check_cancelled(plans.script(plans.HANG), stream, leave)

    def test_in_the_middle_of_a_stream(self):
        for what, leave in self.WAYS.items():
            with self.subTest(what):
                self.check_cancelled(plans.stream(HALF, end=plans.HANG), True, leave, read_some=True)

    def test_during_back_pressure(self):
        big = [answers.event("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": {
            "type": "text_delta", "text": "x" * 20_000}})] * 2000
        for what in ("close", "reset"):
            with self.subTest(what):
                self.check_cancelled(plans.stream([*HALF, *big]), True, self.WAYS[what], read_some=True)

    # More than a connection's window of 32 KiB; the kernel keeps the rest.
    MUCH = post(message_body("x" * 20_000)) * 3

    def test_with_more_requests_behind_than_are_read_ahead(self):
        for what, leave in self.WAYS.items():
            with self.subTest(what):
                self.check_cancelled(plans.script(plans.HANG), False, leave, behind=self.MUCH)

    def test_half_closed_clients_that_break_off(self):
        def leave(client):
            client.end_writing()
            time.sleep(0.2)
            self.assertEqual(self.mocks[-1].abandoned_requests, [], "a half close is no end where it is allowed")
            client.reset()

        for behind in (b"", self.MUCH):
            with self.subTest(behind=len(behind)):
                self.check_cancelled(plans.script(plans.HANG), False, leave, behind=behind,
                                     server={"allow_half_close": True})

    def test_half_close_behind_many_requests_is_served_where_allowed(self):
        mock = self.mock("a", plans.after(0.2, answers.anthropic()))
        qccd = self.daemon(mock, server={"allow_half_close": True})
        with qccd.connect() as client:
            client.send(self.MUCH).end_writing()
            self.assertEqual([client.answer().status for _ in range(3)], [200, 200, 200])

    def test_while_it_waits_to_try_again(self):
        mock = self.mock("a", answers.anthropic_error(500))
        qccd = self.daemon(mock, retry={"backoff_base": "2s"})
        with qccd.connect() as client:
            client.send(post())
            self.assertTrue(mock.wait_requests(1))
        time.sleep(2.6)
        self.check_counts(a=1)

    def test_half_close_is_served_where_allowed(self):
        mock = self.mock("a", plans.after(0.2, answers.anthropic()))
        qccd = self.daemon(mock, server={"allow_half_close": True})
        with qccd.connect() as client:
            client.send(post()).end_writing()
            self.assertEqual(client.answer().status, 200)

    def test_many_leave_and_nothing_stays(self):
        mock = self.mock("a", plans.stream(HALF, end=plans.HANG))
        qccd = self.daemon(mock)
        with qccd.connect() as client:
            client.send(post(message_body(stream=True))).head()
        self.assertTrue(mock.wait_abandoned(1))
        before = qccd.descriptors()
        clients = [qccd.connect() for _ in range(40)]
        for client in clients:
            client.send(post(message_body(stream=True)))
        self.assertTrue(mock.wait_requests(41))
        for number, client in enumerate(clients):
            client.reset() if number % 2 else client.close()
        self.assertTrue(mock.wait_abandoned(41))
        self.assertTrue(eventually(lambda: qccd.descriptors() <= before + 2), (before, qccd.descriptors()))


class BackPressure(QccdCase):
    FILLER = answers.event("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": {
        "type": "text_delta", "text": "y" * 30_000}})

    def test_a_slow_client_slows_the_upstream_and_memory_stays(self):
        count = 3000  # 90 MB
        mock = self.mock("a", plans.stream([*HALF, *[self.FILLER] * count, *EVENTS[6:]]), write_buffer=65536, send_buffer=65536)
        qccd = self.daemon(mock)
        with qccd.connect(receive_buffer=65536) as client:
            client.send(post(message_body(stream=True))).head()
            before = qccd.resident_bytes()
            connection = mock.connections[0]
            sent = -1
            while sent != connection.bytes_sent:
                sent = connection.bytes_sent
                time.sleep(0.3)
            self.assertLess(sent, 30_000_000, "the upstream was read although the client reads nothing")
            allowed = 64_000_000 if "san" in Path(QCCD).resolve().parent.name else 8_000_000  # its quarantine
            self.assertLess(qccd.resident_bytes() - before, allowed)
            total = 0
            while (line := client.read_until(b"\r\n")) and (size := int(line, 16)):
                total += size
                client.take(size + 2)
            self.assertEqual(total, len(b"".join([*HALF, *EVENTS[6:]])) + count * len(self.FILLER))
            allowed = 64_000_000 if "san" in Path(QCCD).resolve().parent.name else 8_000_000  # its quarantine
            self.assertLess(qccd.resident_bytes() - before, allowed)

    def test_stalled_readers_do_not_delay_others(self):
        stalled = plans.stream([*HALF, *[self.FILLER] * 400])
        mock = self.mock("a", stalled, write_buffer=65536, send_buffer=65536)
        qccd = self.daemon(mock)
        clients = [qccd.connect(receive_buffer=8192) for _ in range(30)]
        for client in clients:
            client.send(post(message_body(stream=True)))
        self.assertTrue(mock.wait_requests(30))
        mock.plan = answers.anthropic()
        for _ in range(20):
            self.check_serves(qccd)
        self.assertEqual(qccd.post(message_body(stream=True)).body.count(b"message_stop"), 2)
        for client in clients:
            client.close()

    def test_a_client_that_never_reads_is_cut(self):
        mock = self.mock("a", plans.stream([*HALF, *[self.FILLER] * 1000]), write_buffer=65536, send_buffer=65536)
        qccd = self.daemon(mock, limits={"send_stall_timeout": "400ms"})
        with qccd.connect(receive_buffer=8192) as client:
            client.send(post(message_body(stream=True)))
            self.assertTrue(mock.wait_abandoned(1), "the stalled client was kept")
        mock.plan = answers.anthropic()
        self.check_serves(qccd)

    def test_large_upload_to_a_slow_upstream_is_bounded(self):
        mock = self.mock("a", plans.read_slowly(answers.anthropic(), 0.5))
        qccd = self.daemon(mock)
        body = message_body("x" * 20_000_000)
        self.check_serves(qccd)
        before = qccd.resident_bytes()
        self.assertEqual(qccd.post(body).status, 200)
        self.assertLess(qccd.resident_bytes() - before, 3 * len(body))
