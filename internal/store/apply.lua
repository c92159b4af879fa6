-- Makes every write of a transaction, or none: every condition is looked at before the first write, and no write
-- that follows can fail for what it finds.
-- KEYS     names of records and of indexes, of one partition
-- ARGV     op, number of reads, number of conditions, then
--          of each read       record            (here and below: its place in KEYS)
--          of each condition  verb, record, field, value
--          of each write      verb, record or index, number of arguments, arguments
-- RETURNS  {refused, record...}: 0, or the number, from 1, of the condition that failed; and the records read, as
--          they were before the writes
-- Numbers are whole, and exact between -2^53 and 2^53.
local call, KEYS, ARGV, tonumber, match = redis.call, KEYS, ARGV, tonumber, string.match
local op = ARGV[1]
local reads, conditions = 4, 4 + ARGV[2]
local writes = conditions + 4 * ARGV[3]

local result, read = { 0 }, {}
for i = reads, conditions - 1 do
  local record = tonumber(ARGV[i])
  read[record] = call('HGETALL', KEYS[record])
  result[i - reads + 2] = read[record]
end

-- A record that was read is not asked for again.
local function exists(record)
  if read[record] then return #read[record] > 0 end
  return call('EXISTS', KEYS[record]) == 1
end

local function value(record, field)
  local known = read[record]
  if not known then return call('HGET', KEYS[record], field) or '' end
  for i = 1, #known, 2 do
    if known[i] == field then return known[i + 1] end
  end
  return ''
end

local function number(s) return match(s, '^%-?%d+$') and tonumber(s) or 0 end

local function holds(verb, record, field, want)
  if verb == 'absent' then return not exists(record) end
  if verb == 'present' then return exists(record) end
  if verb == 'equal' then return value(record, field) == want end
  if verb == 'below' then return number(value(record, field)) < tonumber(want) end
  return number(value(record, field)) > tonumber(want)
end

-- A refusal beside this very op is the echo of a run whose reply was lost. The stamp is written again, so that
-- whoever waits for replicas waits until they have that run, too.
local function echoes()
  for i = conditions, writes - 1, 4 do
    local record = tonumber(ARGV[i + 1])
    if value(record, 'op') == op then
      call('HSET', KEYS[record], 'op', op)
      return true
    end
  end
  return false
end

local function write(verb, name, first, last)
  if verb == 'set' then
    call('HSET', name, 'op', op, unpack(ARGV, first, last))
  elseif verb == 'unset' then
    call('HDEL', name, unpack(ARGV, first, last))
  elseif verb == 'add' then
    local sum = number(call('HGET', name, ARGV[first]) or '') + ARGV[last]
    call('HSET', name, 'op', op, ARGV[first], string.format('%.0f', sum))
  elseif verb == 'insert' then
    call('ZADD', name, 0, ARGV[first])
  elseif verb == 'remove' then
    call('ZREM', name, ARGV[first])
  elseif verb == 'trim' then
    call('ZREMRANGEBYLEX', name, '-', '(' .. ARGV[first])
  elseif verb == 'collect' then
    call('PEXPIREAT', name, ARGV[first])
  elseif verb == 'delete' then
    call('UNLINK', name)
  end
end

for i = conditions, writes - 1, 4 do
  if not holds(ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3]) then
    if not echoes() then result[1] = (i - conditions) / 4 + 1 end
    return result
  end
end

local i = writes
while i <= #ARGV do
  local last = i + 2 + ARGV[i + 2]
  write(ARGV[i], KEYS[tonumber(ARGV[i + 1])], i + 3, last)
  i = last + 1
end
return result
