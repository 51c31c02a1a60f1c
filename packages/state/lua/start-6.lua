-- Creates a run and makes its root node ready. Idempotent by run id.
-- KEYS: run hash, variables hash, events stream, leases zset, deadlines zset, ledger stream
-- ARGV: 1 run id, 2 epoch, 3 context JSON, 4 inputs JSON, 5 workflow_started event, 6 deadline (Unix ms), 7 max steps,
--       8 bells, 9 stream table JSON or '', 10 text chunk prefix, 11 root node, 12 ready grace ms,
--       13 Unix ms of this server after which it is too late (0 = never), 14 most entries the ledger may hold,
--       15 '' or, in a rebuild, the first begin of a node (Unix ms), 16 most bytes of events that the run may stream,
--       17 most bytes of large values, 18 number of values that exist from the beginning, then so many pairs of selector number and JSON string literal,
--       then recorded events of an earlier epoch as id, event pairs (a rebuild); with these, event 5 is not emitted
-- Returns 1 started, 0 the run exists, 2 too late, 3 the ledger is full
--@include run
--@include stream
if redis.call('EXISTS', run_key) == 1 then return 0 end
local now = now_ms()
local not_after = tonumber(ARGV[13])
if not_after > 0 and now > not_after then return 2 end
if redis.call('XLEN', KEYS[6]) > tonumber(ARGV[14]) then return 3 end
redis.call('HSET', run_key, 'v', @written_format, 'st', 'running', 'ep', ARGV[2], 'dl', ARGV[6], 'mx', ARGV[7], 'bl', ARGV[8],
  'mv', ARGV[17], 'vb', #ARGV[4] + #ARGV[5], 'ac', 1, 'ix', 0, 'en', 0, 'n0.' .. ARGV[11], fresh_node_text('ready', 1))
if ARGV[9] ~= '' then redis.call('HSET', run_key, 'sm', ARGV[9], 'cp', ARGV[10], 'mt', ARGV[16]) end
redis.call('HSET', vars_key, '@ctx', ARGV[3], '@inputs', ARGV[4])
redis.call('ZADD', KEYS[4], now + tonumber(ARGV[12]), ARGV[1] .. '|0|' .. ARGV[11])
redis.call('ZADD', KEYS[5], ARGV[6], ARGV[1])
if ARGV[15] ~= '' then redis.call('HSET', run_key, 'b0', ARGV[15]) end
local values_end = 18 + 2 * tonumber(ARGV[18])
for i = 19, values_end, 2 do
  append_text(ARGV[i], ARGV[i + 1])
  redis.call('HSET', run_key, 'x' .. ARGV[i], 'v')
end
if #ARGV > values_end then
  for i = values_end + 1, #ARGV, 2 do redis.call('XADD', events_key, ARGV[i], 'e', ARGV[i + 1]) end
else
  add_event(ARGV[2], ARGV[5])
end
if ARGV[9] ~= '' then
  local stream = cjson.decode(ARGV[9])
  reach_ends(stream)
  -- Should this be too much already, the next node that moves the stream ends the run.
  drive_stream(stream, ARGV[2])
end
ring(ARGV[8], ARGV[1])
return 1
