"""A scripted HTTP/1.1 upstream, plain or TLS, that misbehaves on demand and remembers everything.

All mocks of a process run on one event loop in one daemon thread (`Mock.start`). A test scripts a mock with *plans*: a plan
is `async def plan(exchange)`, run once per request. `mock.script(a, b)` uses a, then b, then the standing `mock.plan`.
Plans come from plans.py (faults) and answers.py (what a real API says).
"""

import asyncio
import collections
import socket
import ssl
import struct
import threading
import time

HEAD_END = b"\r\n\r\n"


class PeerGone(Exception):
    """The peer closed or reset the connection."""


class Request:
    """One request as it arrived. `body` has its chunked framing removed; `raw` has everything."""

    def __init__(self, head, connection):
        self.connection = connection
        self.raw = bytearray(head)
        self.head = bytes(head)
        lines = head[: -len(HEAD_END)].split(b"\r\n")
        self.line = lines[0].decode("latin-1")
        self.method, self.target, self.version = (self.line.split(" ") + ["", ""])[:3]
        self.path = self.target.partition("?")[0]
        self.fields = [self._field(line) for line in lines[1:]]
        self.body = bytearray()
        self.body_complete = False
        self.arrived_at = time.monotonic()
        self.abandoned_at = None  # the peer left before the answer was complete
        self.answered = False

    @staticmethod
    def _field(line):
        name, _, value = line.decode("latin-1").partition(":")
        return name, value.strip(" \t")

    def header(self, name):
        values = self.headers(name)
        return values[0] if values else None

    def headers(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def framing_faults(self):
        """What a canonical request must not have (one framing, one Host, CRLF only, no folding)."""
        text = self.head.decode("latin-1")
        faults = []
        if "\n" in text.replace("\r\n", "") or "\r" in text.replace("\r\n", ""):
            faults.append("bare CR or LF")
        if any(line[:1] in (" ", "\t") for line in text.split("\r\n")[1:] if line):
            faults.append("obs-fold")
        if self.version != "HTTP/1.1":
            faults.append(f"version {self.version}")
        if len(self.headers("host")) != 1:
            faults.append("not exactly one Host")
        if len(self.headers("content-length")) + len(self.headers("transfer-encoding")) > 1:
            faults.append("more than one framing")
        if self.headers("transfer-encoding") not in ([], ["chunked"]):
            faults.append("transfer-encoding other than chunked")
        if self.headers("expect"):
            faults.append("expect forwarded")
        return faults


class Exchange:
    """What a plan works with: the request, and the connection to answer on."""

    def __init__(self, connection, request):
        self.connection = connection
        self.mock = connection.mock
        self.request = request
        self.keep = True

    async def send(self, data):
        await self.connection.send(data)

    async def read_body(self):
        await self.connection.read_body(self.request)

    async def hang(self):
        """Stay silent until the peer leaves."""
        await self.connection.gone.wait()
        raise PeerGone

    def pause_reading(self):
        self.connection.transport.pause_reading()

    def resume_reading(self):
        self.connection.transport.resume_reading()

    def reset(self):
        self.keep = False
        self.connection.reset()

    def cut(self):
        """End TCP without a TLS close_notify."""
        self.keep = False
        self.connection.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
        self.connection.transport.abort()


class Connection(asyncio.Protocol):
    """One accepted connection; lives on the loop's thread."""

    def __init__(self, mock):
        self.mock = mock
        self.current = None
        self.input = bytearray()
        self.bytes_sent = 0
        self.peer_gone_at = None

    def connection_made(self, transport):
        self.transport = transport
        self.readable, self.writable, self.gone = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.writable.set()
        self.number = self.mock.register(self)
        if self.mock.write_buffer is not None:
            transport.set_write_buffer_limits(high=self.mock.write_buffer)
        self.task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data):
        self.input += data
        self.readable.set()

    def eof_received(self):
        self._peer_left()
        return False

    def connection_lost(self, error):
        self._peer_left()
        self.mock.unregister(self)

    def pause_writing(self):
        self.writable.clear()

    def resume_writing(self):
        self.writable.set()

    def _peer_left(self):
        if self.gone.is_set():
            return
        self.peer_gone_at = time.monotonic()
        self.gone.set()
        self.readable.set()
        self.writable.set()
        if self.current is not None and not self.current.answered:
            self.mock.abandoned(self.current)
        self.task.cancel()

    def reset(self):
        raw_socket = self.transport.get_extra_info("socket")
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    async def send(self, data):
        if self.gone.is_set() or self.transport.is_closing():
            raise PeerGone
        self.transport.write(data)
        self.bytes_sent += len(data)
        await self.writable.wait()

    async def _more(self):
        if self.gone.is_set():
            raise PeerGone
        self.readable.clear()
        await self.readable.wait()

    async def _take(self, size):
        while len(self.input) < size:
            await self._more()
        data = bytes(self.input[:size])
        del self.input[:size]
        return data

    async def _take_line(self):
        while (end := self.input.find(b"\r\n")) < 0:
            await self._more()
        return await self._take(end + 2)

    async def _read_head(self):
        while (end := self.input.find(HEAD_END)) < 0:
            await self._more()
        return await self._take(end + len(HEAD_END))

    async def read_body(self, request):
        if request.body_complete:
            return
        if request.header("transfer-encoding"):
            await self._read_chunks(request)
        else:
            left = int(request.header("content-length") or 0)
            while left > 0:
                if not self.input:
                    await self._more()
                piece = await self._take(min(left, len(self.input)))
                request.raw += piece
                request.body += piece
                left -= len(piece)
        request.body_complete = True

    async def _read_chunks(self, request):
        while True:
            line = await self._take_line()
            request.raw += line
            size = int(line.split(b";")[0], 16)
            data = await self._take(size + 2)
            request.raw += data
            request.body += data[:-2]
            if size == 0:
                return

    async def _serve(self):
        try:
            if self.mock.on_accept is not None:
                await self.mock.on_accept(Exchange(self, None))
            while await self._serve_one():
                pass
        except PeerGone:
            pass
        finally:
            if not self.transport.is_closing():
                self.transport.close()

    async def _serve_one(self):
        request = Request(await self._read_head(), self.number)
        self.current = request
        plan = self.mock.next_plan(request)
        exchange = Exchange(self, request)
        try:
            if not getattr(plan, "early", False):
                await self.read_body(request)
        except ValueError:  # framing that cannot be read: recorded, so that framing_faults() tells
            self.mock.record(request)
            raise PeerGone from None
        self.mock.record(request)
        await plan(exchange)
        request.answered = True
        if not exchange.keep or self.mock.close_after_answer or self.transport.is_closing():
            return False
        await self.read_body(request)  # what an early answer left unread
        return True


