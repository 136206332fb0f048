-- Keep leases that are still ours. ARGV: token, lease in ms, then unit keys. Returns the lost ones.

local lost = {}
local until_ms = math.floor(clock() * 1000) + ARGV[2]
for i = 3, #ARGV do
  local held = redis.call('GET', 'gavel:lease:' .. ARGV[i])
  if held and string.match(held, '^(.*):%d+$') == ARGV[1] then
    redis.call('PEXPIRE', 'gavel:lease:' .. ARGV[i], ARGV[2])
    redis.call('ZADD', 'gavel:awake', 'XX', until_ms, ARGV[i])
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
