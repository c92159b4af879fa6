-- Makes every write of a transaction, or none: every condition is looked at before the first write, and no write
-- that follows can fail for what it finds.
-- KEYS     names of records and of indexes, of one partition
-- ARGV     op, questions, writes, value...
-- RETURNS  {refused, record...}: 0, or the number, from 1, of the first condition that failed; and the records read,
--          as they were before the writes
-- Questions and writes are steps of six bytes, which cost less than as many arguments: what to do; a number in three
-- bytes, which is a place in KEYS or, of a condition, its own; and in two bytes how many of the values, which stand in
-- the order of the steps, are the step's. Numbers in values are whole, and exact between -2^53 and 2^53.
local call, KEYS, ARGV, byte, unpack, match, tonumber = redis.call, KEYS, ARGV, string.byte, unpack, string.match, tonumber
local op, questions, writes = ARGV[1], ARGV[2], ARGV[3]
local last = 3 -- of the values of the step

local function number(s) return s and match(s, '^%-?%d+$') and tonumber(s) or 0 end

local read, look, absent, present, equal, below = byte('rl01=<', 1, 6)
local result, refused = { 0 }, 0
local seen, field -- of the record that was looked at
for at = 1, #questions, 6 do
  local what, a, b, c, d, e = byte(questions, at, at + 5)
  local n, first = 65536 * a + 256 * b + c, last + 1
  last = last + 256 * d + e
  if what == look then -- at fields of a record, one for each condition that follows
    seen, field = call('HMGET', KEYS[n], unpack(ARGV, first, last)), 0
  elseif what == read then
    result[#result + 1] = call('HGETALL', KEYS[n])
  else
    field = field + 1
    local found, holds = seen[field], nil
    if what == absent then
      holds = not found
    elseif what == present then
      holds = found
    elseif what == equal then
      holds = found == ARGV[last]
    elseif what == below then
      holds = number(found) < tonumber(ARGV[last])
    else -- above
      holds = number(found) > tonumber(ARGV[last])
    end
    if not holds and (refused == 0 or n < refused) then refused = n end
  end
end

-- A refusal beside this very op is the echo of a run whose reply was lost. The stamp is written again, so that
-- whoever waits for replicas waits until they have that run, too.
local function echoes()
  for at = 1, #questions, 6 do
    local what, a, b, c = byte(questions, at, at + 3)
    local name = KEYS[65536 * a + 256 * b + c]
    if what == look and call('HGET', name, 'op') == op then
      call('HSET', name, 'op', op)
      return true
    end
  end
  return false
end

if refused > 0 then
  if not echoes() then result[1] = refused end
  return result
end

local set, add, insert, collect, remove, unset, trim = byte('saicdut', 1, 7)
for at = 1, #writes, 6 do
  local what, a, b, c, d, e = byte(writes, at, at + 5)
  local name, first = KEYS[65536 * a + 256 * b + c], last + 1
  last = last + 256 * d + e
  if what == set then
    call('HSET', name, 'op', op, unpack(ARGV, first, last))
  elseif what == add then
    local sum = number(call('HGET', name, ARGV[first])) + ARGV[last]
    call('HSET', name, 'op', op, ARGV[first], string.format('%.0f', sum))
  elseif what == insert then
    call('ZADD', name, 0, ARGV[last])
  elseif what == collect then
    call('PEXPIREAT', name, ARGV[last])
  elseif what == remove then
    call('ZREM', name, ARGV[last])
  elseif what == unset then
    call('HDEL', name, unpack(ARGV, first, last))
  elseif what == trim then
    call('ZREMRANGEBYLEX', name, '-', '(' .. ARGV[last])
  else -- delete
    call('UNLINK', name)
  end
end
return result
