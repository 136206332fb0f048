-- A try at a PIN is counted before it is known whether it is right: tries that come at once can not
-- pass a limit together. Arguments: the sets of the caller and of the conference, the name of the
-- try, seconds that a try counts, tries at most. Answers {allowed, fills}: fills is 1 when this try
-- is the last that is allowed, and new.
local caller, conference, name = ARGV[1], ARGV[2], ARGV[3]
local seconds, most = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000

local count, known = 0, false
for _, set in ipairs({caller, conference}) do
  redis.call('ZREMRANGEBYSCORE', set, '-inf', now - seconds)
  count = math.max(count, redis.call('ZCARD', set))
  known = known or redis.call('ZSCORE', set, name)
end
if known then return {1, 0} end -- the same request again
if count >= most then return {0, 0} end
if name == '' then return {1, 0} end -- only asked
for _, set in ipairs({caller, conference}) do
  redis.call('ZADD', set, now, name)
  redis.call('EXPIRE', set, seconds)
end
return {1, count + 1 >= most and 1 or 0}
