-- Emits node_started of a claimed node once, and node_retry when a crashed attempt had streamed text.
-- The node takes a while: the ledger hears of the nodes settled before it.
-- KEYS: run hash, variables hash, events stream, ledger stream
-- ARGV: 1 run id, 2 frame.node, 3 token, 4 node_started event, 5 node_retry event or '', 6 ledger meta JSON
-- Returns 1, or 0 when the token is stale
--@include run
local run = redis.call('HMGET', run_key, 'st', 'n' .. ARGV[2], 'ep', 'bl', 'rc')
local node = parse_node(run[2])
if run[1] ~= 'running' or not node or node.state ~= 'running' or node.token ~= ARGV[3] then return 0 end
if node.announced == '0' then
  node.announced = add_event(run[3], ARGV[4])
  redis.call('HSET', run_key, 'n' .. ARGV[2], node_text(node), 'rc', node.announced)
  redis.call('XADD', KEYS[4], '*', 'k', 'nodes', 'r', ARGV[1], 'm', ARGV[6], 'a', run[5] or '', 'z', node.announced)
end
if ARGV[5] ~= '' then add_event(run[3], ARGV[5]) end
ring(run[4], ARGV[1], false)
return 1
