"""One qccd process: started on free ports, talked to, looked at, stopped."""

import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from http_client import ANSWER_LIMIT, RawClient, post

QCCD = os.environ.get("QCCD", "")
LISTENING = re.compile(r"(?<!admin )listening on (\S+:\d+)")
ADMIN = re.compile(r"admin on (\S+:\d+)")
START_LIMIT = 20.0  # seconds; liveness bounds are generous, sanitizers and busy machines are slow


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
            self.remove()
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
