"""Start, check, reload, drain, stop; and life as an unprivileged user with little locked memory."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import answers
import config_text
import daemon
import plans
from daemon import QCCD, eventually
from harness import CLIENT_KEY, Load, QccdCase
from http_client import RawClient, message_body, post

SLOTS = 256  # for endpoints; beyond, a new one gets the slot of one that is gone
EVENTS = answers.anthropic_events([answers.text_block("A stream that goes on for a while.")])


class Reload(QccdCase):
    def text(self, *mocks, **sections):
        return config_text.config(config_text.cluster(*map(self.endpoint, mocks)), **sections)

    def reload(self, qccd, text):
        qccd.write_config(text)
        qccd.signal(signal.SIGHUP)

    def served_by(self, qccd):
        return qccd.post().json()["content"][0]["text"]

    def test_a_new_endpoint_serves_and_an_old_one_does_not(self):
        first, second = self.mock("a"), self.mock("b")
        qccd = self.daemon(first)
        self.assertEqual(self.served_by(qccd), "From a.")
        self.reload(qccd, self.text(second))
        self.assertTrue(eventually(lambda: self.served_by(qccd) == "From b."))
        seen = first.count()
        for _ in range(10):
            self.assertEqual(self.served_by(qccd), "From b.")
        self.assertEqual(first.count(), seen)
        self.assertTrue(eventually(lambda: first.open_count() == 0), "the old endpoint's connections are closed")

    def test_a_bad_file_changes_nothing(self):
        mock, other = self.mock("a"), self.mock("b")
        qccd = self.daemon(mock)
        good = self.text(other)
        bad_files = ["", "[[cluster]\n", good + "\n[unknown_table]\nx = 1\n", good.replace("protocol", "protocoll"),
                     good.replace('"anthropic"', '"gopher"'), good + good, "\xff\xfe binary \x00"]
        for text in bad_files:
            before = len(qccd.log())
            self.reload(qccd, text)
            self.assertTrue(eventually(lambda: len(qccd.log()) > before), f"nothing said about {text[:40]!r}")
            self.assertEqual(self.served_by(qccd), "From a.")
        qccd.config_path.unlink()
        before = len(qccd.log())
        qccd.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: len(qccd.log()) > before))
        self.assertEqual(self.served_by(qccd), "From a.")
        self.assertEqual(other.count(), 0)
        self.reload(qccd, good)
        self.assertTrue(eventually(lambda: self.served_by(qccd) == "From b."), "a good file works after bad ones")

    def test_under_load_no_request_fails(self):
        first, second = self.mock("a"), self.mock("b")
        qccd = self.daemon(first)
        texts = [self.text(second), self.text(first, second), "not = [valid", self.text(first)]
        with Load(qccd) as load:
            for number in range(24):
                self.reload(qccd, texts[number % len(texts)])
                time.sleep(0.06)
        self.assertEqual(load.failures, [])
        self.assertGreater(load.served, 50)
        self.assertGreater(min(first.count(), second.count()), 0)

    def test_a_stream_outlives_the_removal_of_its_endpoint(self):
        gate = threading.Event()

        async def held(exchange):
            await exchange.send(plans.stream_head() + b"".join(map(plans.chunk, EVENTS[:5])))
            await plans.gated(gate, plans.script(b"".join(map(plans.chunk, EVENTS[5:])) + plans.LAST_CHUNK))(exchange)

        first, second = self.mock("a"), self.mock("b")
        first.script(held)
        qccd = self.daemon(first)
        with qccd.connect() as client:
            client.send(post(message_body(stream=True)))
            self.assertTrue(first.wait_requests(1))
            self.reload(qccd, self.text(second))
            self.assertTrue(eventually(lambda: self.served_by(qccd) == "From b."))
            gate.set()
            answer = client.answer()
            self.assertEqual((answer.body, answer.complete), (b"".join(EVENTS), True))

    def test_an_endpoint_that_takes_over_a_slot_counts_from_zero(self):
        def text_with(name):
            endpoint = {**self.endpoint(mock), "name": name, "priority": 1}
            unused = [config_text.endpoint(f"unused{i}", f"http://127.0.0.1:9/{i}", "k" * 20, priority=2)
                      for i in range(SLOTS - 1)]
            return config_text.config(config_text.cluster(endpoint, *unused))

        def counted(name):
            label = f'{{endpoint="{name}"'
            return {series: value for series, value in qccd.metrics().items() if label in series and value != 0
                    and not series.startswith("qcc_endpoint_state")}

        gate, mock = threading.Event(), self.mock("a")
        qccd = self.daemon_with(text_with("old"))
        mock.script(plans.script(plans.reply_bytes(200, b"{}"), 0.05, b"unasked"))
        self.assertEqual(qccd.post().status, 200)
        self.assertTrue(eventually(lambda: 'qcc_endpoint_connections_poisoned_total{endpoint="old"}' in counted("old")))
        mock.script(plans.gated(gate, plans.stream(EVENTS)))
        with qccd.connect() as client:
            client.send(post(message_body(stream=True)))
            self.assertTrue(mock.wait_requests(2))
            self.assertGreater(len(counted("old")), 3)
            self.reload(qccd, text_with("new"))
            self.assertTrue(eventually(lambda: qccd.metrics()["qcc_config_generation"] == 2))
            self.assertEqual(counted("new"), {}, "at once")
            gate.set()
            self.assertTrue(client.answer().complete)
            time.sleep(0.3)
            self.assertEqual(counted("new"), {}, "an attempt of the endpoint before has ended")
        self.assertEqual(self.served_by(qccd), "From a.")
        self.assertEqual(counted("new")['qcc_endpoint_attempts_total{endpoint="new",class="success"}'], 1)

    def test_listeners_stay_open(self):
        mock = self.mock()
        qccd = self.daemon(mock)
        with qccd.connect() as client:
            client.send(post()).answer()
            for _ in range(5):
                self.reload(qccd, self.text(mock, limits={"max_fields": 90}))
            time.sleep(0.1)
            self.assertEqual(client.send(post()).answer().status, 200, "a kept connection survives")

    def test_changed_limits_take_effect(self):
        mock = self.mock()
        qccd = self.daemon(mock)
        self.reload(qccd, self.text(mock, limits={"max_body": "1KiB"}))
        big = post(message_body("x" * 5000))
        self.assertTrue(eventually(lambda: qccd.exchange(big).status == 413))

    def test_changed_client_keys_take_effect(self):
        mock = self.mock()
        qccd = self.daemon(mock)
        self.reload(qccd, self.text(mock, client_keys={"laptop": CLIENT_KEY}))
        self.assertTrue(eventually(lambda: qccd.post().status == 401))
        self.assertEqual(qccd.exchange(post(fields=[("x-api-key", CLIENT_KEY)])).status, 200)


class Supervised(QccdCase):
    """What systemd hears, played on a socket of the test's own."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="qcc-notify-")
        self.addCleanup(folder.cleanup)
        self.socket_path = str(Path(folder.name) / "notify")
        self.supervisor = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.supervisor.close)
        self.supervisor.bind(self.socket_path)
        self.supervisor.setblocking(False)
        self.heard = []

    def listen(self):
        try:
            while True:
                self.heard.append(self.supervisor.recv(4096).decode())
        except BlockingIOError:
            return self.heard

    def status(self):
        said = [text for text in self.listen() if text.startswith("STATUS=")]
        return said[-1].removeprefix("STATUS=") if said else ""

    def comes(self, beginning, end=""):
        fits = lambda: self.status().startswith(beginning) and self.status().endswith(end)
        self.assertTrue(eventually(fits), f"{self.heard}, not {beginning} … {end}")

    def test_the_status_follows_endpoints_reloads_and_the_end(self):
        first, second = self.mock("a"), self.mock("b")
        text = lambda *mocks: config_text.config(config_text.cluster(*map(self.endpoint, mocks)))
        qccd = self.daemon_with(text(first), environment={"NOTIFY_SOCKET": self.socket_path})
        self.comes("serving 1 endpoint; configuration of ")
        self.assertEqual(self.heard.count("READY=1"), 1)
        qccd.write_config(text(first, second))
        qccd.signal(signal.SIGHUP)
        self.comes("serving 2 endpoints; configuration of ")
        self.assertEqual(self.heard.count("READY=1"), 2)
        first.plan = plans.reply(401, b'{"type":"error","error":{"type":"authentication_error","message":"no"}}')
        for _ in range(4):
            self.assertEqual(qccd.post().status, 200)
        self.comes("serving 2 endpoints, 1 unhealthy; configuration of ")
        qccd.write_config("not = [valid")
        qccd.signal(signal.SIGHUP)
        self.comes("serving 2 endpoints, 1 unhealthy; the reload of ", " was refused, see the log")
        with qccd.connect() as client:  # keeps the drain waiting
            client.send(post()[:20])
            qccd.signal(signal.SIGTERM)
            self.comes("draining")
        self.assertIn("STOPPING=1", self.heard)
        count = len([text for text in self.heard if text.startswith("STATUS=")])
        self.assertLessEqual(count, 6, f"one for each change: {self.heard}")


