-- Shared by every transition. Expects KEYS[1] = run hash, KEYS[2] = variables hash, KEYS[3] = events stream.
-- A node's state is one hash field `n<frame>.<node>`, its parts joined by `|`:
--   state (ready|running|done|skipped|failed), attempt, token, job id, execution id, index (0 until started is told), started ms,
--   id of its node_started event or 0, crashes, node whose edge made it ready or nothing
-- Of a node that began more than once, `l<frame>.<node>` says when it last did.
local run_key, vars_key, events_key = KEYS[1], KEYS[2], KEYS[3]

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Milliseconds have 13 digits: Lua writes numbers of up to 14 as they are.

local function parse_node(text)
  if not text then return nil end
  local state, attempt, token, job, execution, index, started, announced, crashes, from =
    string.match(text, '^(%a+)|(%d+)|([^|]*)|([^|]*)|([^|]*)|(%d+)|(%d+)|([^|]*)|(%d+)|(%d*)$')
  return {
    state = state, attempt = tonumber(attempt), token = token, job = job, execution = execution,
    index = tonumber(index), started = tonumber(started), announced = announced, crashes = tonumber(crashes),
    from = from,
  }
end

-- A run of a format that this release does not know is left alone (contracts/format.ts, F2).
local function is_foreign(format)
  if not format then return false end
  return tonumber(format) < @oldest_format or tonumber(format) > @newest_format
end
local function foreign_reply(format) return redis.error_reply('FOREIGN run of format ' .. format) end

local function read_node(at) return parse_node(redis.call('HGET', run_key, 'n' .. at)) end

local function node_text(n)
  return table.concat({
    n.state, n.attempt, n.token, n.job, n.execution, n.index, n.started, n.announced, n.crashes, n.from }, '|')
end

-- Of a node that nobody has begun.
local function fresh_node_text(state, attempt, from) return state .. '|' .. attempt .. '||||0|0|0|0|' .. (from or '') end

-- Events are numbered without a gap. An entry that holds two has the number of the second.
local function next_number() return redis.call('HINCRBY', run_key, 'en', 1) end

local function add_event(epoch, json)
  return redis.call('XADD', events_key, epoch .. '-' .. next_number(), 'e', json)
end

-- A node gets its number when its node_started is told, so that numbers rise in the order of the stream. Answers how many
-- have started; steps are the starts of the root frame (dsl 3.11): all starts less the inner ones, plus the retries.
local function number_node(node, at, starts)
  node.index = starts + 1
  if string.sub(at, 1, 2) ~= '0.' then redis.call('HINCRBY', run_key, 'in', 1) end
  return node.index
end

-- Doorbells: `channel mode` pairs joined by `,`; mode `end` hears of the terminal event only. `ending` is what it is told then.
local function ring(bells, run_id, ending)
  if not bells or bells == '' then return end
  for channel, mode in string.gmatch(bells, '([^, ]+) (%a+)') do
    if mode == 'all' then
      redis.call('PUBLISH', channel, run_id)
    elseif ending then
      redis.call('PUBLISH', channel, ending)
    end
  end
end
