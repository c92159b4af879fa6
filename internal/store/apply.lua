-- Makes every write of a transaction, or none: every condition is looked at before the first write, and no write
-- that follows can fail for what it finds.
-- KEYS     names of records and of indexes, of one partition; those that conditions look at come first
-- ARGV     op, questions, writes...
-- RETURNS  {refused, record...}: 0, or the number, from 1, of the first condition that failed; and the records read,
--          as they were before the writes
-- Questions and writes are lists in MessagePack, which cost less than as many arguments. Questions begin with how many
-- records are looked at. A step is a letter, the place of a key or the number of a condition, and what else it needs.
-- Numbers are whole, and exact between -2^53 and 2^53.
local call, KEYS, ARGV, list, unpack, match, tonumber = redis.call, KEYS, ARGV, cmsgpack.unpack, unpack, string.match, tonumber
local op, questions = ARGV[1], { list(ARGV[2]) }

local function number(s) return s and match(s, '^%-?%d+$') and tonumber(s) or 0 end

local result, refused = { 0 }, 0
local seen, field -- of the record that was looked at
local at = 2
while questions[at] do
  local what, n, more = questions[at], questions[at + 1], questions[at + 2]
  if what == 'l' then -- look at so many fields, one for each condition that follows
    seen, field = call('HMGET', KEYS[n], unpack(questions, at + 3, at + 2 + more)), 0
    at = at + 3 + more
  elseif what == 'r' then -- read the record
    result[#result + 1] = call('HGETALL', KEYS[n])
    at = at + 2
  else
    field, at = field + 1, at + 3
    local found, holds = seen[field], nil
    if what == '0' then -- absent
      holds = not found
    elseif what == '=' then
      holds = found == more
    elseif what == '1' then -- present
      holds = found
    elseif what == '<' then
      holds = number(found) < more
    else -- >
      holds = number(found) > more
    end
    if not holds and (refused == 0 or n < refused) then refused = n end
  end
end

-- A refusal beside this very op is the echo of a run whose reply was lost. The stamp is written again, so that
-- whoever waits for replicas waits until they have that run, too.
if refused > 0 then
  for i = 1, questions[1] do
    if call('HGET', KEYS[i], 'op') == op then
      call('HSET', KEYS[i], 'op', op)
      return result
    end
  end
  result[1] = refused
  return result
end

for i = 3, #ARGV do
  local writes, at = { list(ARGV[i]) }, 1
  while writes[at] do
    local what, name, more = writes[at], KEYS[writes[at + 1]], writes[at + 2]
    at = at + 3
    if what == 's' then -- set so many texts, pairs of field and value
      call('HSET', name, 'op', op, unpack(writes, at, at + more - 1))
      at = at + more
    elseif what == 'a' then -- add to a field
      local sum = number(call('HGET', name, more)) + writes[at]
      call('HSET', name, 'op', op, more, string.format('%.0f', sum))
      at = at + 1
    elseif what == 'i' then -- insert an entry
      call('ZADD', name, 0, more)
    elseif what == 'c' then -- collect from an instant on
      call('PEXPIREAT', name, more)
    elseif what == 'd' then -- remove an entry
      call('ZREM', name, more)
    elseif what == 'u' then -- unset so many fields
      call('HDEL', name, unpack(writes, at, at + more - 1))
      at = at + more
    elseif what == 't' then -- trim the entries below one
      call('ZREMRANGEBYLEX', name, '-', '(' .. more)
    else -- delete
      call('UNLINK', name)
    end
  end
end
return result
