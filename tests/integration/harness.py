"""Test cases with mock upstreams and daemons, and the checks that every one of them ends with."""

import os
import re
import tempfile
import threading
import unittest

import answers
import config_text
from daemon import QCCD, Qccd
from http_client import message_body, post
from mock_upstream import Mock
from pki import make_pki

FATAL_OUTPUT = re.compile(r"AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:|Assertion|QCC_ASSERT|invariant")
ENDPOINT_KEY = "sk-endpoint-{name}-5f1c0d9e7b"
CLIENT_KEY = "sk-client-laptop-91e2a7c4d0"


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
