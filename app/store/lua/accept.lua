-- Accept one event: remember its identities, append it to its conference's inbox, wake a worker.
-- ARGV: unit key, conference name, event id, event JSON,
--       recording id's key or '', parked key or '', seconds to remember a recording,
--       how many of its fields could not be read, the counter of these,
--       a nonce that the conference shall know as long as it is live, or '',
--       its entry in the audit (JSON) when a person asked for it, or '',
--       then pairs: identity key, seconds to remember it.
-- Returns {1, event id}, or {0, id of the event that it repeats} and changes nothing.

local key, name, id, event = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local recording, parked, keep = ARGV[5], ARGV[6], ARGV[7]

local nonces, nonce = 'gavel:nonces:' .. key, ARGV[10]
local most_nonces = 100000

local function known_nonce()
  local first = nonce ~= '' and redis.call('HGET', nonces, nonce)
  if first then count('gavel_events_duplicate_total', 1) end
  return first
end

local before = known_as(12) or known_nonce()
if before then return {0, before} end
remember(12, id)
if nonce ~= '' and redis.call('HLEN', nonces) < most_nonces then
  redis.call('HSET', nonces, nonce, id)
  redis.call('EXPIRE', nonces, 604800)
end

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
if ARGV[11] ~= '' then audit(ARGV[11]) end
if ARGV[8] ~= '0' then count(ARGV[9], ARGV[8]) end
return {1, id}
