-- Emits node_started of a claimed node once, and node_retry when a crashed attempt had streamed text.
-- The node takes a while: the ledger hears of the nodes settled before it.
-- KEYS: run hash, variables hash, events stream, ledger stream
-- ARGV: 1 run id, 2 frame.node, 3 token, 4, 5 head of node_started before and after its index, 6 its rest,
--       7 node_retry event or '', 8 ledger meta JSON
-- Returns 1, or 0 when the token is stale
--@include run
local run = redis.call('HMGET', run_key, 'st', 'n' .. ARGV[2], 'ep', 'bl', 'rc', 'ix', 'vb')
local node = parse_node(run[2])
if run[1] ~= 'running' or not node or node.state ~= 'running' or node.token ~= ARGV[3] then return 0 end
if node.announced == '0' then
  local starts = number_node(node, ARGV[2], tonumber(run[6]))
  node.announced = add_event(run[3], '{"event":"node_started"' .. ARGV[4] .. node.index .. ARGV[5] .. ARGV[6])
  redis.call('HSET', run_key, 'n' .. ARGV[2], node_text(node), 'rc', node.announced, 'ix', starts)
  redis.call('XADD', KEYS[4], '*', 'k', 'nodes', 'r', ARGV[1], 'm', ARGV[8], 'a', run[5] or '', 'z', node.announced,
    'b', run[7] or 0)
end
if ARGV[7] ~= '' then add_event(run[3], ARGV[7]) end
ring(run[4], ARGV[1])
return 1
