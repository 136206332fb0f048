-- Keep leases that are still ours. ARGV: lease in ms, then pairs: unit key, token.
-- Returns for each pair 1 (kept) or 0 (somebody else's, or nobody's).

local until_ms = math.floor(clock() * 1000) + ARGV[1]
local kept = {}
for i = 2, #ARGV, 2 do
  local held = redis.call('GET', 'gavel:lease:' .. ARGV[i])
  local ours = held and string.match(held, '^(.*):%d+$') == ARGV[i + 1]
  if ours then
    redis.call('PEXPIRE', 'gavel:lease:' .. ARGV[i], ARGV[1])
    redis.call('ZADD', 'gavel:awake', 'XX', until_ms, ARGV[i])
  end
  kept[#kept + 1] = ours and 1 or 0
end
return kept
