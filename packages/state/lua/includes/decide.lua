-- Ends of runs. The first decision wins; it fences every token because transitions ask for `st` = running.
local function decide(run_id, decided_key, status, err, code, now)
  redis.call('HSET', run_key, 'st', 'decided', 'ds', status, 'de', err or '', 'dn', err and '1' or '0', 'dc', code or '', 'df', now)
  redis.call('ZADD', decided_key, now, run_id)
  -- Only when the end comes early are there workers to tell.
  if tonumber(redis.call('HGET', run_key, 'ac')) > 0 then
    redis.call('PUBLISH', string.match(run_key, '^{[^}]*}') .. ':stops', run_id)
  end
end

-- All that is needed to write the ending: the run hash, the context and the End outputs in order of completion.
local function decided_payload()
  local fields = { '@ctx' }
  for id in string.gmatch(redis.call('HGET', run_key, 'ends') or '', '([^\31]+)\31') do fields[#fields + 1] = id end
  return { redis.call('HGETALL', run_key), redis.call('HMGET', vars_key, unpack(fields)) }
end
