-- Adds a doorbell to a run that was accepted elsewhere.
-- KEYS: run hash   ARGV: 1 channel
-- Returns 1, or 0 when the run is gone
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local bells = redis.call('HGET', KEYS[1], 'bl') or ''
if not string.find(bells, ARGV[1] .. ' all', 1, true) then
  redis.call('HSET', KEYS[1], 'bl', bells == '' and (ARGV[1] .. ' all') or (bells .. ',' .. ARGV[1] .. ' all'))
end
return 1
