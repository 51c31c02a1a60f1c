-- Applies a node's result once: stores outputs, walks edges, joins and skips, emits events, tells the ledger.
-- A quick node comes unclaimed: it is claimed, numbered and settled in this one call.
-- KEYS: run hash, variables hash, events stream, leases zset, ledger stream, decided zset
-- ARGV: 1 run id, 2 frame, 3 node, 4 token, 5 outcome (done|retry|release|failed), 6 key of the outputs, 7 outputs JSON or '',
--       8 edge table JSON or '', 9 head of the node's events before its index, 10 joined by US (0x1f): their head after it, rest of
--       node_finished or of node_retry, node meta JSON for the recorder, rest of node_started; 11 ready grace ms,
--       12 '' or, of an unclaimed node, the ms it took, 13 what most nodes need not say, JSON or '' (below),
--       14.. values End nodes stream in one piece: selector number, JSON string literal, …
--       In 13: tokens, exceptions (failed attempts to count), isEnd, error, code (of the API), closes (selector numbers),
--       streamMoves (the text stream may move), runLedger (ledger meta JSON of the run), recorded (in a rebuild, retries and
--       index of a recorded node: silent, no events, no ledger)
-- Returns {'stale'} | {'applied', ended (0|1), {node, attempt, node whose edge made it ready or '', …}, decided payload when ended}, or error FOREIGN
--@include run
--@include stream
--@include decide
-- Lua hands no call more than some 8,000 values.
local function in_pieces(command, key, values)
  for from = 1, #values, 4000 do redis.call(command, key, unpack(values, from, math.min(from + 3999, #values))) end
