-- How much waits to be decided, and who works. ARGV: how many units to look at, the seconds of the
-- budget's window (none: what workers tell).
-- Returns {units awake, events in the inboxes of those looked at, when the oldest of them was
-- accepted (seconds, text) or '', timers set, timers due by now, live conferences, now, members of
-- these, calls in the budget's window, then for each worker that gave a sign of life within 5 s
-- what it has (JSON)}.

local now = clock()
local events, oldest = 0, ''
for _, key in ipairs(redis.call('ZRANGE', 'gavel:awake', 0, ARGV[1] - 1)) do
  local inbox = 'gavel:inbox:' .. key
  local length = is_copy(key) and 0 or redis.call('LLEN', inbox)  -- these may wait for long
  if length > 0 then
    events = events + length
    local at = string.match(redis.call('LINDEX', inbox, 0), '^[%d.]+')
    if at and (oldest == '' or tonumber(at) < tonumber(oldest)) then oldest = at end
  end
end
local members = 0
local rooms = redis.call('ZRANGE', 'gavel:members', 0, -1, 'WITHSCORES')
for i = 2, #rooms, 2 do members = members + rooms[i] end

local workers, window = {}, 0
local beats = redis.call('HGETALL', 'gavel:workers')
for i = 2, #beats, 2 do
  local at, has = string.match(beats[i], '^(%S+) (.*)$')
  if now - tonumber(at) < 5 then
    workers[#workers + 1] = has
    window = math.max(window, cjson.decode(has).window)
  end
end
local used, first = 0, now - (tonumber(ARGV[2] or '') or window)
for _, at in ipairs(redis.call('LRANGE', 'gavel:budget:sent', 0, -1)) do
  if at / 1000000 > first then used = used + 1 end
end

return {
  redis.call('ZCARD', 'gavel:awake'), events, oldest, redis.call('ZCARD', 'gavel:due'),
  redis.call('ZCOUNT', 'gavel:due', '-inf', seconds(now)), redis.call('ZCARD', 'gavel:live'),
  seconds(now), members, used, unpack(workers),
}
