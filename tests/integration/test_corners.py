"""Corners that once ended a daemon, sent a request astray or let something grow."""

import asyncio
import socket
import signal
import stat
import tempfile
import time
from pathlib import Path

import answers
import config_text
import plans
from daemon import eventually
from harness import CLIENT_KEY, QccdCase
from http_client import message_body, post

JSON_HEAD = b"HTTP/1.1 %d Mock\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ReloadCorners(QccdCase):
    def reload(self, qccd, text):
        before = qccd.log().count("configuration reloaded")
        qccd.write_config(text)
        qccd.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: qccd.log().count("configuration reloaded") > before))
        time.sleep(0.2)

    def test_a_cluster_leaves_while_a_request_for_a_later_one_is_read(self):
        first, second = self.mock("a"), self.mock("openai-b", plan=answers.openai())
        leaving = config_text.cluster(self.endpoint(first), name="leaving")
        staying = config_text.cluster(self.endpoint(second), name="staying")
        qccd = self.daemon_with(config_text.config(leaving, staying))
        request = post(message_body(), path="/v1/chat/completions")
        with qccd.connect() as client:
            client.send(request[:-10])
            time.sleep(0.2)
            self.reload(qccd, config_text.config(staying))
            self.assertEqual(client.send(request[-10:]).answer().status, 200)
        self.check_counts(**{"a": 0, "openai-b": 1})

    def test_an_endpoint_that_moves_is_not_asked_at_its_old_address(self):
        old, new = self.mock("a"), self.mock("b")
        settings = self.endpoint(old)
        one_shard = {"shards": 1}
        qccd = self.daemon(settings, server=one_shard)
        self.check_serves(qccd)
        moved = config_text.cluster({**settings, "base_url": new.url})
        self.reload(qccd, config_text.config(moved, server=one_shard))
        self.check_serves(qccd)
        self.check_counts(a=1, b=1)


class LimitCorners(QccdCase):
    def test_the_largest_body_that_can_be_configured(self):
        qccd = self.daemon(self.mock("a"), limits={"max_body": "4GiB", "body_memory": "4GiB"})
        with qccd.connect() as client:
            client.send(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4294967296\r\n\r\n{")
            time.sleep(0.2)
        self.check_serves(qccd)

    def test_the_limit_of_connections_holds_for_all_shards_together(self):
        qccd = self.daemon(self.mock("a"), limits={"max_connections": 20}, server={"shards": 2})
        clients = [qccd.connect() for _ in range(60)]
        refused = "qcc_client_connections_refused_total"
        self.assertTrue(eventually(lambda: qccd.metrics()[refused] >= 40), "two shards let 20 in between them")
        for client in clients:
            client.close()


    def test_a_client_that_is_refused_can_send_its_large_body_first(self):
        qccd = self.daemon(self.mock("a"), client_keys={"laptop": CLIENT_KEY})
        with qccd.connect() as client:
            body = b"x" * 8_000_000
            client.socket.sendall(post(body, fields=[("x-api-key", "sk-wrong-0123456789")]))
            self.assertEqual(client.answer().status, 401)

    def test_the_failures_of_many_endpoints_are_told_in_few_words(self):
        dead = [config_text.endpoint(f"dead-{n}", "http://127.0.0.1:1", f"sk-dead-0123456789-{n}") for n in range(200)]
        answer = self.daemon(*dead, retry={"max_retries": 0}).post()
        self.assertEqual(answer.status, 502)
        self.assertIn(b"and others", answer.body)
        self.assertLess(len(answer.body), 3000)


class AnswerCorners(QccdCase):
    def test_a_head_in_two_pieces_before_much_body_in_large_buffers(self):
        body = b'{"text":"' + b"x" * 40_000 + b'"}'
        mock = self.mock("a")
        mock.script(plans.script(JSON_HEAD % (200, len(body)), 0.1, b"\r\n" + body))
        qccd = self.daemon(mock, server={"buffer_bytes": "64KiB", "buffer_ring_bytes": "4MiB"})
        self.assertEqual(qccd.post().body, body)

    def test_an_early_answer_counts_from_where_sending_stopped(self):
        async def refuse(exchange):
            exchange.pause_reading()
            await asyncio.sleep(0.2)
            body = answers.anthropic_error_body(400)
            await exchange.send(JSON_HEAD % (400, len(body)) + b"\r\n" + body)
            exchange.keep = False

        mock = self.mock("a", plan=plans.early(refuse))
        qccd = self.daemon(mock)
        big = message_body()[:-1] + b', "pad": "' + b"x" * 20_000_000 + b'"}'
        self.assertEqual(qccd.post(big).status, 400)
        self.assertLess(qccd.metrics()['qcc_endpoint_ttft_seconds_sum{endpoint="a"}'], 60)

    def test_a_retry_after_beyond_all_clocks(self):
        busy = plans.script(JSON_HEAD % (503, 2) + b"Retry-After: 9223372037\r\n\r\n{}")
        first, second = self.mock("a", plan=busy), self.mock("b", plan=busy)
        answer = self.daemon(first, second, retry={"max_retries": 1}).post()
        self.assertEqual(answer.status, 502)


    def test_a_stream_that_is_over_does_not_wait_for_the_end_of_its_body(self):
        events = answers.anthropic_events([answers.text_block("All of it.")])
        mock = self.mock("a", plan=plans.script(plans.stream_head(), *map(plans.chunk, events), plans.HANG))
        qccd = self.daemon(mock)
        answer = qccd.post(message_body(stream=True))
        self.assertTrue(answer.complete)
        self.assertTrue(answer.body.endswith(b'{"type":"message_stop"}\n\n'))
        self.assertTrue(eventually(lambda: "stream=complete" in qccd.log()))


class AddressCorners(QccdCase):
    def test_a_loop_over_two_proxies_is_seen_when_it_closes(self):
        ports = [free_port(), free_port()]
        text = [config_text.config(config_text.cluster(config_text.endpoint("other", f"http://127.0.0.1:{to}", "sk-loop-0123456789")),
                                   server={"listen": [f"127.0.0.1:{here}"]}) for here, to in [ports, ports[::-1]]]
        first, _ = [self.daemon_with(one) for one in text]
        with first.connect() as client:
            answer = client.send(post(message_body())).answer()
        self.assertEqual((answer.status, answer.header("x-should-retry")), (508, "false"), answer)
        self.assertEqual(first.metrics()["qcc_client_connections_accepted_total"], 2)

    def test_a_listener_named_like_a_file_does_not_remove_the_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "notes.txt"
            path.write_text("mine")
            mock = self.mock("a")
            with self.assertRaisesRegex(AssertionError, "cannot listen"):
                self.daemon(mock, server={"listen": [f"unix:{path}"]})
            self.assertTrue(stat.S_ISREG(path.stat().st_mode))
            self.assertEqual(path.read_text(), "mine")
