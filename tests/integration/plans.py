"""Plans: what a mock upstream does with one request, right or wrong, to the byte."""

import asyncio

RESET, CUT, CLOSE, HANG = "reset", "cut", "close", "hang"


def script(*steps):
    """Do the steps in order: bytes are sent, a number waits that many seconds, a word ends the connection."""

    async def plan(exchange):
        for step in steps:
            if isinstance(step, (bytes, bytearray)):
                await exchange.send(step)
            elif isinstance(step, (int, float)):
                await asyncio.sleep(step)
            else:
                await _end(exchange, step)

    return plan


async def _end(exchange, how):
    if how == RESET:
        await asyncio.sleep(0.02)  # let what was written leave: an RST may overtake it
        exchange.reset()
    elif how == CUT:
        await asyncio.sleep(0.02)
        exchange.cut()
    elif how == CLOSE:
        exchange.keep = False
    elif how == HANG:
        await exchange.hang()
    else:
        raise ValueError(how)


def early(plan):
    """Run the plan as soon as the request's head is in; the body stays unread unless the plan reads it."""
    plan.early = True
    return plan


def read_slowly(plan, pause):
    """Take nothing of the request body for `pause` seconds, then read it all and go on."""

    async def slow(exchange):
        exchange.pause_reading()
        await asyncio.sleep(pause)
        exchange.resume_reading()
        await exchange.read_body()
        await plan(exchange)

    return early(slow)


def after(seconds, plan):
    async def later(exchange):
        await asyncio.sleep(seconds)
        await plan(exchange)

    return later


def gated(gate, plan):
    """Wait for a threading.Event, then go on."""

    async def waiting(exchange):
        while not gate.is_set():
            await asyncio.sleep(0.005)
        await plan(exchange)

    return waiting


def head(status=200, fields=(), reason="X"):
    lines = [f"HTTP/1.1 {status} {reason}"] + [f"{name}: {value}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reply_bytes(status, body, fields=(), content_type="application/json"):
    return head(status, [("content-type", content_type), *fields, ("content-length", len(body))]) + body


def reply(status, body, fields=(), content_type="application/json"):
    return script(reply_bytes(status, body, fields, content_type))


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def stream_head(fields=(), content_type="text/event-stream; charset=utf-8", chunked=True):
    framing = [("transfer-encoding", "chunked")] if chunked else [("connection", "close")]
    return head(200, [("content-type", content_type), *fields, *framing])


def stream(events, *, gap=0.0, end=None, fields=(), chunked=True):
    """An SSE answer. `end`: None ends it properly; RESET, CUT, CLOSE or HANG break off after the events given."""

    async def plan(exchange):
        await exchange.send(stream_head(fields, chunked=chunked))
        for event in events:
            await exchange.send(chunk(event) if chunked else event)
            if gap:
                await asyncio.sleep(gap)
        if end is not None:
            await _end(exchange, end)
        elif chunked:
            await exchange.send(LAST_CHUNK)
        else:
            exchange.keep = False

    return plan


def dribble(data, gap=0.001, size=1, then=None):
    """Send data a few bytes at a time."""

    async def plan(exchange):
        for offset in range(0, len(data), size):
            await exchange.send(data[offset:offset + size])
            await asyncio.sleep(gap)
        if then is not None:
            await _end(exchange, then)

    return plan


def html_page(status=200):
    return reply(status, b"<!DOCTYPE html><html><body>Welcome to the relay</body></html>", content_type="text/html")


def by_path(routes, otherwise):
    """Choose the plan by the end of the request's path. Reads the body first, as all ordinary plans want."""

    async def plan(exchange):
        for ending, chosen in routes.items():
            if exchange.request.path.endswith(ending):
                return await chosen(exchange)
        return await otherwise(exchange)

    return plan
