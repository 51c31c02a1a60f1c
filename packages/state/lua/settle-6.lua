-- Applies a node's result once: stores outputs, walks edges, joins and skips, emits events, writes the ledger.
-- KEYS: run hash, variables hash, events stream, leases zset, ledger stream, decided zset
-- ARGV: 1 run id, 2 frame, 3 node, 4 token, 5 outcome (done|retry|release|failed), 6 node id, 7 outputs JSON or '',
--       8 edge table JSON or '', 9 node_started, 10 node_finished / node_retry, 11 ledger meta JSON, 12 tokens,
--       13 failed attempts to count, 14 '1' for an End node, 15 error, 16 API code or '', 17 closed selectors (csv),
--       18 ready grace ms, 19 stops channel, 20 '1' = silent (a rebuild: no events, no ledger),
--       21.. values End nodes stream in one piece: selector number, JSON string literal, …
-- Returns {'stale'} | {'applied', ended (0|1), {node, attempt, …}, decided payload when ended}
--@include run
--@include stream
--@include decide
if redis.call('HGET', run_key, 'st') ~= 'running' then return { 'stale' } end
local run_id, frame, index, outcome = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local at = frame .. '.' .. index
local node = read_node(at)
if not node or node.state ~= 'running' or node.token ~= ARGV[4] then return { 'stale' } end
local now, silent = now_ms(), ARGV[20] == '1'
local ready, ended = {}, false

local function make_ready(target, attempt)
  local address = frame .. '.' .. target
  write_node(address, ready_node(attempt))
  redis.call('ZADD', KEYS[4], now + tonumber(ARGV[18]), run_id .. '|' .. frame .. '|' .. target)
  redis.call('HINCRBY', run_key, 'ac', 1)
  ready[#ready + 1] = target
  ready[#ready + 1] = attempt
end

if outcome == 'retry' or outcome == 'release' then
  node.state, node.token, node.job = 'ready', '', ''
  if outcome == 'retry' then
    node.attempt = node.attempt + 1
    node.crashes = 0
    redis.call('HSET', vars_key, '@retry:' .. at, ARGV[10])
    redis.call('HINCRBY', run_key, 'tk', ARGV[12])
    redis.call('HINCRBY', run_key, 'ex', ARGV[13])
    if node.announced == '0' then
      node.announced = add_event(ARGV[9])
      ring(run_id, false)
    end
  end
  write_node(at, node)
  redis.call('ZADD', KEYS[4], now + tonumber(ARGV[18]), run_id .. '|' .. frame .. '|' .. index)
  return { 'applied', 0, outcome == 'retry' and { tonumber(index), node.attempt } or {} }
end

redis.call('ZREM', KEYS[4], run_id .. '|' .. frame .. '|' .. index)
if ARGV[12] ~= '0' then redis.call('HINCRBY', run_key, 'tk', ARGV[12]) end
if ARGV[13] ~= '0' then redis.call('HINCRBY', run_key, 'ex', ARGV[13]) end
local active = redis.call('HINCRBY', run_key, 'ac', -1)
if node.announced == '0' and not silent then node.announced = add_event(ARGV[9]) end

if outcome == 'failed' then
  node.state = 'failed'
  write_node(at, node)
  decide(run_id, KEYS[6], ARGV[19], 'failed', ARGV[15], ARGV[16], now)
  ended = true
else
  node.state = 'done'
  write_node(at, node)
  if ARGV[7] ~= '' then redis.call('HSET', vars_key, ARGV[6], ARGV[7]) end
  if ARGV[14] == '1' then redis.call('HSET', run_key, 'ends', (redis.call('HGET', run_key, 'ends') or '') .. ARGV[6] .. '\31') end
  local edges = cjson.decode(ARGV[8])
  local reached = false
  -- An incoming edge of `target` is resolved; when it was the last one the node is ready or skipped.
  local function resolve(entry, taken)
    local target, degree, blocking = entry[1], entry[2], entry[3]
    if taken and blocking >= 0 then
      redis.call('HSET', run_key, 'e' .. blocking, '1')
      reached = true
    end
    local any = taken
    if degree > 1 then
      if taken then redis.call('HSET', run_key, 't' .. frame .. '.' .. target, '1') end
      if redis.call('HINCRBY', run_key, 'r' .. frame .. '.' .. target, 1) < degree then return nil end
      any = taken or redis.call('HEXISTS', run_key, 't' .. frame .. '.' .. target) == 1
    end
    if any then
      make_ready(target, 1)
      return nil
    end
    local skipped = ready_node(0)
    skipped.state = 'skipped'
    write_node(frame .. '.' .. target, skipped)
    return target
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
  active = active + #ready / 2

  for i = 21, #ARGV, 2 do
    if not redis.call('HGET', run_key, 'x' .. ARGV[i]) then
      append_text(ARGV[i], ARGV[i + 1])
      redis.call('HSET', run_key, 'x' .. ARGV[i], 'v')
    end
  end
  for sel in string.gmatch(ARGV[17], '%d+') do
    if redis.call('HGET', run_key, 'x' .. sel) == 'o' then redis.call('HSET', run_key, 'x' .. sel, 'f') end
  end
  if redis.call('HEXISTS', run_key, 'sm') == 1 then
    if reached then reach_ends() end
    drive_stream()
  end
end

if not silent then
  local finished_id = add_event(ARGV[10])
  redis.call('XADD', KEYS[5], '*', 'k', 'node', 'r', run_id, 'm', ARGV[11], 'si', node.announced, 'fi', finished_id,
    's', ARGV[9], 'f', ARGV[10], 'o', ARGV[7])
end

if not ended then
  local steps, limits = tonumber(redis.call('HGET', run_key, 'sp')), redis.call('HMGET', run_key, 'mx', 'dl', 'ex', 'b0')
  if steps > tonumber(limits[1]) then
    decide(run_id, KEYS[6], ARGV[19], 'failed',
      'Aborted: Maximum execution steps exceeded: ' .. int_text(steps) .. ' > ' .. limits[1], '', now)
    ended = true
  elseif active == 0 then
    decide(run_id, KEYS[6], ARGV[19], tonumber(limits[3]) > 0 and 'partial-succeeded' or 'succeeded', nil, '', now)
    ended = true
  end
end
if not silent then ring(run_id, false) end
if ended then return { 'applied', 1, {}, decided_payload() } end
return { 'applied', 0, ready }
