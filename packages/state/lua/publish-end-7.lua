-- Publishes the last events of a decided run; the first publisher wins. Variables go at once.
-- KEYS: run hash, variables hash, events stream, leases zset, ledger stream, decided zset, deadlines zset
-- ARGV: 1 run id, 2 ledger meta JSON, 3 lease members joined by US (0x1f), 4.. the events, each
--       followed by '' or, of a node that the end cut off, node meta JSON, its index, and the id of its node_started or '' (the event before)
-- Returns 'published' | 'already' | 'gone'
--@include run
local run = redis.call('HMGET', run_key, 'st', 'ep', 'bl', 'rc', 'vb', 'tb')
if not run[1] then return 'gone' end
if run[1] ~= 'decided' then return 'already' end
-- Who waits for the end gets it with the ring, unless it is large: subscribers have little room.
local ending, before = ARGV[1], ''
for i = 4, #ARGV, 4 do
  local id
  if ARGV[i + 1] == '' then
    id = add_event(run[2], ARGV[i])
    before = id
  else
    local started = ARGV[i + 3] ~= '' and ARGV[i + 3] or before
    id = redis.call('XADD', events_key, run[2] .. '-' .. next_number(), 'e', ARGV[i], 'm', ARGV[i + 1], 'i', ARGV[i + 2], 's', started)
  end
  ending = ending and #ending + #ARGV[i] < 16384 and ending .. '\n' .. id .. '\n' .. ARGV[i]
end
redis.call('HSET', run_key, 'st', 'ended')
redis.call('UNLINK', vars_key)
redis.call('ZREM', KEYS[6], ARGV[1])
redis.call('ZREM', KEYS[7], ARGV[1])
for member in string.gmatch(ARGV[3], '([^\31]+)') do redis.call('ZREM', KEYS[4], member) end
redis.call('XADD', KEYS[5], '*', 'k', 'end', 'r', ARGV[1], 'm', ARGV[2], 'a', run[4] or '',
  'b', tonumber(run[5] or '0') + tonumber(run[6] or '0'))
ring(run[3], ARGV[1], ending or ARGV[1])
return 'published'
