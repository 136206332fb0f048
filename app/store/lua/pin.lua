-- A try at a PIN is counted before it is known whether it is right: tries that come at once can not
-- pass a limit together. Arguments: the sets of the caller and of the conference, the name of the
-- try, seconds that a try counts, and how many are allowed of the caller and of all together.
-- Answers {allowed, closes}: this try, where it is new, is the last that is allowed to nobody (0),
-- to this caller (1), or to everybody (2).
local name, seconds = ARGV[3], tonumber(ARGV[4])
local sets = {{ARGV[1], tonumber(ARGV[5])}, {ARGV[2], tonumber(ARGV[6])}}
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000

local known, full, closes = false, false, 0
for whose, set in ipairs(sets) do
  redis.call('ZREMRANGEBYSCORE', set[1], '-inf', now - seconds)
  local count = redis.call('ZCARD', set[1])
  known = known or redis.call('ZSCORE', set[1], name)
  full = full or count >= set[2]
  if count + 1 >= set[2] then closes = whose end
end
if known then return {1, 0} end -- the same request again
if full then return {0, 0} end
if name == '' then return {1, 0} end -- only asked
for _, set in ipairs(sets) do
  redis.call('ZADD', set[1], now, name)
  redis.call('EXPIRE', set[1], seconds)
end
return {1, closes}
