-- Say that a process works by these rules, and ask whether it must make them known again.
-- ARGV: their digest, seconds after which rules that nobody holds any more are abandoned.
-- Returns 1 when Redis has lost what was published (an emptied store), or when it belongs to a
-- process with another file that is gone; else 0.

local known = redis.call('GET', 'gavel:rules_digest')
local now = clock()
redis.call('HSET', 'gavel:rules_held', ARGV[1], seconds(now))
if not known or redis.call('EXISTS', 'gavel:rules') == 0 then return 1 end
if known == ARGV[1] then return 0 end
local held = tonumber(redis.call('HGET', 'gavel:rules_held', known) or '0')
if now - held < tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', 'gavel:rules_held', known)
return 1