class Mock:
    """One upstream server. Use from the test's thread; everything here is thread-safe."""

    _loop = None
    _loop_lock = threading.Lock()

    def __init__(self, plan, *, tls=None, port=0, name="mock", write_buffer=None, send_buffer=None):
        self.plan, self.tls, self.port, self.name = plan, tls, port, name
        self.write_buffer, self.send_buffer = write_buffer, send_buffer
        self.on_accept = None
        self.close_after_answer = False
        self.requests = []
        self.connections = []
        self.abandoned_requests = []
        self._open = set()
        self._script = collections.deque()
        self._changed = threading.Condition()

    # ---- for tests ----
    def start(self):
        asyncio.run_coroutine_threadsafe(self._listen(), self._shared_loop()).result(10)
        return self

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._close(), self._shared_loop()).result(10)

    def script(self, *plans):
        with self._changed:
            self._script.extend(plans)

    @property
    def url(self):
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    def count(self, path=None):
        with self._changed:
            return sum(1 for request in self.requests if path is None or request.path.endswith(path))

    def open_count(self):
        return len(self._open)

    def last(self):
        with self._changed:
            return self.requests[-1]

    def wait(self, condition, timeout=10.0):
        """True as soon as condition() holds; looked at after every event."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def wait_requests(self, count, timeout=10.0):
        return self.wait(lambda: len(self.requests) >= count, timeout)

    def wait_abandoned(self, count=1, timeout=10.0):
        return self.wait(lambda: len(self.abandoned_requests) >= count, timeout)

    def wait_open_connections(self, count, timeout=10.0):
        return self.wait(lambda: len(self._open) == count, timeout)

    def close_idle_connections(self):
        """What a server does whose keep-alive time is over."""
        self._shared_loop().call_soon_threadsafe(lambda: [c.transport.close() for c in list(self._open)])

    # ---- for connections (loop thread) ----
    def register(self, connection):
        with self._changed:
            self.connections.append(connection)
            self._open.add(connection)
            self._changed.notify_all()
            return len(self.connections)

    def unregister(self, connection):
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def record(self, request):
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def abandoned(self, request):
        with self._changed:
            request.abandoned_at = time.monotonic()
            self.abandoned_requests.append(request)
            self._changed.notify_all()

    def next_plan(self, request):
        with self._changed:
            scripted = self._script and request.method == "POST"  # a warm-up HEAD uses nothing up
            return self._script.popleft() if scripted else self.plan

    # ---- loop ----
    @classmethod
    def _shared_loop(cls):
        with cls._loop_lock:
            if cls._loop is None:
                cls._loop = asyncio.new_event_loop()
                cls._loop.set_exception_handler(lambda loop, context: None)
                threading.Thread(target=cls._loop.run_forever, daemon=True).start()
            return cls._loop

    async def _listen(self):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.send_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), sock=listener, backlog=1024, ssl=self.tls)

    async def _close(self):
        self._server.close()
        for connection in list(self._open):
            connection.task.cancel()
            connection.transport.abort()


def server_tls(pki, name="good", *, latest=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.chain(name), pki.key(name))
    context.set_alpn_protocols(["http/1.1"])
    if latest is not None:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = latest
    return context


def unused_port():
    """A port that refuses connections."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
