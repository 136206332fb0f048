-- How much waits to be decided. ARGV: how many units to look at.
-- Returns {units awake, events in the inboxes of those looked at, when the oldest of them was
-- accepted (seconds, text) or '', timers set, timers due by now, live conferences, now}.

local now = clock()
local events, oldest = 0, ''
for _, key in ipairs(redis.call('ZRANGE', 'gavel:awake', 0, ARGV[1] - 1)) do
  local inbox = 'gavel:inbox:' .. key
  local length = redis.call('LLEN', inbox)
  if length > 0 then
    events = events + length
    local at = string.match(redis.call('LINDEX', inbox, 0), '^[%d.]+')
    if at and (oldest == '' or tonumber(at) < tonumber(oldest)) then oldest = at end
  end
end
return {
  redis.call('ZCARD', 'gavel:awake'), events, oldest, redis.call('ZCARD', 'gavel:due'),
  redis.call('ZCOUNT', 'gavel:due', '-inf', seconds(now)), redis.call('ZCARD', 'gavel:live'),
  seconds(now),
}
