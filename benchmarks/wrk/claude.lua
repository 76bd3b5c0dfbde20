-- What Claude Code sends, for the scripts beside this one: its headers, and bodies of a given size.
local claude = {}

local TEXT = 'Here is file content with \\"quotes\\", tabs\\t and\\nnew lines; 中文 too. '

local HEADERS = {
  ["accept"] = "application/json",
  ["accept-encoding"] = "identity",
  ["anthropic-beta"] = "claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14",
  ["anthropic-version"] = "2023-06-01",
  ["authorization"] = "Bearer sk-fake",
  ["content-type"] = "application/json",
  ["user-agent"] = "claude-cli/2.0.45 (external, cli)",
  ["x-app"] = "cli",
  ["x-stainless-arch"] = "x64",
  ["x-stainless-lang"] = "js",
  ["x-stainless-os"] = "Linux",
  ["x-stainless-package-version"] = "0.70.0",
  ["x-stainless-retry-count"] = "0",
  ["x-stainless-runtime"] = "node",
  ["x-stainless-runtime-version"] = "v22.20.0",
  ["x-stainless-timeout"] = "600",
}

-- A long conversation in messages of about 4 KB; a short one in a single message.
local function body(bytes, stream)
  local head = '{"model":"claude-sonnet-4-5","max_tokens":32000,"stream":' .. tostring(stream) ..
    ',"metadata":{"user_id":"user_5f2c_session_9f8e1c7a"},"messages":['
  local rest = bytes - #head - 2
  local messages, roles = {}, {"user", "assistant"}
  while rest > 60 do
    local open = '{"role":"' .. roles[#messages % 2 + 1] .. '","content":"'
    local repeats = math.max(1, math.floor(math.min(rest, 4096) - #open - 3) / #TEXT)
    messages[#messages + 1] = open .. TEXT:rep(repeats) .. '"}'
    rest = rest - #messages[#messages] - 1
  end
  return head .. table.concat(messages, ",") .. "]}"
end

function claude.post(path, bytes, stream)
  wrk.method = "POST"
  wrk.path = path
  wrk.headers = HEADERS
  wrk.body = body(bytes, stream)
end

return claude
