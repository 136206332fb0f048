-- A turn ended without a commit, but its worker lives: it is no death. ARGV: unit key, token.

local others = uncommitted(ARGV[1], ARGV[2])
if others == '' then
  redis.call('HDEL', 'gavel:begun', ARGV[1])
else
  redis.call('HSET', 'gavel:begun', ARGV[1], others)
end
return 1
