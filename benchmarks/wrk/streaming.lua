-- A conversation of 120 KB, answered with 200 events as fast as they go, four to a write.
-- wrk -t1 -c32 -d5s -s streaming.lua http://127.0.0.1:7860
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or ""
dofile(here .. "claude.lua").post("/v1/messages?events=200&batch=4", 120000, true)
