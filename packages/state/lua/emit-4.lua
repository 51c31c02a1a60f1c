-- Appends streamed text of a claimed node and moves the End template's cursor.
-- KEYS: run hash, variables hash, events stream, decided zset
-- ARGV: 1 run id, 2 frame.node, 3 token, 4 selector number, 5 JSON string literal, 6 '1' closes the selector's stream,
--       7 number of this piece among the token's, from 1: one that comes again changes nothing
-- Returns 1, 0 when the token is stale, or a decided payload when the run has streamed more than it may
--@include run
--@include stream
--@include decide
local run = redis.call('HMGET', run_key, 'st', 'n' .. ARGV[2], 'ep', 'bl', 'sm', 'q' .. ARGV[2])
local node = parse_node(run[2])
if run[1] ~= 'running' or not node or node.state ~= 'running' or node.token ~= ARGV[3] then return 0 end
local last = run[6] and tonumber(string.match(run[6], '^' .. ARGV[3]:gsub('%-', '%%-') .. ':(%d+)$'))
if last and last >= tonumber(ARGV[7]) then return 1 end
append_text(ARGV[4], ARGV[5])
redis.call('HSET', run_key, 'q' .. ARGV[2], ARGV[3] .. ':' .. ARGV[7], 'x' .. ARGV[4], ARGV[6] == '1' and 'f' or 'o')
local emitted, excess = drive_stream(cjson.decode(run[5]), run[3])
if emitted then ring(run[4], ARGV[1]) end
if not excess then return 1 end
decide(ARGV[1], KEYS[4], 'failed', excess, '', now_ms())
return decided_payload()
