"""Starts the real daemon against mock upstreams, talks to it in raw bytes, and looks at what it leaves behind."""

import json
import os
import re
import resource
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
from mock_upstream import Mock
from pki import make_pki

QCCD = os.environ.get("QCCD", "")
LISTENING = re.compile(r"(?<!admin )listening on (\S+:\d+)")
ADMIN = re.compile(r"admin on (\S+:\d+)")
FATAL_OUTPUT = re.compile(r"AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:|Assertion|QCC_ASSERT|invariant")
START_LIMIT = 20.0  # seconds; liveness bounds are generous, sanitizers and busy machines are slow
ANSWER_LIMIT = 10.0
ENDPOINT_KEY = "sk-endpoint-{name}-5f1c0d9e7b"
CLIENT_KEY = "sk-client-laptop-91e2a7c4d0"


class Answer:
    """One response as it came off the wire."""

    def __init__(self, status, reason, fields, body, raw, complete):
        self.status, self.reason, self.fields, self.body = status, reason, fields, body
        self.raw, self.complete = raw, complete

    def header(self, name):
        values = self.headers(name)
        return values[0] if values else None

    def headers(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} complete={self.complete} {self.fields} {self.body[:400]!r}>"


class RawClient:
    """A client that sends exactly the bytes it is told to and reads responses strictly."""

    def __init__(self, address, timeout=ANSWER_LIMIT, receive_buffer=None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = bytearray()
        self.ended = None  # None, "eof" or "reset"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the daemon may answer and close before it has read everything
        return self

    def end_writing(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        if self.ended:
            return False
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            self.ended = "reset"
            return False
        if not data:
            self.ended = "eof"
            return False
        self.input += data
        return True

    def read_until(self, marker):
        """Everything up to and including marker; None when the connection ended before."""
        while (at := self.input.find(marker)) < 0:
            if not self._more():
                return None
        return self.take(at + len(marker))

    def take(self, size):
        while len(self.input) < size:
            if not self._more():
                return None
        data = bytes(self.input[:size])
        del self.input[:size]
        return data

    def read_to_end(self):
        while self._more():
            pass
        data = bytes(self.input)
        self.input.clear()
        return data

    def closed_by_peer(self):
        """True when the daemon ends the connection without a further byte."""
        return self.read_to_end() == b""

    def head(self):
        raw = self.read_until(b"\r\n\r\n")
        if raw is None:
            raise AssertionError(f"connection ended ({self.ended}) before a response head: {bytes(self.input)!r}")
        lines = raw[:-4].decode("latin-1").split("\r\n")
        matched = re.fullmatch(r"HTTP/1\.1 (\d{3}) ?(.*)", lines[0])
        if not matched:
            raise AssertionError(f"bad status line {lines[0]!r}")
        fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        return Answer(int(matched[1]), matched[2], fields, b"", raw, True)

    def answer(self, to_head=False):
        """Reads one whole response, 1xx skipped. A body that breaks off gives complete=False."""
        answer = self.head()
        while 100 <= answer.status < 200:
            answer = self.head()
        if to_head or answer.status in (204, 304):
            return answer
        if answer.header("transfer-encoding"):
            self._chunks(answer)
        elif answer.header("content-length") is not None:
            size = int(answer.header("content-length"))
            body = self.take(size)
            answer.complete = body is not None
            answer.body = body if answer.complete else self.read_to_end()
        else:
            answer.body = self.read_to_end()
            answer.complete = self.ended == "eof"
        return answer

    def _chunks(self, answer):
        while True:
            line = self.read_until(b"\r\n")
            data = None if line is None else self.take(int(line, 16) + 2)
            if data is None:
                answer.complete = False
                answer.body += bytes(self.input)
                return
            if not data.endswith(b"\r\n"):
                raise AssertionError(f"chunk not ended by CRLF: {data[-8:]!r}")
            if len(data) == 2:
                return
            answer.body += data[:-2]


def message_body(text="Hello", stream=False, **more):
    body = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": text}]}
    if stream:
        body["stream"] = True
    return answers.dumps({**body, **more})


def chat_body(text="Hello", stream=False, **more):
    body = {"model": "gpt-mock", "messages": [{"role": "user", "content": text}]}
    if stream:
        body["stream"] = True
    return answers.dumps({**body, **more})


def post(body=None, path="/v1/messages", fields=(), host="127.0.0.1", framing=True):
    """The bytes of a POST that is right in every respect but for what the caller changes."""
    body = message_body() if body is None else body
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json",
             "anthropic-version: 2023-06-01"]
    lines += [f"{name}: {value}" for name, value in fields]
    if framing:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Qccd:
    """One daemon process with its own folder."""

    def __init__(self, text, *, arguments=(), environment=None, user=None, memlock=None, folder=None,
                 binary=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="qccd-test-"))
        self.config_path = self.folder / "qcc.toml"
        self.log_path = self.folder / "stderr.log"
        self.arguments, self.user, self.memlock = arguments, user, memlock
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **_sanitizer_options(),
                            **(environment or {})}
        self.write_config(text)
        self.binary = binary or QCCD
        self._start()
        try:
            self.wait_ready()
        except BaseException:
            self.process.kill()
            self.stop()
            raise

    def write_config(self, text):
        fresh = self.folder / "qcc.toml.new"
        fresh.write_text(text)
        fresh.chmod(0o600)
        if self.user is not None:
            os.chown(self.folder, self.user, self.user)
            os.chown(fresh, self.user, self.user)
        fresh.rename(self.config_path)

    def _limits(self):
        if self.memlock is not None:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (self.memlock, self.memlock))

    def _start(self):
        self.log_file = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            [str(self.binary), "--config", str(self.config_path), *self.arguments], cwd=self.folder, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=self.log_file, stderr=self.log_file, user=self.user, group=self.user,
            extra_groups=[] if self.user is not None else None, preexec_fn=self._limits)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"qccd ended with {self.process.returncode} at start:\n{self.log()}")
            text = self.log()
            self.clients = [_address(found) for found in LISTENING.findall(text)]
            self.admins = [_address(found) for found in ADMIN.findall(text)]
            return self.clients and self.admins

        if not eventually(ready, START_LIMIT):
            raise AssertionError(f"qccd did not say where it listens:\n{self.log()}")

    @property
    def address(self):
        return self.clients[0]

    @property
    def url(self):
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def admin_url(self):
        return f"http://{self.admins[0][0]}:{self.admins[0][1]}"

    # ---- talking to it ----
    def connect(self, **options):
        return RawClient(self.address, **options)

    def exchange(self, request, **options):
        with self.connect(**options) as client:
            return client.send(request).answer()

    def post(self, body=None, **options):
        return self.exchange(post(body, **options))

    def admin(self, path, method="GET", body=b"", fields=()):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.admins[0][0]}:{self.admins[0][1]}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in fields]
        if body or method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        with RawClient(self.admins[0]) as client:
            return client.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body).answer()

    def metrics(self):
        """{'name{labels}': value} of the Prometheus page."""
        values = {}
        for line in self.admin("/metrics").body.decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        return values

    # ---- its process ----
    def signal(self, number):
        self.process.send_signal(number)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def wait_exit(self, timeout=START_LIMIT):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self):
        """Ends the daemon: first kindly, then at once. Returns its exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGTERM)
                if self.wait_exit(5) is None:
                    self.process.kill()
                    self.process.wait()
        self.log_file.close()
        return self.process.returncode

    def files_written(self):
        return [path for path in self.folder.rglob("*") if path.is_file() and path != self.config_path]

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def _sanitizer_options():
    return {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}


def _address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def eventually(condition, timeout=ANSWER_LIMIT, every=0.005):
    """True as soon as condition() is true; liveness only, never a measurement."""
    limit = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > limit:
            return value
        time.sleep(every)


def curl(*arguments, stdin=None, timeout=60):
    """Runs curl; returns (exit code, status, head, body)."""
    with tempfile.TemporaryDirectory() as folder:
        head, body = Path(folder) / "head", Path(folder) / "body"
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--max-time", "30", "--dump-header", head, "--output", body,
             "--write-out", "%{http_code}", *map(str, arguments)],
            input=stdin, capture_output=True, timeout=timeout)
        read = [path.read_bytes() if path.exists() else b"" for path in (head, body)]
        return done.returncode, int(done.stdout or b"0"), *read


class Load:
    """Clients that ask again and again until told to stop; remembers every answer that was not a 200."""

    def __init__(self, qccd, clients=6, stream_every=3):
        self.qccd, self.stream_every = qccd, stream_every
        self.failures, self.served = [], 0
        self.over, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _run(self):
        client, number = None, 0
        while not self.over.is_set():
            number += 1
            stream = number % self.stream_every == 0
            try:
                client = client or self.qccd.connect()
                answer = client.send(post(message_body(stream=stream))).answer()
                well = answer.status == 200 and answer.complete and (not stream or b"message_stop" in answer.body)
                closing = answer.header("connection") == "close"
            except (OSError, AssertionError, ValueError) as error:
                well, answer, closing = False, repr(error), True
            with self.lock:
                self.served += well
                if not well:
                    self.failures.append(answer)
            if closing and client is not None:
                client.close()
                client = None


class MockCase(unittest.TestCase):
    """A test with mock upstreams. Each mock's endpoint key is known by its name."""

    longMessage = True
    _pki = None

    @classmethod
    def pki(cls):
        if MockCase._pki is None:
            MockCase._pki_folder = tempfile.TemporaryDirectory(prefix="qcc-pki-")
            os.chmod(MockCase._pki_folder.name, 0o755)
            MockCase._pki = make_pki(MockCase._pki_folder.name)
        return MockCase._pki

    def mock(self, name="a", plan=None, **options):
        mock = Mock(plan or answers.anthropic(f"From {name}."), name=name, **options).start()
        self.addCleanup(mock.stop)
        self.mocks.append(mock)
        return mock

    def setUp(self):
        self.mocks = []


