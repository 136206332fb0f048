-- Keep a transcription whose recording nobody has told us of yet.
-- ARGV: recording key, parked key, event id, event JSON, seconds to keep or 0,
--       how many of its fields could not be read, the counter of these, then pairs of identities.
-- Returns {2, conference name} when the recording is known after all (nothing was changed),
-- {3} when it is not and there is no time to keep it (nothing was changed), {1, event id} when parked, {0, earlier id} for a duplicate.

local name = redis.call('GET', ARGV[1])
if name then return {2, name} end
if ARGV[5] == '0' then return {3, ''} end
local before = known_as(8)
if before then return {0, before} end
remember(8, ARGV[3])
redis.call('RPUSH', ARGV[2], ARGV[4])
redis.call('LTRIM', ARGV[2], -10, -1)
redis.call('EXPIRE', ARGV[2], ARGV[5])
count('gavel_events_accepted_total', 1)
if ARGV[6] ~= '0' then count(ARGV[7], ARGV[6]) end
return {1, ARGV[3]}
