-- One commit of a unit's work, all of it or nothing: state, timers, outbox, journal, events taken off.
-- Only the holder of the lease gets through; a commit that was applied and is sent again
-- (its answer was lost) changes nothing.
-- ARGV: unit key, token, number of this commit, lease in ms, how many events at most, release (1/0),
--   wake at ('' none), seconds to keep the journal, entries to keep, the changes (JSON): `Commit` of
--   app/store/lease.py, what stays as it was left out.
-- Returns nil when the lease is lost, {now, events, 1, UUIDs in these events whose instances have
-- ended, the silences} when it is still held, {now, {}, 0, {}, {}} when it was released.

local key, token, number = ARGV[1], ARGV[2], tonumber(ARGV[3])
local lease = 'gavel:lease:' .. key
local inbox = 'gavel:inbox:' .. key
local held = redis.call('GET', lease)
local owner, expected = string.match(held or '', '^(.*):(%d+)$')
local now = clock()

local function store(kept, value)
  if value == '-' then
    redis.call('DEL', kept)
  elseif string.sub(value, 1, 13) == '{"entries":[]' then
    redis.call('SET', kept, value, 'EX', 60)
  else
    redis.call('SET', kept, value)
  end
end

-- One recording: `known` replaces what is kept, `gaps` is taken only where nothing is, and what was
-- kept under another id comes along. It is listed by its start. What was said in it is kept apart, for a time of its own.
local function keep_recording(one)
  local all, own = 'gavel:recordings', 'gavel:recordings:' .. string.sub(key, 1, 22)
  for _, was in ipairs(one.was or {}) do
    local before = redis.call('HGETALL', was[2])
    for i = 1, #before, 2 do redis.call('HSETNX', one.key, before[i], before[i + 1]) end
    redis.call('DEL', was[2])
    redis.call('ZREM', all, was[1])
    redis.call('ZREM', own, was[1])
  end
  if one.transcript then redis.call('SET', one.transcript[1], one.transcript[2], 'EX', one.transcript[3]) end
  for field, value in pairs(one.known or {}) do redis.call('HSET', one.key, field, value) end
  for field, value in pairs(one.gaps or {}) do redis.call('HSETNX', one.key, field, value) end
  local at = redis.call('HGET', one.key, 'started_at') or redis.call('HGET', one.key, 'heard_at') or seconds(now)
  local left = math.max(60, math.ceil(at + one.keep - now))
  redis.call('EXPIRE', one.key, left)
  for _, list in ipairs({all, own}) do
    redis.call('ZADD', list, at, one.id)
    redis.call('ZREMRANGEBYSCORE', list, '-inf', '(' .. seconds(now - one.keep))
  end
  redis.call('EXPIRE', own, one.keep)
end

local function apply(change)
  redis.call('INCR', 'gavel:commits')
  if change.decided then redis.call('LTRIM', inbox, change.decided, -1) end
  if change.state and change.keep then
    redis.call('SET', 'gavel:conference:' .. key, change.state, 'EX', change.keep)
  elseif change.state then
    redis.call('SET', 'gavel:conference:' .. key, change.state)
  end
  if change.outbox then store('gavel:outbox:' .. key, change.outbox) end
  if change.live == '-' then
    redis.call('ZREM', 'gavel:live', key)
    redis.call('ZREM', 'gavel:members', key)
    redis.call('DEL', 'gavel:nonces:' .. key)
  elseif change.live then
    redis.call('ZADD', 'gavel:live', change.live, key)
    ask_by(now)
  end
  if change.members and change.live ~= '-' then
    redis.call('ZADD', 'gavel:members', change.members, key)
  end
  for uuid, seconds_kept in pairs(change.instances or {}) do
    if seconds_kept == 0 then
      redis.call('DEL', ended_key(key, uuid))
    else
      redis.call('SET', ended_key(key, uuid), '1', 'EX', seconds_kept)
    end
  end
  if change.look then
    redis.call('ZADD', 'gavel:doubtful', 'LT', change.look, key)
    ask_by(tonumber(change.look))
  end
  for id, due in pairs(change.set_timers or {}) do
    due_at(due, key .. ' ' .. id)
  end
  for _, id in ipairs(change.cancel_timers or {}) do
    redis.call('ZREM', 'gavel:due', key .. ' ' .. id)
  end
  local conference = string.sub(key, 1, 22)  -- webhooks are told in their conference's story
  local journal = 'gavel:journal:' .. conference
  for _, entry in ipairs(change.journal or {}) do
    redis.call('RPUSH', journal, entry)
    redis.call('PUBLISH', 'gavel:story', entry)
  end
  for id, words in pairs(change.not_meant or {}) do
    redis.call('SET', 'gavel:not_meant:' .. id, words, 'EX', ARGV[8] + 3600)
  end
  if change.journal then
    redis.call('LTRIM', journal, -ARGV[9], -1)
    redis.call('EXPIRE', journal, ARGV[8])
    redis.call('ZADD', 'gavel:known', seconds(now), conference)
  end
  for _, sent in ipairs(change.send or {}) do
    redis.call('HSETNX', 'gavel:names', sent[1], sent[2])
    redis.call('RPUSH', 'gavel:inbox:' .. sent[1], seconds(now) .. ' ' .. sent[3])
    if sent[1] ~= key then wake(sent[1], now) end
  end
  for field, by in pairs(change.counters or {}) do count(field, by) end
  for field, one in pairs(change.exemplars or {}) do
    redis.call('HSET', 'gavel:exemplars', field, one)
  end
  for _, one in ipairs(change.recordings or {}) do keep_recording(one) end
  for _, one in ipairs(change.sought or {}) do
    redis.call('ZADD', 'gavel:sought', 'LT', seconds(now), one)
    ask_by(now)
  end
  for _, row in ipairs(change.for_people or {}) do
    redis.call('RPUSH', row[1], row[3])
    redis.call('LTRIM', row[1], -row[2], -1)
  end
end

if owner ~= token then return nil end
if tonumber(expected) == number then
  apply(cjson.decode(ARGV[10]))
elseif tonumber(expected) ~= number + 1 then
  return nil
end
number = number + 1
redis.call('HDEL', 'gavel:begun', key)

local events = redis.call('LRANGE', inbox, 0, ARGV[5] - 1)
if ARGV[6] == '1' and #events == 0 then
  redis.call('DEL', lease)
  redis.call('ZREM', 'gavel:awake', key)
  if is_copy(key) and ARGV[7] == '' then redis.call('HDEL', 'gavel:names', key) end
  if ARGV[7] ~= '' then due_at(tonumber(ARGV[7]), key .. ' ~') end
  return {seconds(now), {}, 0, {}, {}}
end
redis.call('SET', lease, token .. ':' .. number, 'PX', ARGV[4])
if #events > 0 then redis.call('HSET', 'gavel:begun', key, token .. ' ') end
awake_by(math.floor(now * 1000) + ARGV[4], key)
return {seconds(now), events, 1, ended_of(key, events), silences(events)}
