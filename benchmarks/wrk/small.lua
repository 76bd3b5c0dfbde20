-- A small request with a JSON answer: what the proxy costs by itself.
-- wrk -t1 -c64 -d5s -s small.lua http://127.0.0.1:7860
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or ""
dofile(here .. "claude.lua").post("/v1/messages", 1000, false)
