-- A body of 2 MB: images, long files.
-- wrk -t1 -c8 -d5s -s big.lua http://127.0.0.1:7860
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or ""
dofile(here .. "claude.lua").post("/v1/messages", 2000000, false)
