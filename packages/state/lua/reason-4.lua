-- Emits a reasoning_chunk of a claimed node, if an End node that shows it streams or waits for its turn (dsl 5.5).
-- KEYS: run hash, variables hash, events stream, decided zset
-- ARGV: 1 run id, 2 frame.node, 3 token, 4 event, 5 number of this piece among the token's, from 1: one that comes again
--       changes nothing, 6… selector numbers of the node's text and reasoning
-- Returns 1, 0 when the token is stale, or a decided payload when the run has streamed more than it may
--@include run
--@include stream
--@include decide
local run = redis.call('HMGET', run_key, 'st', 'n' .. ARGV[2], 'ep', 'bl', 'sm', 'sq', 'q' .. ARGV[2], 'mt', 'tb')
local node = parse_node(run[2])
if run[1] ~= 'running' or not node or node.state ~= 'running' or node.token ~= ARGV[3] then return 0 end
local last = run[7] and tonumber(string.match(run[7], '^' .. ARGV[3]:gsub('%-', '%%-') .. ':(%d+)$'))
if last and last >= tonumber(ARGV[5]) then return 1 end
local wanted = {}
for at = 6, #ARGV do wanted[tonumber(ARGV[at])] = true end
local stream = cjson.decode(run[5])
local function is_shown()
  for position in string.gmatch(run[6] or '', '(%d+),') do
    for _, segment in ipairs(stream.ends[tonumber(position)].segments) do
      if segment.sel and wanted[segment.sel] then return true end
    end
  end
  return false
end
local shown, bytes = is_shown(), tonumber(run[9] or '0')
if shown then bytes = bytes + #ARGV[4] end
redis.call('HSET', run_key, 'q' .. ARGV[2], ARGV[3] .. ':' .. ARGV[5], 'tb', bytes)
if not shown then return 1 end
local excess = excess_of(bytes, run[8])
if excess then
  decide(ARGV[1], KEYS[4], 'failed', excess, '', now_ms())
  return decided_payload()
end
add_event(run[3], ARGV[4])
ring(run[4], ARGV[1])
return 1
