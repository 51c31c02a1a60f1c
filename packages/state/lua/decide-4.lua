-- Decides the end of a run from outside (stop, time limit). The first decision wins.
-- KEYS: run hash, variables hash, events stream, decided zset
-- ARGV: 1 run id, 2 status, 3 error or '', 4 API code or ''
-- Returns {'decided', payload} | {'already', payload when not yet published} | {'gone'}, or error FOREIGN
--@include run
--@include decide
local run = redis.call('HMGET', run_key, 'st', 'v')
local state = run[1]
if not state then return { 'gone' } end
if is_foreign(run[2]) then return foreign_reply(run[2]) end
if state == 'decided' then return { 'already', decided_payload() } end
if state ~= 'running' then return { 'already' } end
decide(ARGV[1], KEYS[4], ARGV[2], ARGV[3] ~= '' and ARGV[3] or nil, ARGV[4], now_ms())
return { 'decided', decided_payload() }
