-- Reads what is needed to write the ending of a decided run.
-- KEYS: run hash, variables hash, events stream
-- Returns payload, or nil when the run is gone, not decided, or already published, or error FOREIGN
--@include run
--@include decide
local run = redis.call('HMGET', run_key, 'st', 'v')
if run[1] ~= 'decided' then return false end
if is_foreign(run[2]) then return foreign_reply(run[2]) end
return decided_payload()
