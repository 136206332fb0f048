-- Accept one event: remember its identities, append it to its conference's inbox, wake a worker.
-- ARGV: unit key, conference name, event id, event JSON,
--       recording id's key or '', parked key or '', seconds to remember a recording,
--       how many of its fields could not be read, the counter of these,
--       then pairs: identity key, seconds to remember it.
-- Returns {1, event id}, or {0, id of the event that it repeats} and changes nothing.

local key, name, id, event = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local recording, parked, keep = ARGV[5], ARGV[6], ARGV[7]

local before = known_as(10)
if before then return {0, before} end
remember(10, id)

local now = clock()
local inbox = 'gavel:inbox:' .. key
redis.call('HSETNX', 'gavel:names', key, name)
redis.call('RPUSH', inbox, seconds(now) .. ' ' .. event)
if recording ~= '' then
  redis.call('SET', recording, name, 'EX', keep)
  while true do
    local early = redis.call('LPOP', parked)
    if not early then break end
    redis.call('RPUSH', inbox, seconds(now) .. ' ' .. early)
  end
end
wake(key, now)
count('gavel_events_accepted_total', 1)
if ARGV[8] ~= '0' then count(ARGV[9], ARGV[8]) end
return {1, id}
