-- A process gives a sign of life; those that gave none for a minute are forgotten.
-- ARGV: the hash of its kind, its name, what it has (JSON).

local now = clock()
redis.call('HSET', ARGV[1], ARGV[2], seconds(now) .. ' ' .. ARGV[3])
local beats = redis.call('HGETALL', ARGV[1])
for i = 1, #beats, 2 do
  local at = tonumber(string.match(beats[i + 1], '^%S+'))
  if now - at > 60 then redis.call('HDEL', ARGV[1], beats[i]) end
end
