-- One step of a unit's work, all of it or nothing: state, timers, outbox, journal, events taken off.
-- Only the holder of the lease gets through; a commit that was applied and is sent again
-- (its answer was lost) changes nothing.
-- ARGV: unit key, token, number of this commit, lease in ms, how many events at most,
--   events decided, state ('' as before), seconds to keep it (0: for good), outbox ('' as before,
--   '-' empty), live ('' as before, '-' no, else start time), release (1/0), wake at ('' none),
--   seconds to keep the journal, entries to keep;
--   then counted lists: timers set (id, due), timers cancelled (id), journal entries,
--   events for other units (unit key, name, entry JSON), counters (field, by),
--   rows for bounded lists (list key, rows to keep, row).
-- Returns nil when the lease is lost, {now, events, 1} when it is still held,
-- {now, {}, 0} when it was released.

local key, token, number = ARGV[1], ARGV[2], tonumber(ARGV[3])
local lease = 'gavel:lease:' .. key
local inbox = 'gavel:inbox:' .. key
local held = redis.call('GET', lease)
local owner, expected = string.match(held or '', '^(.*):(%d+)$')
local now = clock()

if owner ~= token then return nil end
if tonumber(expected) == number then
  if ARGV[6] ~= '0' then redis.call('LTRIM', inbox, ARGV[6], -1) end
  if ARGV[7] ~= '' then
    if ARGV[8] == '0' then
      redis.call('SET', 'gavel:conference:' .. key, ARGV[7])
    else
      redis.call('SET', 'gavel:conference:' .. key, ARGV[7], 'EX', ARGV[8])
    end
  end
  if ARGV[9] == '-' then
    redis.call('DEL', 'gavel:outbox:' .. key)
  elseif string.sub(ARGV[9], 1, 13) == '{"entries":[]' then
    redis.call('SET', 'gavel:outbox:' .. key, ARGV[9], 'EX', 60)
  elseif ARGV[9] ~= '' then
    redis.call('SET', 'gavel:outbox:' .. key, ARGV[9])
  end
  if ARGV[10] == '-' then
    redis.call('ZREM', 'gavel:live', key)
  elseif ARGV[10] ~= '' then
    redis.call('ZADD', 'gavel:live', ARGV[10], key)
  end

  local at = 15
  local function list(width, each)
    local n = tonumber(ARGV[at])
    at = at + 1
    for i = 1, n do
      each(at)
      at = at + width
    end
    return n
  end
  list(2, function(i) redis.call('ZADD', 'gavel:due', ARGV[i + 1], key .. ' ' .. ARGV[i]) end)
  list(1, function(i) redis.call('ZREM', 'gavel:due', key .. ' ' .. ARGV[i]) end)
  local conference = string.sub(key, 1, 22)  -- a web lane tells its conference's story
  local journal = 'gavel:journal:' .. conference
  local written = list(1, function(i)
    redis.call('RPUSH', journal, ARGV[i])
    redis.call('PUBLISH', 'gavel:story', ARGV[i])
  end)
  if written > 0 then
    redis.call('LTRIM', journal, -ARGV[14], -1)
    redis.call('EXPIRE', journal, ARGV[13])
    redis.call('ZADD', 'gavel:known', seconds(now), conference)
  end
  list(3, function(i)
    redis.call('HSETNX', 'gavel:names', ARGV[i], ARGV[i + 1])
    redis.call('RPUSH', 'gavel:inbox:' .. ARGV[i], seconds(now) .. ' ' .. ARGV[i + 2])
    if ARGV[i] ~= key then wake(ARGV[i], now) end
  end)
  list(2, function(i) count(ARGV[i], ARGV[i + 1]) end)
  list(3, function(i)
    redis.call('RPUSH', ARGV[i], ARGV[i + 2])
    redis.call('LTRIM', ARGV[i], -ARGV[i + 1], -1)
  end)
  number = number + 1
elseif tonumber(expected) ~= number + 1 then
  return nil
else
  number = number + 1
end

local events = redis.call('LRANGE', inbox, 0, ARGV[5] - 1)
if ARGV[11] == '1' and #events == 0 then
  redis.call('DEL', lease)
  redis.call('ZREM', 'gavel:awake', key)
  if ARGV[12] ~= '' then redis.call('ZADD', 'gavel:due', ARGV[12], key .. ' ~') end
  return {seconds(now), {}, 0}
end
redis.call('SET', lease, token .. ':' .. number, 'PX', ARGV[4])
redis.call('ZADD', 'gavel:awake', math.floor(now * 1000) + ARGV[4], key)
return {seconds(now), events, 1}
