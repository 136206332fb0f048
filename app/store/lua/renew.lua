-- Keep leases that are still ours. ARGV: lease in ms, then pairs: unit key, token.

local until_ms = math.floor(clock() * 1000) + ARGV[1]
for i = 2, #ARGV, 2 do
  local held = redis.call('GET', 'gavel:lease:' .. ARGV[i])
  if held and string.match(held, '^(.*):%d+$') == ARGV[i + 1] then
    redis.call('PEXPIRE', 'gavel:lease:' .. ARGV[i], ARGV[1])
    redis.call('ZADD', 'gavel:awake', 'XX', until_ms, ARGV[i])
  end
end
