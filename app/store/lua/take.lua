-- Take the lease of a unit and read all that a worker needs.
-- ARGV: unit key, token, lease in ms, how many events at most.
-- Returns nil when somebody else works it, else {now, number of the next commit, state or false,
-- outbox or false, name or false, events, 1 if a turn with these events ended without a commit,
-- the UUIDs in these events whose instances have ended, the silences (JSON each)}.

local key, token, lease = ARGV[1], ARGV[2], 'gavel:lease:' .. ARGV[1]
local held = redis.call('GET', lease)
local now = clock()
if is_copy(key) then
  redis.call('ZREM', 'rq:scheduled:recordings', space .. key)  -- the job itself is RQ's to delete
else
  redis.call('DEL', 'rq:job:' .. space .. key)
  follow(key)
end
local number = '0'
if held then
  local owner, n = string.match(held, '^(.*):(%d+)$')
  if owner ~= token then
    -- It may be dead: look again as soon as its lease has run out, not a moment before.
    local left = redis.call('PTTL', lease)
    awake_by(math.floor(now * 1000) + left + 5, key)
    return nil
  end
  number = n
end
redis.call('SET', lease, token .. ':' .. number, 'PX', ARGV[3])
awake_by(math.floor(now * 1000) + ARGV[3], key)
local events = redis.call('LRANGE', 'gavel:inbox:' .. key, 0, ARGV[4] - 1)
local others = uncommitted(key, token)
if #events > 0 then redis.call('HSET', 'gavel:begun', key, others .. token .. ' ') end
return {
  seconds(now), tonumber(number), redis.call('GET', 'gavel:conference:' .. key),
  redis.call('GET', 'gavel:outbox:' .. key), redis.call('HGET', 'gavel:names', key),
  events, others ~= '' and 1 or 0, ended_of(key, events), silences(events),
}
