-- Emits a reasoning_chunk of a claimed node, if an End node that shows it streams or waits for its turn (dsl 5.5).
-- KEYS: run hash, variables hash, events stream
-- ARGV: 1 run id, 2 frame.node, 3 token, 4 event, 5 number of this piece among the token's, from 1: one that comes again
--       changes nothing, 6… selector numbers of the node's text and reasoning
-- Returns 1, or 0 when the token is stale
--@include run
local run = redis.call('HMGET', run_key, 'st', 'n' .. ARGV[2], 'ep', 'bl', 'sm', 'sq', 'q' .. ARGV[2])
local node = parse_node(run[2])
if run[1] ~= 'running' or not node or node.state ~= 'running' or node.token ~= ARGV[3] then return 0 end
local last = run[7] and tonumber(string.match(run[7], '^' .. ARGV[3]:gsub('%-', '%%-') .. ':(%d+)$'))
if last and last >= tonumber(ARGV[5]) then return 1 end
redis.call('HSET', run_key, 'q' .. ARGV[2], ARGV[3] .. ':' .. ARGV[5])
local wanted = {}
for at = 6, #ARGV do wanted[tonumber(ARGV[at])] = true end
local stream = cjson.decode(run[5])
for position in string.gmatch(run[6] or '', '(%d+),') do
  for _, segment in ipairs(stream.ends[tonumber(position)].segments) do
    if segment.sel and wanted[segment.sel] then
      add_event(run[3], ARGV[4])
      ring(run[4], ARGV[1])
      return 1
    end
  end
end
return 1