class QccdCase(MockCase):
    """A test with daemons. At the end every daemon must stop cleanly, have said nothing fatal and have leaked no secret."""

    def setUp(self):
        super().setUp()
        self.daemons = []
        self.secrets = {CLIENT_KEY}
        self.addCleanup(self._end_daemons)

    def endpoint(self, mock, **settings):
        key = ENDPOINT_KEY.format(name=mock.name)
        self.secrets.add(key)
        if mock.tls:
            settings = {**config_text.trusting(self.pki()), **settings}
        if mock.name.startswith("openai"):
            settings = {"protocol": "openai", **settings}
        return config_text.endpoint(mock.name, mock.url, key, **settings)

    def daemon(self, *endpoints, cluster=None, start=None, **sections):
        """A daemon with one cluster of these endpoints (mocks or endpoint settings)."""
        settings = [self.endpoint(one) if isinstance(one, Mock) else one for one in endpoints]
        text = config_text.config(config_text.cluster(*settings, **(cluster or {})), **sections)
        return self.daemon_with(text, **(start or {}))

    def daemon_with(self, text, **options):
        if not QCCD:
            self.skipTest("no daemon: give --qccd PATH")
        daemon = Qccd(text, **options)
        self.daemons.append(daemon)
        return daemon

    def check_serves(self, daemon):
        """A good request is answered well."""
        answer = daemon.post()
        self.assertEqual(answer.status, 200, f"{answer}\n{daemon.log()[-3000:]}")

    def check_counts(self, **expected):
        """Requests each mock saw, by the mock's name."""
        seen = {mock.name: mock.count() for mock in self.mocks if mock.name in expected}
        self.assertEqual(seen, expected)

    def _end_daemons(self):
        for daemon in self.daemons:
            daemon.stop()
        problems = [problem for daemon in self.daemons for problem in self._problems(daemon)]
        problems += [f"{mock.name} got {request.line!r}: {fault}" for mock in self.mocks
                     for request in mock.requests for fault in request.framing_faults()]
        for daemon in self.daemons:
            daemon.remove()
        self.assertEqual(problems, [])

    def _problems(self, daemon):
        if daemon.process.returncode not in (0, 1):
            yield f"exit code {daemon.process.returncode}: {daemon.log()[-2000:]}"
        if fatal := FATAL_OUTPUT.search(daemon.log()):
            yield f"{fatal.group()} in the log: {daemon.log()[max(0, fatal.start() - 200):][:3000]}"
        for path in daemon.files_written():
            content = path.read_bytes()
            for secret in self.secrets:
                if secret.encode() in content:
                    yield f"{path.name} contains the secret {secret[:12]}…"


