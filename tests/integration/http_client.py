"""Clients in raw bytes: what they send is exactly what a test says, what they read is read strictly."""

import json
import re
import socket
import subprocess
import tempfile
from pathlib import Path

import answers

ANSWER_LIMIT = 10.0  # seconds; liveness only


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
