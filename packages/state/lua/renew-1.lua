-- Renews leases of claimed nodes of one shard. Answers which claims still stand.
-- KEYS: leases zset, then one run hash per claim
-- ARGV: 1 lease ms, then per claim: frame.node, token, lease member
local t = redis.call('TIME')
local until_ms = t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(ARGV[1])
local standing = {}
for i = 2, #KEYS do
  local at, token, member = ARGV[3 * i - 4], ARGV[3 * i - 3], ARGV[3 * i - 2]
  local found = redis.call('HMGET', KEYS[i], 'st', 'n' .. at)
  local stands = found[1] == 'running' and found[2] and string.match(found[2], '^running|%d+|([^|]*)|') == token
  if stands then redis.call('ZADD', KEYS[1], until_ms, member) end
  standing[#standing + 1] = stands and 1 or 0
end
return standing
