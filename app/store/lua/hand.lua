-- Hand a call to its unit beside a conference's, unless one waits there.
-- ARGV: unit key, conference name, the call (JSON), its entry in the audit (JSON).
-- Returns whether it was taken.

local key, now = ARGV[1], clock()
if redis.call('HSETNX', 'gavel:names', key, ARGV[2]) == 0 then return 0 end
redis.call('RPUSH', 'gavel:inbox:' .. key, seconds(now) .. ' ' .. ARGV[3])
wake(key, now)
audit(ARGV[4])
return 1
