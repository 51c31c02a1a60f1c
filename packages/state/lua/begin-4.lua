-- Claims a node for a job and reads its variables.
-- KEYS: run hash, variables hash, events stream, leases zset
-- ARGV: 1 run id, 2 frame.node, 3 attempt, 4 job id#delivery, 5 token, 6 execution id, 7 lease ms, 8 streamed selectors (csv),
--       9 lease member, 10 token of an owner whose lease ran out or '', 11.. variables to read
-- Returns {'gone'} | {'busy'} | {'begun', token, execution id, index, started ms, announced, crashes, streamed, values,
--         token of the dead owner from whom it was taken over, or ''}, or error FOREIGN
--@include run
local at, attempt = ARGV[2], tonumber(ARGV[3])
-- A job and how often it had been delivered by then.
local function delivery(job)
  local id, times = string.match(job, '^(.*)#(%d+)$')
  return id or job, tonumber(times or 0)
end
local run = redis.call('HMGET', run_key, 'st', 'n' .. at, 'ix', 'v')
if is_foreign(run[4]) then return foreign_reply(run[4]) end
local node = parse_node(run[2])
if run[1] ~= 'running' or not node or node.attempt ~= attempt then return { 'gone' } end
local now = now_ms()
local streamed, former = '0', ''
if node.state == 'running' then
  local lease = redis.call('ZSCORE', KEYS[4], ARGV[9])
  local job, times = delivery(ARGV[4])
  local owner, owner_times = delivery(node.job)
  -- An older delivery comes from a worker that was frozen before it could begin.
  local redelivered = job == owner and times >= owner_times or node.token == ARGV[10]
  if not redelivered and lease and tonumber(lease) > now then return { 'busy' } end
  -- Redelivered, or its owner's lease ran out: its worker died.
  -- (The same token is the same call, sent again after a broken connection.)
  if node.token ~= ARGV[5] then node.crashes, former = node.crashes + 1, node.token end
elseif node.state ~= 'ready' then
  return { 'gone' }
end
local retry = attempt > 1 and node.state == 'ready' and redis.call('HGET', vars_key, '@retry:' .. at)
if node.execution ~= '' then
  -- Text of an attempt before: what no client has seen is as if it had never come; what they have seen needs a
  -- node_retry, and its selector stays open, so that it is owed until an attempt has come to its end.
  for sel in string.gmatch(ARGV[8], '%d+') do
    if redis.call('HGET', run_key, 'x' .. sel) == 'o' then
      local waited = redis.call('HDEL', vars_key, '~' .. sel) == 1
      local seen = redis.call('HDEL', run_key, 'p' .. sel) == 1 or not waited
      if not seen then
        redis.call('HDEL', run_key, 'x' .. sel)
      elseif not retry then
        streamed = '1'
      end
    end
  end
end
local fields = { 'n' .. at, '' }
if node.execution == '' then
  node.execution = ARGV[6]
  node.started = now
  if run[3] == '0' then redis.call('HSETNX', run_key, 'b0', now) end
else
  fields[3], fields[4] = 'l' .. at, now
end
if retry then
  redis.call('HDEL', vars_key, '@retry:' .. at)
  if string.sub(at, 1, 2) == '0.' then redis.call('HINCRBY', run_key, 'rt', 1) end
  local more = redis.call('HMGET', run_key, 'ep', 'bl')
  add_event(more[1], retry)
  ring(more[2], ARGV[1])
end
node.state, node.token, node.job = 'running', ARGV[5], ARGV[4]
fields[2] = node_text(node)
redis.call('HSET', run_key, unpack(fields))
redis.call('ZADD', KEYS[4], now + tonumber(ARGV[7]), ARGV[9])
return { 'begun', node.token, node.execution, node.index, node.started, node.announced, node.crashes, streamed,
  #ARGV < 11 and {} or redis.call('HMGET', vars_key, unpack(ARGV, 11)), former }