class RuleCase(QccdCase):
    """Many small cases against one daemon per class; it is started anew only if a case ended it."""

    shared = None

    def setUp(self):
        super().setUp()
        if not QCCD:
            self.skipTest("no daemon: give --qccd PATH")
        cls = type(self)
        if cls.shared is None or cls.shared.qccd.process.poll() is not None:
            cls.shared = self.start_shared()
        self.qccd, self.upstream = cls.shared.qccd, cls.shared.upstream
        self.seen_before = self.upstream.count()

    sections = {}
    fallback = None  # name of a second, well endpoint of lower priority

    def start_shared(self):
        names = ["a"] + ([self.fallback] if self.fallback else [])
        mocks = [Mock(answers.anthropic(f"From {name}."), name=name).start() for name in names]
        settings = [self.endpoint(mock, priority=rank) for rank, mock in enumerate(mocks, 1)]
        return SharedDaemon(Qccd(config_text.config(config_text.cluster(*settings), **self.sections)), mocks)

    def new_requests(self):
        return self.upstream.requests[self.seen_before:]

    def check_still_serves(self):
        self.assertIsNone(self.qccd.process.poll(), f"the daemon died:\n{self.qccd.log()[-4000:]}")
        self.check_serves(self.qccd)

    @classmethod
    def tearDownClass(cls):
        if cls.shared is None:
            return
        shared, cls.shared = cls.shared, None
        shared.qccd.stop()
        for mock in shared.mocks:
            mock.stop()
        log, code = shared.qccd.log(), shared.qccd.process.returncode
        faults = [fault for mock in shared.mocks for request in mock.requests for fault in request.framing_faults()]
        shared.qccd.remove()
        if code != 0 or FATAL_OUTPUT.search(log) or faults:
            raise AssertionError(f"exit code {code}, upstream saw {faults}, log:\n{log[-4000:]}")


class SharedDaemon:
    """What the cases of one class share."""

    def __init__(self, qccd, mocks):
        self.qccd, self.mocks, self.upstream = qccd, mocks, mocks[0]
