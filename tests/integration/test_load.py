"""Many clients at once: wrk for plain requests, many streams, failing upstreams under load. Counts only, no speeds."""

import re
import shutil
import subprocess
import threading
import unittest
from pathlib import Path

import answers
import plans
from daemon import eventually
from harness import QccdCase
from http_client import message_body, post
from mock_upstream import server_tls

POST = Path(__file__).resolve().parent / "post.lua"


def wrk(url, seconds=2, connections=32):
    """(requests served, answers other than 2xx, socket errors)"""
    done = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(POST), url],
                          capture_output=True, text=True, timeout=seconds + 40)
    served = int(re.search(r"(\d+) requests in", done.stdout)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", done.stdout)
    return served, int(bad[1]) if bad else 0, sum(map(int, errors.groups())) if errors else 0


@unittest.skipUnless(shutil.which("wrk"), "wrk is not installed")
class Wrk(QccdCase):
    def check_all_served(self, qccd, **options):
        self.check_serves(qccd)
        before = qccd.descriptors()
        served, bad, errors = wrk(qccd.url, **options)
        self.assertEqual((bad, errors), (0, 0), qccd.log()[-2000:])
        self.assertGreater(served, 100)
        self.check_serves(qccd)
        pooled = 2 * 20 * len(self.mocks)  # shards x max_idle, per endpoint
        self.assertTrue(eventually(lambda: qccd.descriptors() <= before + pooled), (before, qccd.descriptors()))
        return served

    def test_plain(self):
        mock = self.mock()
        served = self.check_all_served(self.daemon(mock))
        self.assertGreaterEqual(mock.count(), served)
        self.assertLess(len(mock.connections), mock.count() / 10, "upstream connections are reused")

    def test_tls_upstream(self):
        self.check_all_served(self.daemon(self.mock(tls=server_tls(self.pki()))))

    def test_upstream_that_closes_after_each_answer(self):
        mock = self.mock()
        mock.close_after_answer = True
        self.check_all_served(self.daemon(mock), connections=16)

    def test_first_endpoint_dies_under_load(self):
        first, second = self.mock("a"), self.mock("b")
        qccd = self.daemon(self.endpoint(first, priority=1), self.endpoint(second, priority=2))
        threading.Timer(0.7, first.stop).start()
        self.check_all_served(qccd)
        self.assertGreater(min(first.count(), second.count()), 0)

    def test_first_endpoint_flaps_between_faults(self):
        first, second = self.mock("a"), self.mock("b")
        faults = [answers.anthropic_error(500), plans.script(plans.RESET), answers.anthropic_error(429), plans.html_page(),
                  plans.script(plans.CLOSE), answers.anthropic_error(529)]
        first.script(*[fault if number % 5 == 0 else answers.anthropic("From a.")
                       for number in range(3000) for fault in (faults[number % len(faults)],)])
        qccd = self.daemon(self.endpoint(first, priority=1), self.endpoint(second, priority=2))
        self.check_all_served(qccd)
        self.assertGreater(second.count(), 0)


class Streams(QccdCase):
    def test_200_streams_at_once(self):
        mock = self.mock("a", answers.anthropic("A rather long text for one stream among many.", gap=0.02))
        qccd = self.daemon(mock)
        self.check_serves(qccd)
        clients = [qccd.connect() for _ in range(200)]
        for client in clients:
            client.send(post(message_body(stream=True)))
        for client in clients:
            answer = client.answer()
            self.assertTrue(answer.complete and answer.body.endswith(b'data: {"type":"message_stop"}\n\n'), answer)
            client.close()

    def test_memory_returns_after_a_burst_of_large_bodies(self):
        qccd = self.daemon(self.mock("a", plans.after(0.3, answers.anthropic())))
        self.check_serves(qccd)
        before = qccd.resident_bytes()
        request = post(message_body("x" * 150_000))
        for _ in range(3):
            clients = [qccd.connect() for _ in range(100)]
            for client in clients:
                client.send(request)
            for client in clients:
                self.assertEqual(client.answer().status, 200)
                client.close()
        self.assertTrue(eventually(lambda: qccd.resident_bytes() < 2 * before + 40_000_000),
                        (before, qccd.resident_bytes()))

    def test_800_half_heads_cost_little(self):
        qccd = self.daemon(self.mock())
        self.check_serves(qccd)
        before = qccd.resident_bytes()
        clients = [qccd.connect() for _ in range(800)]
        for client in clients:
            client.send(b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nx-a: " + b"b" * 500)
        self.check_serves(qccd)
        self.assertLess(qccd.resident_bytes() - before, 32_000_000)
        for client in clients:
            client.close()
        self.check_serves(qccd)
