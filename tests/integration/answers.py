"""What the Anthropic and OpenAI APIs answer: JSON, event streams, errors, and a model that can call tools."""

import asyncio
import itertools
import json
import re

import plans

MODEL = "claude-sonnet-4-5-20250929"
_ids = itertools.count(1)

ANTHROPIC_ERROR_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error",
}


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def event(name, data):
    return b"event: %s\ndata: %s\n\n" % (name.encode(), dumps(data))


def data_event(data):
    return b"data: %s\n\n" % (data if isinstance(data, bytes) else dumps(data))


# ---- errors ----
def anthropic_error_body(status, message="mock error", kind=None):
    kind = kind or ANTHROPIC_ERROR_TYPES.get(status, "api_error")
    return dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_mock"})


def openai_error_body(status, message="mock error", code=None):
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


def anthropic_error(status, fields=(), **what):
    return plans.reply(status, anthropic_error_body(status, **what), fields)


def openai_error(status, fields=(), **what):
    return plans.reply(status, openai_error_body(status, **what), fields)


def overloaded_event():
    return event("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})


# ---- Anthropic ----
def text_block(text):
    return {"type": "text", "text": text}


def tool_block(name, arguments):
    return {"type": "tool_use", "id": f"toolu_mock{next(_ids):06d}", "name": name, "input": arguments}


def anthropic_message(blocks, model=MODEL):
    stop = "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
    usage = {"input_tokens": 12, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 5}
    return {"id": f"msg_mock{next(_ids):06d}", "type": "message", "role": "assistant", "model": model, "content": blocks,
            "stop_reason": stop, "stop_sequence": None, "usage": usage}


def _pieces(text, size=9):
    return [text[at:at + size] for at in range(0, len(text), size)] or [""]


def _block_events(index, block):
    if block["type"] == "text":
        start, deltas = {"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in _pieces(block["text"])]
    else:
        start = {**block, "input": {}}
        arguments = dumps(block["input"]).decode()
        deltas = [{"type": "input_json_delta", "partial_json": p} for p in _pieces(arguments)]
    yield event("content_block_start", {"type": "content_block_start", "index": index, "content_block": start})
    for delta in deltas:
        yield event("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta})
    yield event("content_block_stop", {"type": "content_block_stop", "index": index})


def anthropic_events(blocks, model=MODEL):
    """The whole stream of one answer as a list of events, in order."""
    message = anthropic_message(blocks, model)
    opening = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    events = [event("message_start", {"type": "message_start", "message": opening}), event("ping", {"type": "ping"})]
    for index, block in enumerate(blocks):
        events += _block_events(index, block)
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events.append(event("message_delta", {"type": "message_delta", "delta": delta, "usage": message["usage"]}))
    events.append(event("message_stop", {"type": "message_stop"}))
    return events


def anthropic_models():
    models = [{"type": "model", "id": name, "display_name": name, "created_at": "2025-09-29T00:00:00Z"}
              for name in ("claude-opus-4-8", MODEL, "claude-haiku-4-5-20251001")]
    return {"data": models, "has_more": False, "first_id": models[0]["id"], "last_id": models[-1]["id"]}


# ---- OpenAI ----
def openai_completion(text, calls=(), model="gpt-mock"):
    message = {"role": "assistant", "content": text, "refusal": None}
    if calls:
        message["tool_calls"] = [_openai_call(name, arguments) for name, arguments in calls]
    finish = "tool_calls" if calls else "stop"
    return {"id": f"chatcmpl-mock{next(_ids)}", "object": "chat.completion", "created": 1795247400, "model": model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}}


def _openai_call(name, arguments):
    return {"id": f"call_mock{next(_ids)}", "type": "function",
            "function": {"name": name, "arguments": dumps(arguments).decode()}}


def openai_events(text, calls=(), model="gpt-mock", usage=False):
    base = {"id": f"chatcmpl-mock{next(_ids)}", "object": "chat.completion.chunk", "created": 1795247400, "model": model}

    def part(delta, finish=None):
        return data_event({**base, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]})

    events = [part({"role": "assistant", "content": "", "refusal": None})]
    events += [part({"content": piece}) for piece in _pieces(text) if piece]
    for index, (name, arguments) in enumerate(calls):
        call = _openai_call(name, arguments)
        opening = {**call, "index": index, "function": {"name": name, "arguments": ""}}
        events.append(part({"tool_calls": [opening]}))
        events += [part({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
                   for piece in _pieces(call["function"]["arguments"])]
    events.append(part({}, "tool_calls" if calls else "stop"))
    if usage:
        events.append(data_event({**base, "choices": [], "usage": {
            "prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}}))
    return events + [data_event(b"[DONE]")]


def openai_models():
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 1700000000, "owned_by": "mock"}
                                       for name in ("gpt-mock", "gpt-mock-mini")]}


def openai_response(text, model="gpt-mock"):
    output = [{"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
               "content": [{"type": "output_text", "text": text, "annotations": []}]}]
    return {"id": f"resp_mock{next(_ids)}", "object": "response", "created_at": 1795247400, "status": "completed",
            "model": model, "output": output, "usage": {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17}}


# ---- a model that reads its instructions from the prompt ----
# "CALL <tool> <json>" in a user's text makes the next answer that tool call; once a tool result is there, the answer quotes it.
_CALL = re.compile(r"CALL (\w+) (\{.*?\})(?:\s|$)", re.DOTALL)
_CODE = re.compile(r"\b[A-Z0-9]{6}\b")


def _texts(content):
    if isinstance(content, str):
        return [content]
    return [part.get("text", "") for part in content or [] if part.get("type") in ("text", "input_text")]


def _anthropic_tool_results(messages):
    for message in messages:
        if message.get("role") == "user" and isinstance(message.get("content"), list):
            for part in message["content"]:
                if part.get("type") == "tool_result":
                    yield " ".join(_texts(part.get("content", "")))


def _asked(messages):
    return "\n".join(text for message in messages if message.get("role") == "user"
                     for text in _texts(message.get("content")))


def _is_probe(request):
    """A health probe wants the code in its prompt back."""
    return request.get("max_tokens") == 20 or request.get("max_completion_tokens") == 20


def anthropic_blocks(request, text):
    messages = request.get("messages", [])
    asked = _asked(messages)
    if _is_probe(request) and (code := _CODE.search(asked)):
        return [text_block(code.group())]
    results = list(_anthropic_tool_results(messages))
    if results:
        return [text_block(f"The tool said: {results[-1].strip()}")]
    if request.get("tools") and (call := _CALL.search(asked)):
        return [text_block("Calling."), tool_block(call.group(1), json.loads(call.group(2)))]
    return [text_block(text)]


def _openai_answer(request, text):
    messages = request.get("messages", [])
    asked = _asked(messages)
    if _is_probe(request) and (code := _CODE.search(asked)):
        return code.group(), []
    results = [" ".join(_texts(message["content"])) for message in messages if message.get("role") == "tool"]
    if results:
        return f"The tool said: {results[-1].strip()}", []
    if request.get("tools") and (call := _CALL.search(asked)):
        return "Calling.", [(call.group(1), json.loads(call.group(2)))]
    return text, []


def anthropic(text="Hello from the mock.", gap=0.0, fields=(("request-id", "req_mock_1"),)):
    """A well-behaved Anthropic API."""

    async def plan(exchange):
        request = exchange.request
        if request.method == "HEAD":
            return await exchange.send(plans.head(404, [("content-length", 0)]))
        if request.path.endswith("/v1/models"):
            return await plans.reply(200, dumps(anthropic_models()), fields)(exchange)
        body = json.loads(bytes(request.body) or b"{}")
        if request.path.endswith("/count_tokens"):
            return await plans.reply(200, dumps({"input_tokens": 21}), fields)(exchange)
        blocks = anthropic_blocks(body, text)
        model = body.get("model", MODEL)
        if body.get("stream"):
            return await plans.stream(anthropic_events(blocks, model), gap=gap, fields=fields)(exchange)
        if gap:
            await asyncio.sleep(gap)
        return await plans.reply(200, dumps(anthropic_message(blocks, model)), fields)(exchange)

    return plan


def openai(text="Hello from the mock.", gap=0.0, fields=(("x-request-id", "req_mock_1"),)):
    """A well-behaved OpenAI API: chat completions, responses, models."""

    async def plan(exchange):
        request = exchange.request
        if request.path.endswith("/models"):
            return await plans.reply(200, dumps(openai_models()), fields)(exchange)
        body = json.loads(bytes(request.body) or b"{}")
        model = body.get("model", "gpt-mock")
        if request.path.endswith("/responses"):
            return await plans.reply(200, dumps(openai_response(text, model)), fields)(exchange)
        answer, calls = _openai_answer(body, text)
        if body.get("stream"):
            usage = bool((body.get("stream_options") or {}).get("include_usage"))
            return await plans.stream(openai_events(answer, calls, model, usage), gap=gap, fields=fields)(exchange)
        return await plans.reply(200, dumps(openai_completion(answer, calls, model)), fields)(exchange)

    return plan
