-- A turn ended without a commit, but its worker lives: it is no death.
-- ARGV: unit key, token, whether the lease is given back, for another worker to take it (1/0).

local others = uncommitted(ARGV[1], ARGV[2])
if others == '' then
  redis.call('HDEL', 'gavel:begun', ARGV[1])
else
  redis.call('HSET', 'gavel:begun', ARGV[1], others)
end
if ARGV[3] == '1' then
  local lease = 'gavel:lease:' .. ARGV[1]
  if string.match(redis.call('GET', lease) or '', '^(.*):%d+$') == ARGV[2] then
    redis.call('DEL', lease)
    awake_by(math.floor((clock() + 1) * 1000), ARGV[1])
  end
end
return 1