end
local run_id, frame, index, outcome = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local at = frame .. '.' .. index
local run = redis.call('HMGET', run_key, 'st', 'n' .. at, 'ep', 'bl', 'ix', 'ex', 'ac', 'mx', 'en', 'v', 'mv')
if is_foreign(run[10]) then return foreign_reply(run[10]) end
local node, epoch, bells = parse_node(run[2]), run[3], run[4]
if run[1] ~= 'running' or not node then return { 'stale' } end
if node.state == 'done' and node.token == ARGV[4] then
  -- Asked again after a broken connection: only what nobody has begun.
  local waiting = {}
  for _, entry in ipairs(cjson.decode(ARGV[8]).take) do
    local target = read_node(frame .. '.' .. entry[1])
    if target and target.state == 'ready' then
      waiting[#waiting + 1] = entry[1]
      waiting[#waiting + 1] = target.attempt
      waiting[#waiting + 1] = target.from
    end
  end
  return { 'applied', 0, waiting }
end
local starts, exceptions = tonumber(run[5]), tonumber(run[6] or '0')
local more = ARGV[13] == '' and {} or cjson.decode(ARGV[13])
local now, silent = now_ms(), more.recorded
local fields, excess = { 'n' .. at, '' }, nil
if ARGV[12] ~= '' then
  -- Only what nobody ever began: whoever did has told its execution id already.
  if node.state ~= 'ready' or node.attempt ~= 1 or node.execution ~= '' then return { 'stale' } end
  node.token = ARGV[4]
  if starts == 0 then redis.call('HSETNX', run_key, 'b0', now - tonumber(ARGV[12])) end
elseif node.state ~= 'running' or node.token ~= ARGV[4] then
  return { 'stale' }
end
if node.index == 0 and outcome ~= 'release' then
  starts = number_node(node, at, starts)
  if silent then
    -- Its number is known, and those that nobody has any more are no steps: later nodes come behind all that clients have seen.
    local highest = math.max(starts - 1, silent.index)
    redis.call('HINCRBY', run_key, 'in', highest - starts)
    starts = highest
  end
  fields[3], fields[4] = 'ix', starts
end
local function started_event()
  local after, rest = string.match(ARGV[10], '^([^\31]*).*\31(.*)$')
  return '{"event":"node_started"' .. ARGV[9] .. node.index .. after .. rest
end
local lease_until = now + tonumber(ARGV[11])

-- Only what is large is counted: `vb` is what it takes, outputs and events, beside the run's inputs.
local size = outcome == 'release' and 0 or #ARGV[7] + #ARGV[9] + #ARGV[10]
if size > 65536 and run[11] then
  local bytes = redis.call('HINCRBY', run_key, 'vb', size)
  if bytes > tonumber(run[11]) then
    excess = 'Aborted: Maximum size of values exceeded: ' .. bytes .. ' > ' .. run[11] .. ' bytes'
  end
end
if more.tokens then redis.call('HINCRBY', run_key, 'tk', more.tokens) end
if more.exceptions then exceptions = redis.call('HINCRBY', run_key, 'ex', more.exceptions) end

if outcome == 'retry' or outcome == 'release' then
  node.state, node.token, node.job = 'ready', '', ''
  if outcome == 'retry' then
    node.attempt = node.attempt + 1
    node.crashes = 0
    local after, rest = string.match(ARGV[10], '^([^\31]*)\31([^\31]*)')
    redis.call('HSET', vars_key, '@retry:' .. at, '{"event":"node_retry"' .. ARGV[9] .. node.index .. after .. rest)
    if node.announced == '0' then
      node.announced = add_event(epoch, started_event())
      ring(bells, run_id)
    end
  end
  fields[2] = node_text(node)
  redis.call('HSET', run_key, unpack(fields))
  redis.call('ZADD', KEYS[4], lease_until, run_id .. '|' .. frame .. '|' .. index)
  if excess then
    decide(run_id, KEYS[6], 'failed', excess, '', now)
    return { 'applied', 1, {}, decided_payload() }
  end
  return { 'applied', 0, outcome == 'retry' and { tonumber(index), node.attempt, node.from } or {} }
end

if silent then
  redis.call('HINCRBY', run_key, 'rt', silent.retries)
  exceptions = redis.call('HINCRBY', run_key, 'ex', silent.retries)
end
local slow = node.announced ~= '0'
-- The node's two events share an entry, unless its result sets text free: that comes between.
local stream, together
local function tell_together()
  together = not slow and not silent and tonumber(run[9]) + 2
  -- Nothing comes between, so its number is known, and written with all the rest.
  if together then fields[#fields + 1], fields[#fields + 2] = 'en', together end
end
local ready, ended, active = {}, false, tonumber(run[7])

if outcome == 'failed' then
  tell_together()
  node.state = 'failed'
  fields[2] = node_text(node)
  redis.call('HSET', run_key, unpack(fields))
  redis.call('ZREM', KEYS[4], run_id .. '|' .. frame .. '|' .. index)
  decide(run_id, KEYS[6], 'failed', more.error, more.code, now)
  ended = true
else
  -- Gathered, so that a settlement is a handful of commands however many nodes it makes ready.
  fields[2] = 'done|' .. node.attempt .. '|' .. node.token .. '|||0|0|0|0|'
  local leases = {}
  local edges, blocking_taken = cjson.decode(ARGV[8]), {}
  -- An incoming edge of `target` is resolved; when it was the last one the node is ready or skipped.
  local function resolve(entry, taken)
    local target, degree, blocking = entry[1], entry[2], entry[3]
    local address = frame .. '.' .. target
    if taken and blocking >= 0 then blocking_taken[#blocking_taken + 1] = blocking end
    local from = taken and index
    if degree > 1 then
      if taken then redis.call('HSET', run_key, 't' .. address, index) end
      if redis.call('HINCRBY', run_key, 'r' .. address, 1) < degree then return nil end
      from = from or redis.call('HGET', run_key, 't' .. address)
    end
    fields[#fields + 1] = 'n' .. address
    if not from then
      fields[#fields + 1] = fresh_node_text('skipped', 0)
      return target
    end
    fields[#fields + 1] = fresh_node_text('ready', 1, from)
    leases[#leases + 1] = lease_until
    leases[#leases + 1] = run_id .. '|' .. frame .. '|' .. target
    ready[#ready + 1] = target
    ready[#ready + 1] = 1
    ready[#ready + 1] = from
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

  -- One less is active, #ready / 3 more are.
  if #ready ~= 3 then
    active = active + #ready / 3 - 1
    fields[#fields + 1], fields[#fields + 2] = 'ac', active
  end
  local shown = more.streamMoves and redis.call('HMGET', run_key, 'sm', 'sq')
  -- With no End node in turn, and none that comes into turn, nothing is set free.
  if shown and (#blocking_taken > 0 or (shown[2] or '') ~= '') then
    stream = cjson.decode(shown[1])
    if not slow and not silent then node.announced = add_event(epoch, started_event()) end
  else
    tell_together()
  end
  in_pieces('HSET', run_key, fields)
  redis.call('ZREM', KEYS[4], run_id .. '|' .. frame .. '|' .. index)
  in_pieces('ZADD', KEYS[4], leases)
  if ARGV[7] ~= '' then redis.call('HSET', vars_key, ARGV[6], ARGV[7]) end
  if more.isEnd then redis.call('HSET', run_key, 'ends', (redis.call('HGET', run_key, 'ends') or '') .. ARGV[6] .. '\31') end

  for _, edge in ipairs(blocking_taken) do
    redis.call('HSET', run_key, 'e' .. edge, '1')
    if stream then reach_ends(stream, edge) end
  end
  if shown then
    for i = 14, #ARGV, 2 do
      if redis.call('HSETNX', run_key, 'x' .. ARGV[i], 'v') == 1 then append_text(ARGV[i], ARGV[i + 1]) end
    end
    for _, sel in ipairs(more.closes or {}) do
      if redis.call('HGET', run_key, 'x' .. sel) == 'o' then redis.call('HSET', run_key, 'x' .. sel, 'f') end
    end
  end
  if stream then
    local too_much_text = select(2, drive_stream(stream, epoch))
    excess = excess or too_much_text
  end
end

if not silent then
  local told = ARGV[9] .. '\31' .. node.index .. '\31' .. ARGV[10]
  if together then
    redis.call('XADD', events_key, epoch .. '-' .. together, 'n', told)
  else
    local id = redis.call('XADD', events_key, epoch .. '-' .. next_number(), 'n', told, 's', node.announced)
    -- A quick node is recorded with what comes after it; a slow one at once, for it would be dear to repeat.
    if slow then redis.call('XADD', KEYS[5], '*', 'k', 'node', 'r', run_id, 'm', more.runLedger, 's', node.announced, 'z', id, 'b', size) end
  end
end

if not ended then
  -- The limit is on the starts of all frames, without retries (dsl 3.8).
  if excess then
    decide(run_id, KEYS[6], 'failed', excess, '', now)
    ended = true
  elseif starts > tonumber(run[8]) then
    decide(run_id, KEYS[6], 'failed',
      'Aborted: Maximum execution steps exceeded: ' .. starts .. ' > ' .. run[8], '', now)
    ended = true
  elseif active == 0 then
    decide(run_id, KEYS[6], exceptions > 0 and 'partial-succeeded' or 'succeeded', nil, '', now)
    ended = true
  end
end
if not silent then ring(bells, run_id) end
if ended then return { 'applied', 1, {}, decided_payload() } end
return { 'applied', 0, ready }
