-- Ends of runs. The first decision wins; it fences every token because transitions ask for `st` = running.
local function decide(run_id, decided_key, status, err, code, now)
  redis.call('HSET', run_key, 'st', 'decided', 'ds', status, 'de', err or '', 'dn', err and '1' or '0', 'dc', code or '', 'df', now)
  redis.call('ZADD', decided_key, now, run_id)
  -- Only when the end comes early are there workers to tell.
  if tonumber(redis.call('HGET', run_key, 'ac')) > 0 then
    redis.call('PUBLISH', string.match(run_key, '^{[^}]*}') .. ':stops', run_id)
  end
end

-- All that is needed to write the ending: what decided.ts knows the run by, the context and the End outputs in order of
-- completion, and, while nodes are active, the whole run hash.
local function decided_payload()
  local ends = { '@ctx' }
  local found = redis.call('HMGET', run_key, 'ep', 'ds', 'de', 'dn', 'dc', 'df', 'b0', 'tk', 'ix', 'in', 'rt', 'ex', 'ac', 'ends')
  for id in string.gmatch(found[14] or '', '([^\31]+)\31') do ends[#ends + 1] = id end
  return { found, redis.call('HMGET', vars_key, unpack(ends)), tonumber(found[13]) > 0 and redis.call('HGETALL', run_key) or {} }
end
