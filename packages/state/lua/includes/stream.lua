-- Text-stream order of End nodes (dsl 5). Fields of the run hash: `sm` table, `cp` chunk prefix, `sq` queue of reached
-- End positions, `sc` cursor in the first one, `e<edge>` taken blocking edges, `x<sel>` state of a selector:
--   o = chunks came, f = stream closed, v = one-piece value. Its text is `~<sel>` in the variables: what waits, or, of a
--   selector that several segments show, all of it; `p<sel>` is then how much of it the segment in turn has emitted.
-- `mt` is how many bytes of events a run may stream, `tb` how many it has.

-- The error that ends a run which streams more than it may, or nothing.
local function excess_of(bytes, most)
  if not most or bytes <= tonumber(most) then return nil end
  return 'Aborted: Maximum size of streamed text exceeded: ' .. bytes .. ' > ' .. most .. ' bytes of events'
end

-- Queues End nodes: without `edge` those that nothing blocks, else those of which this edge was the last blocking one of some
-- path. Asked edge by edge, so that who is reached first streams first (dsl 5.2).
local function reach_ends(stream, edge)
  local function opens(path)
    local is_its = not edge
    for _, each in ipairs(path) do is_its = is_its or each == edge end
    if not is_its then return false end
    for _, each in ipairs(path) do
      if redis.call('HEXISTS', run_key, 'e' .. each) == 0 then return false end
    end
    return true
  end
  local queue = redis.call('HGET', run_key, 'sq') or ''
  local before = queue
  for position, entry in ipairs(stream.ends) do
    for _, path in ipairs(entry.paths) do
      if opens(path) then
        if redis.call('HSETNX', run_key, 'sr' .. position, '1') == 1 then queue = queue .. position .. ',' end
        break
      end
    end
  end
  if queue ~= before then redis.call('HSET', run_key, 'sq', queue) end
end

-- Walks the active End node's segments as far as they can go. Answers whether anything was emitted, and the error that ends
-- the run when a chunk was one too many: neither it nor anything after it is emitted.
local function drive_stream(stream, epoch)
  local fields = redis.call('HMGET', run_key, 'sq', 'sc', 'cp', 'mt', 'tb')
  local queue, cursor, prefix = fields[1] or '', tonumber(fields[2] or '1'), fields[3]
  local bytes = tonumber(fields[5] or '0')
  local was_queue, was_cursor, was_bytes, emitted, excess = queue, cursor, bytes, false, excess_of(bytes, fields[4])
  local function emit_chunk(text, selector)
    local event = prefix .. text .. ',"from_variable_selector":' .. selector .. '}}'
    bytes = bytes + #event
    excess = excess or excess_of(bytes, fields[4])
    if excess then return end
    add_event(epoch, event)
    emitted = true
  end
  while queue ~= '' and not excess do
    local position = tonumber(string.match(queue, '^(%d+),'))
    local entry = stream.ends[position]
    local segment = entry.segments[cursor]
    if not segment then
      queue = string.sub(queue, #tostring(position) + 2)
      cursor = 1
    elseif segment.text then
      emit_chunk(cjson.encode(segment.text), segment.selector)
      cursor = cursor + 1
    else
      local field, state = '~' .. segment.sel, redis.call('HGET', run_key, 'x' .. segment.sel)
      local waiting = state and redis.call('HGET', vars_key, field)
      if state == 'v' then
        emit_chunk('"' .. (waiting or '') .. '"', segment.selector)
        cursor = cursor + 1
      elseif state == 'f' or state == 'o' then
        local seen = segment.shared and tonumber(redis.call('HGET', run_key, 'p' .. segment.sel) or '0') or 0
        if waiting and #waiting > seen then
          emit_chunk('"' .. string.sub(waiting, seen + 1) .. '"', segment.selector)
          if segment.shared then
            redis.call('HSET', run_key, 'p' .. segment.sel, #waiting)
          else
            redis.call('HDEL', vars_key, field)
          end
        end
        if state == 'o' then break end
        if segment.shared then redis.call('HDEL', run_key, 'p' .. segment.sel) end
        emit_chunk('""', segment.selector)
        cursor = cursor + 1
      else
        local source = segment.node >= 0 and read_node('0.' .. segment.node)
        local finished = source and (source.state == 'skipped' or source.state == 'done')
        local ended = read_node('0.' .. entry.node)
        -- A variable that was never produced is passed over; so is the rest once the End node itself is done.
        if finished or (ended and ended.state == 'done') then cursor = cursor + 1 else break end
      end
    end
  end
  if queue ~= was_queue or cursor ~= was_cursor or bytes ~= was_bytes then
    redis.call('HSET', run_key, 'sq', queue, 'sc', cursor, 'tb', bytes)
  end
  return emitted, excess
end

-- `literal` is a JSON string literal; its inside is kept so that pieces can be joined.
local function append_text(sel, literal)
  local inside = string.sub(literal, 2, -2)
  if inside == '' then return end
  local waiting = redis.call('HGET', vars_key, '~' .. sel)
  redis.call('HSET', vars_key, '~' .. sel, (waiting or '') .. inside)
end
