-- A worker process gives a sign of life; those that gave none for a minute are forgotten.
-- ARGV: its name, what it has (JSON).

local now = clock()
redis.call('HSET', 'gavel:workers', ARGV[1], seconds(now) .. ' ' .. ARGV[2])
local beats = redis.call('HGETALL', 'gavel:workers')
for i = 1, #beats, 2 do
  local at = tonumber(string.match(beats[i + 1], '^%S+'))
  if now - at > 60 then redis.call('HDEL', 'gavel:workers', beats[i]) end
end
