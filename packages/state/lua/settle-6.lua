-- Applies a node's result once: stores outputs, walks edges, joins and skips, emits events, tells the ledger.
-- KEYS: run hash, variables hash, events stream, leases zset, ledger stream, decided zset
-- ARGV: 1 run id, 2 frame, 3 node, 4 token, 5 outcome (done|retry|release|failed), 6 node id, 7 outputs JSON or '',
--       8 edge table JSON or '', 9 node_started, 10 node_finished / node_retry, 11 node meta JSON for the recorder, 12 tokens,
--       13 failed attempts to count, 14 '1' for an End node, 15 error, 16 API code or '', 17 closed selectors (csv),
--       18 ready grace ms, 19 stops channel, 20 '' or, in a rebuild, the retries of a recorded node (silent: no events, no ledger),
--       21 '1' = the text stream may move, 22.. values End nodes stream in one piece: selector number, JSON string literal, …
-- Returns {'stale'} | {'applied', ended (0|1), {node, attempt, …}, decided payload when ended}
--@include run
--@include stream
--@include decide
local run_id, frame, index, outcome = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local at = frame .. '.' .. index
local run = redis.call('HMGET', run_key, 'st', 'n' .. at, 'ep', 'bl')
local node, epoch, bells = parse_node(run[2]), run[3], run[4]
if run[1] ~= 'running' or not node or node.token ~= ARGV[4] then return { 'stale' } end
if node.state == 'done' then
  -- Asked again after a broken connection: only what nobody has begun.
  local waiting = {}
  for _, entry in ipairs(cjson.decode(ARGV[8]).take) do
    local target = read_node(frame .. '.' .. entry[1])
    if target and target.state == 'ready' then
      waiting[#waiting + 1] = entry[1]
      waiting[#waiting + 1] = target.attempt
    end
  end
  return { 'applied', 0, waiting }
end
if node.state ~= 'running' then return { 'stale' } end
local now, silent = now_ms(), ARGV[20] ~= ''
local lease_until = int_text(now + tonumber(ARGV[18]))

if outcome == 'retry' or outcome == 'release' then
  node.state, node.token, node.job = 'ready', '', ''
  if outcome == 'retry' then
    node.attempt = node.attempt + 1
    node.crashes = 0
    redis.call('HSET', vars_key, '@retry:' .. at, ARGV[10])
    redis.call('HINCRBY', run_key, 'tk', ARGV[12])
    redis.call('HINCRBY', run_key, 'ex', ARGV[13])
    if node.announced == '0' then
      node.announced = add_event(epoch, ARGV[9])
      ring(bells, run_id, false)
    end
  end
  redis.call('HSET', run_key, 'n' .. at, node_text(node))
  redis.call('ZADD', KEYS[4], lease_until, run_id .. '|' .. frame .. '|' .. index)
  return { 'applied', 0, outcome == 'retry' and { tonumber(index), node.attempt } or {} }
end

if ARGV[12] ~= '0' then redis.call('HINCRBY', run_key, 'tk', ARGV[12]) end
if ARGV[13] ~= '0' then redis.call('HINCRBY', run_key, 'ex', ARGV[13]) end
local slow = node.announced ~= '0'
if not slow and not silent then node.announced = add_event(epoch, ARGV[9]) end
if silent then
  redis.call('HINCRBY', run_key, 'rt', ARGV[20])
  redis.call('HINCRBY', run_key, 'ex', ARGV[20])
end
local ready, ended = {}, false

if outcome == 'failed' then
  node.state = 'failed'
  redis.call('HSET', run_key, 'n' .. at, node_text(node))
  redis.call('ZREM', KEYS[4], run_id .. '|' .. frame .. '|' .. index)
  decide(run_id, KEYS[6], ARGV[19], 'failed', ARGV[15], ARGV[16], now)
  ended = true
else
  -- Gathered, so that a settlement is a handful of commands however many nodes it makes ready.
  local fields, leases = { 'n' .. at, 'done|' .. node.attempt .. '|' .. node.token .. '|||0|0|0|0|' }, {}
  local edges, reached = cjson.decode(ARGV[8]), false
  -- An incoming edge of `target` is resolved; when it was the last one the node is ready or skipped.
  local function resolve(entry, taken)
    local target, degree, blocking = entry[1], entry[2], entry[3]
    local address = frame .. '.' .. target
    if taken and blocking >= 0 then
      redis.call('HSET', run_key, 'e' .. blocking, '1')
      reached = true
    end
    local any = taken
    if degree > 1 then
      if taken then redis.call('HSET', run_key, 't' .. address, '1') end
      if redis.call('HINCRBY', run_key, 'r' .. address, 1) < degree then return nil end
      any = taken or redis.call('HEXISTS', run_key, 't' .. address) == 1
    end
    fields[#fields + 1] = 'n' .. address
    if not any then
      fields[#fields + 1] = fresh_node_text('skipped', 0)
      return target
    end
    fields[#fields + 1] = fresh_node_text('ready', 1)
    leases[#leases + 1] = lease_until
    leases[#leases + 1] = run_id .. '|' .. frame .. '|' .. target
    ready[#ready + 1] = target
    ready[#ready + 1] = 1
    return nil
  end
  local queue, first = {}, 1
  for _, entry in ipairs(edges.skip) do queue[#queue + 1] = entry end
  while queue[first] do
    local skipped = resolve(queue[first], false)
    first = first + 1
    if skipped then
      for _, entry in ipairs(edges.below[tostring(skipped)] or {}) do queue[#queue + 1] = entry end
    end
  end
  for _, entry in ipairs(edges.take) do resolve(entry, true) end

  redis.call('HSET', run_key, unpack(fields))
  redis.call('ZREM', KEYS[4], run_id .. '|' .. frame .. '|' .. index)
  if #leases > 0 then redis.call('ZADD', KEYS[4], unpack(leases)) end
  if ARGV[7] ~= '' then redis.call('HSET', vars_key, ARGV[6], ARGV[7]) end
  if ARGV[14] == '1' then redis.call('HSET', run_key, 'ends', (redis.call('HGET', run_key, 'ends') or '') .. ARGV[6] .. '\31') end

  local stream_text = ARGV[21] == '1' and redis.call('HGET', run_key, 'sm')
  if stream_text then
    for i = 22, #ARGV, 2 do
      if not redis.call('HGET', run_key, 'x' .. ARGV[i]) then
        append_text(ARGV[i], ARGV[i + 1])
        redis.call('HSET', run_key, 'x' .. ARGV[i], 'v')
      end
    end
    for sel in string.gmatch(ARGV[17], '%d+') do
      if redis.call('HGET', run_key, 'x' .. sel) == 'o' then redis.call('HSET', run_key, 'x' .. sel, 'f') end
    end
    local stream = cjson.decode(stream_text)
    if reached then reach_ends(stream) end
    drive_stream(stream, epoch)
  end
end

if not silent then
  local finished_id = redis.call('XADD', events_key, epoch .. '-*', 'e', ARGV[10], 'm', ARGV[11], 's', node.announced)
  -- A quick node is recorded with what comes after it; a slow one at once, for it would be dear to repeat.
  if slow then redis.call('XADD', KEYS[5], '*', 'k', 'node', 'r', run_id, 'm', ARGV[11], 's', node.announced, 'z', finished_id) end
end

if not ended then
  -- One less is active, #ready / 2 more are.
  local change = #ready / 2 - 1
  local active = change == 0 and 1 or redis.call('HINCRBY', run_key, 'ac', change)
  local limits = redis.call('HMGET', run_key, 'mx', 'ix', 'in', 'rt', 'ex')
  local steps = tonumber(limits[2]) - tonumber(limits[3] or '0') + tonumber(limits[4] or '0')
  if steps > tonumber(limits[1]) then
    decide(run_id, KEYS[6], ARGV[19], 'failed',
      'Aborted: Maximum execution steps exceeded: ' .. int_text(steps) .. ' > ' .. limits[1], '', now)
    ended = true
  elseif active == 0 then
    decide(run_id, KEYS[6], ARGV[19], tonumber(limits[5] or '0') > 0 and 'partial-succeeded' or 'succeeded', nil, '', now)
    ended = true
  end
end
if not silent then ring(bells, run_id, false) end
if ended then return { 'applied', 1, {}, decided_payload() } end
return { 'applied', 0, ready }
