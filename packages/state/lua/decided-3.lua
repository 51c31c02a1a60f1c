-- Reads what is needed to write the ending of a decided run.
-- KEYS: run hash, variables hash, events stream
-- Returns payload, or nil when the run is gone, not decided, or already published
--@include run
--@include decide
if redis.call('HGET', run_key, 'st') ~= 'decided' then return false end
return decided_payload()
