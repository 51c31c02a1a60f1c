-- Appends streamed text of a claimed node and moves the End template's cursor.
-- KEYS: run hash, variables hash, events stream
-- ARGV: 1 run id, 2 frame.node, 3 token, 4 selector number, 5 JSON string literal, 6 '1' closes the selector's stream
-- Returns 1, or 0 when the token is stale
--@include run
--@include stream
if redis.call('HGET', run_key, 'st') ~= 'running' then return 0 end
local node = read_node(ARGV[2])
if not node or node.state ~= 'running' or node.token ~= ARGV[3] then return 0 end
append_text(ARGV[4], ARGV[5])
redis.call('HSET', run_key, 'x' .. ARGV[4], ARGV[6] == '1' and 'f' or 'o')
if drive_stream() then ring(ARGV[1], false) end
return 1
