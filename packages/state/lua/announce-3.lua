-- Emits node_started of a claimed node once, and node_retry when a crashed attempt had streamed text.
-- KEYS: run hash, variables hash, events stream
-- ARGV: 1 run id, 2 frame.node, 3 token, 4 node_started event, 5 node_retry event or ''
-- Returns 1, or 0 when the token is stale
--@include run
if redis.call('HGET', run_key, 'st') ~= 'running' then return 0 end
local node = read_node(ARGV[2])
if not node or node.state ~= 'running' or node.token ~= ARGV[3] then return 0 end
if node.announced == '0' then
  node.announced = add_event(ARGV[4])
  write_node(ARGV[2], node)
end
if ARGV[5] ~= '' then add_event(ARGV[5]) end
ring(ARGV[1], false)
return 1