class Drain(QccdCase):
    def streaming(self, qccd, mock):
        client = qccd.connect()
        self.addCleanup(client.close)
        client.send(post(message_body(stream=True)))
        self.assertTrue(mock.wait_requests(1))
        client.first = client.head()
        return client

    def held(self, gate):
        async def plan(exchange):
            await exchange.send(plans.stream_head() + b"".join(map(plans.chunk, EVENTS[:5])))
            await plans.gated(gate, plans.script(b"".join(map(plans.chunk, EVENTS[5:])) + plans.LAST_CHUNK))(exchange)

        return plan

    def refused(self, qccd):
        try:
            with qccd.connect(timeout=2) as client:
                return client.send(post()).read_to_end() == b""
        except OSError:
            return True

    def rest(self, client):
        body = b""
        while (line := client.read_until(b"\r\n")) is not None:
            size = int(line, 16)
            data = client.take(size + 2)
            if size == 0:
                return body, True
            body += data[:-2]
        return body, False

    def test_P1_in_flight_requests_finish(self):
        gate = threading.Event()
        mock = self.mock("a", self.held(gate))
        qccd = self.daemon(mock, server={"drain_timeout": "30s"})
        client = self.streaming(qccd, mock)
        idle = qccd.connect()
        self.addCleanup(idle.close)
        qccd.signal(signal.SIGTERM)
        self.assertTrue(idle.closed_by_peer(), "idle connections are closed")
        self.assertTrue(eventually(lambda: self.refused(qccd)))
        self.assertIsNone(qccd.process.poll())
        gate.set()
        self.assertEqual(self.rest(client), (b"".join(EVENTS), True))
        self.assertEqual(qccd.wait_exit(), 0)

    def test_P1_plain_request_in_flight_finishes_and_says_close(self):
        gate = threading.Event()
        mock = self.mock("a", plans.gated(gate, answers.anthropic()))
        qccd = self.daemon(mock, server={"drain_timeout": "30s"})
        with qccd.connect() as client:
            client.send(post())
            self.assertTrue(mock.wait_requests(1))
            qccd.signal(signal.SIGTERM)
            self.assertTrue(eventually(lambda: self.refused(qccd)))
            gate.set()
            answer = client.answer()
            self.assertEqual((answer.status, answer.header("connection")), (200, "close"))
            self.assertTrue(client.closed_by_peer())
        self.assertEqual(qccd.wait_exit(), 0)

    def test_P1_drain_timeout_ends_streams_with_an_error_event(self):
        mock = self.mock("a", self.held(threading.Event()))
        qccd = self.daemon(mock, server={"drain_timeout": "300ms"})
        client = self.streaming(qccd, mock)
        qccd.signal(signal.SIGTERM)
        body, complete = self.rest(client)
        self.assertIn(b"event: error", body)
        self.assertNotIn(b"message_stop", body)
        self.assertTrue(complete)
        self.assertEqual(qccd.wait_exit(), 0)

    def test_P1_second_signal_stops_at_once(self):
        mock = self.mock("a", self.held(threading.Event()))
        qccd = self.daemon(mock, server={"drain_timeout": "300s"})
        self.streaming(qccd, mock)
        qccd.signal(signal.SIGTERM)
        self.assertTrue(eventually(lambda: self.refused(qccd)))
        self.assertIsNone(qccd.process.poll())
        qccd.signal(signal.SIGTERM)
        self.assertIsNotNone(qccd.wait_exit(10))

    def test_P1_idle_daemon_stops(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            qccd = self.daemon(self.mock(), server={"drain_timeout": "300s"})
            with qccd.connect() as client:
                client.send(post()).answer()
                qccd.signal(number)
                self.assertEqual(qccd.wait_exit(10), 0)

    def test_drain_delay_still_takes_connections(self):
        qccd = self.daemon(self.mock(), server={"drain_delay": "500ms", "drain_timeout": "5s"})
        self.assertEqual(qccd.admin("/readyz").status, 200)
        qccd.signal(signal.SIGTERM)
        self.assertTrue(eventually(lambda: qccd.admin("/readyz").status == 503, 0.45))
        self.assertEqual(qccd.post().status, 200)
        self.assertEqual(qccd.wait_exit(10), 0)

    def test_load_and_drain(self):
        """What was accepted is served; afterwards nobody is let in."""
        mock = self.mock("a", answers.anthropic(gap=0.002))
        qccd = self.daemon(mock, server={"drain_timeout": "30s"})
        with Load(qccd) as load:
            time.sleep(0.3)
            qccd.signal(signal.SIGTERM)
            self.assertEqual(qccd.wait_exit(20), 0)
            load.over.set()
        wrong = [failure for failure in load.failures if not isinstance(failure, str)]
        self.assertEqual(wrong, [], "an accepted request was answered badly")
        self.assertGreater(load.served, 0)


class Start(QccdCase):
    def run_qccd(self, *arguments, text=None, environment=None):
        if not QCCD:
            self.skipTest("no daemon: give --qccd PATH")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "qcc.toml"
            if text is not None:
                path.write_text(text)
                path.chmod(0o600)
            arguments = [str(path) if argument == "FILE" else argument for argument in arguments]
            return subprocess.run([QCCD, *arguments], capture_output=True, text=True, timeout=20,
                                  env={"PATH": os.environ["PATH"], "HOME": folder, **(environment or {})})

    def good(self):
        return config_text.config(config_text.cluster(config_text.endpoint("a", "https://api.example.com", "sk-check-secret-1")))

    def test_version(self):
        done = self.run_qccd("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\d+\.\d+")

    def test_check_good(self):
        done = self.run_qccd("--check", "--config", "FILE", text=self.good())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("sk-check-secret-1", done.stdout + done.stderr)

    def test_check_names_every_problem_with_its_line(self):
        text = self.good().replace("shards", "shardz").replace("protocol = \"anthropic\"", "protocol = \"anthropik\"")
        text += "weigth = 7\n"
        done = self.run_qccd("--check", "--config", "FILE", text=text)
        said = done.stdout + done.stderr
        self.assertNotEqual(done.returncode, 0)
        for line, line_text in enumerate(text.splitlines(), 1):
            if any(word in line_text for word in ("shardz", "anthropik", "weigth")):
                self.assertIn(f"qcc.toml:{line}:", said)
        for hint in ("shards", "weight"):
            self.assertIn(hint, said)
        self.assertNotIn("sk-check-secret-1", said)

    def test_bad_file_does_not_start(self):
        done = self.run_qccd("--config", "FILE", text="[server]\nlistn = []\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("qcc.toml:2:", done.stdout + done.stderr)

    def test_missing_file_and_unknown_option(self):
        missing = self.run_qccd("--config", "/nonexistent/qcc.toml")
        self.assertNotEqual(missing.returncode, 0)
        self.assertIn("/nonexistent/qcc.toml", missing.stdout + missing.stderr)
        unknown = self.run_qccd("--frobnicate")
        self.assertNotEqual(unknown.returncode, 0)
        self.assertIn("frobnicate", unknown.stdout + unknown.stderr)

    def test_two_endpoints_of_one_name(self):
        one = config_text.endpoint("same", "https://api.example.com", "sk-1234567890")
        done = self.run_qccd("--check", "--config", "FILE", text=config_text.config(config_text.cluster(one, one)))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("same", done.stdout + done.stderr)

    def test_taken_port_is_a_clear_error(self):
        mock = self.mock()
        first = self.daemon(mock)
        text = config_text.config(config_text.cluster(self.endpoint(mock)),
                                  server={"listen": [f"127.0.0.1:{first.address[1]}"]})
        done = self.run_qccd("--config", "FILE", text=text)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex((done.stdout + done.stderr).lower(), "in use|taken|already listens")
        for _ in range(10):
            self.check_serves(first)

    def test_several_addresses(self):
        addresses = ["127.0.0.1:0", "127.0.0.2:0"]
        if socket.has_ipv6 and Path("/proc/net/if_inet6").exists():
            addresses.append("[::1]:0")
        qccd = self.daemon(self.mock(), server={"listen": addresses})
        self.assertTrue(eventually(lambda: len(daemon.LISTENING.findall(qccd.log())) >= len(addresses)))
        qccd.wait_ready()
        for address in qccd.clients:
            with RawClient(address) as client:
                self.assertEqual(client.send(post()).answer().status, 200)

    def test_port_is_free_again_after_a_kill(self):
        mock = self.mock()
        first = self.daemon(mock)
        text = config_text.config(config_text.cluster(self.endpoint(mock)), server={"listen": [f"127.0.0.1:{first.address[1]}"]})
        with first.connect() as client:
            client.send(post()).answer()
            first.process.kill()
            first.process.wait()
        self.daemons.remove(first)
        first.stop()
        first.remove()
        self.assertTrue(eventually(lambda: self.starts(text), 5))

    def starts(self, text):
        """The kernel closes a killed ring's sockets a moment later."""
        try:
            self.check_serves(self.daemon_with(text))
            return True
        except AssertionError as error:
            self.assertIn("already listens", str(error))
            return False

    def test_demo_needs_no_key_and_no_file(self):
        if not QCCD:
            self.skipTest("no daemon: give --qccd PATH")
        with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "log", "wb") as log:
            process = subprocess.Popen([QCCD, "--demo"], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                       env={"PATH": os.environ["PATH"], "HOME": folder, "QCC_LISTEN": "127.0.0.1:0"})
            try:
                told = lambda: daemon.LISTENING.findall((Path(folder) / "log").read_text())
                self.assertTrue(eventually(told), (Path(folder) / "log").read_text())
                host, port = told()[0].rsplit(":", 1)
                with RawClient((host, int(port))) as client:
                    self.assertEqual(client.send(post()).answer().status, 200)
            finally:
                process.terminate()
                process.wait(10)


@unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody else")
class Unprivileged(QccdCase):
    """Root is never charged for locked memory: this must be tried as somebody else."""

    NOBODY, MEMLOCK = 65534, 8 * 1024 * 1024

    def start_as_nobody(self, memlock, shards):
        if not QCCD:
            self.skipTest("no daemon: give --qccd PATH")
        folder = tempfile.mkdtemp(prefix="qccd-nobody-")
        os.chmod(folder, 0o755)
        binary = shutil.copy(QCCD, folder)
        os.chmod(binary, 0o755)
        text = config_text.config(config_text.cluster(self.endpoint(self.mock())), server={"shards": shards})
        return self.daemon_with(text, folder=folder, user=self.NOBODY, memlock=memlock, binary=binary)

    def test_with_8_mib_of_locked_memory(self):
        qccd = self.start_as_nobody(self.MEMLOCK, 2)
        for _ in range(20):
            self.check_serves(qccd)
        self.assertEqual(qccd.post(message_body(stream=True)).status, 200)

    def test_again_right_after_a_kill(self):
        """A dead process gives its share back late."""
        for _ in range(3):
            qccd = self.start_as_nobody(self.MEMLOCK, 2)
            self.check_serves(qccd)
            qccd.process.kill()
            qccd.process.wait()
            self.daemons.remove(qccd)
            qccd.remove()

    def test_with_almost_none_it_serves_or_says_why(self):
        try:
            qccd = self.start_as_nobody(64 * 1024, 1)
        except AssertionError as error:
            self.assertRegex(str(error).lower(), "memlock|locked memory")
            self.daemons.clear()
            return
        self.check_serves(qccd)
