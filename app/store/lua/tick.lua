-- Fire what is due, look after units that nobody worked in time, forget old names.
-- ARGV: how many timers at most, seconds that anything is kept of a conference. Returns {now, timers fired, time of the next timer or '',
-- units woken again, time when the next unit has to be looked after or ''}.
-- A fired timer is an event in its conference's inbox, dated with the time it was due;
-- the timer called `~` only wakes its unit (a call waits for its time).

local now = clock()
local due = redis.call('ZRANGEBYSCORE', 'gavel:due', '-inf', seconds(now), 'WITHSCORES', 'LIMIT', 0, ARGV[1])
for i = 1, #due, 2 do
  local key, timer = string.match(due[i], '^(%S+) (.*)$')
  redis.call('ZREM', 'gavel:due', due[i])
  if timer ~= '~' then
    local id = 'tmr-' .. string.sub(redis.sha1hex(due[i] .. due[i + 1]), 1, 16)
    redis.call('RPUSH', 'gavel:inbox:' .. key, seconds(due[i + 1]) .. ' ' .. cjson.encode({
      id = id, kind = 'timer', conference = redis.call('HGET', 'gavel:names', key) or '', uuid = '',
      data = {timer = timer, due = tonumber(due[i + 1]), what = string.match(timer, '^%d+%.([^.]+)')},
    }))
  end
  wake(key, now)
end
if #due > 0 then count('gavel_timers_fired_total', #due / 2) end

local forgotten = redis.call('ZRANGEBYSCORE', 'gavel:awake', '-inf', math.floor(now * 1000), 'LIMIT', 0, 100)
for _, key in ipairs(forgotten) do
  local soon = is_copy(key) and 30 or 5  -- many copies may wait for long
  redis.call('ZADD', 'gavel:awake', math.floor((now + soon) * 1000), key)
  if not is_queued(key) then
    if account then redis.call('SREM', 'gavel:queued', key) end  -- who took it died
    push(key)
  end
end

-- Names that nothing is kept of any more: journal and state are gone.
local old = redis.call('ZRANGEBYSCORE', 'gavel:known', '-inf', seconds(now - ARGV[2]), 'LIMIT', 0, 10)
if #old > 0 then
  redis.call('ZREM', 'gavel:known', unpack(old))
  for _, key in ipairs(old) do redis.call('HDEL', 'gavel:names', key, key .. '-web') end
end

local next = redis.call('ZRANGE', 'gavel:due', 0, 0, 'WITHSCORES')
local awake = redis.call('ZRANGE', 'gavel:awake', 0, 0, 'WITHSCORES')
if account then  -- once a day at least, to forget what is old
  local look = math.min(now + 86400, tonumber(next[2] or 'inf'), tonumber(awake[2] or 'inf') / 1000)
  redis.call('ZADD', 'gavel:accounts', seconds(look), account)
end
return {seconds(now), #due / 2, next[2] or '', #forgotten, awake[2] and seconds(awake[2] / 1000) or ''}
