-- Appends streamed text of a claimed node and moves the End template's cursor.
-- KEYS: run hash, variables hash, events stream
-- ARGV: 1 run id, 2 frame.node, 3 token, 4 selector number, 5 JSON string literal, 6 '1' closes the selector's stream,
--       7 number of this piece among the token's, from 1: one that comes again changes nothing
-- Returns 1, or 0 when the token is stale
--@include run
--@include stream
local run = redis.call('HMGET', run_key, 'st', 'n' .. ARGV[2], 'ep', 'bl', 'sm', 'q' .. ARGV[2])
local node = parse_node(run[2])
if run[1] ~= 'running' or not node or node.state ~= 'running' or node.token ~= ARGV[3] then return 0 end
local last = run[6] and tonumber(string.match(run[6], '^' .. ARGV[3]:gsub('%-', '%%-') .. ':(%d+)$'))
if last and last >= tonumber(ARGV[7]) then return 1 end
redis.call('HSET', run_key, 'q' .. ARGV[2], ARGV[3] .. ':' .. ARGV[7])
append_text(ARGV[4], ARGV[5])
redis.call('HSET', run_key, 'x' .. ARGV[4], ARGV[6] == '1' and 'f' or 'o')
if drive_stream(cjson.decode(run[5]), run[3]) then ring(run[4], ARGV[1]) end
return 1
