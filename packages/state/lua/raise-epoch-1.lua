-- Lifts a run to a later epoch; never back.
-- KEYS: run hash   ARGV: 1 epoch
-- Returns 1, or 0 when the run is gone
local epoch = redis.call('HGET', KEYS[1], 'ep')
if not epoch then return 0 end
if tonumber(epoch) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'ep', ARGV[1]) end
return 1
