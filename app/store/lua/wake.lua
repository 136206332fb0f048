-- Shared beginning of every script: Redis' own clock, and waking a unit.

local function clock()
  local t = redis.call('TIME')
  return t[1] + t[2] / 1000000
end

local function seconds(t)
  return string.format('%.6f', t)
end

-- Of an account, `a/NAME/`: its keys have it in front, but for those that all accounts share, where
-- rows have it (app/store/server/tagged.py); else ''.
local space = redis.space or ''
local account = string.match(space, '^a/(.*)/$')

-- A clock has to look at what this account has to do by then (s): `gavel:accounts`.
local function look_by(at)
  if account then redis.call('ZADD', 'gavel:accounts', 'LT', seconds(at), account) end
end

-- This unit has to be looked at by then, should nobody work it (ms).
local function awake_by(at, key)
  redis.call('ZADD', 'gavel:awake', at, key)
  look_by(at / 1000)
end

-- A timer (`<key> <id>`).
local function due_at(at, row)
  redis.call('ZADD', 'gavel:due', at, row)
  look_by(at)
end

-- This account has something that Plivo is to be asked about, by then (s) and now and then.
local function ask_by(at)
  if account then redis.call('ZADD', 'gavel:accounts_to_ask', 'LT', seconds(at), account) end
end

-- Copies of recordings, which may take minutes, are jobs of another queue.
local function is_copy(key)
  return #key > 22 and string.sub(key, -4) == '-rec'
end

local function queue_of(key)
  return is_copy(key) and 'rq:queue:recordings' or 'rq:queue:gavel'
end

-- Of an account so many wake-ups are in the queue at most; the others follow as these are taken
-- (`follow`), so that a burst of one account keeps no other waiting.
local AT_ONCE = 8

-- An RQ job as rq 3 stores it, so that its own tools and workers read it. The job's id is the
-- unit's key, with its account in front: one unit has at most one job.
local function push(key)
  local job = space .. key
  if is_copy(key) then
    redis.call('HSET', 'rq:job:' .. job, 'origin', 'recordings', 'status', 'queued',
      'description', 'copy_recording', 'timeout', '14400', 'result_ttl', '0', 'failure_ttl', '604800',
      'data', '["workers.recordings.jobs.copy_recording", null, ["' .. job .. '"], {}]')
    redis.call('ZREM', 'rq:scheduled:recordings', job)
    redis.call('ZREM', 'rq:failed:recordings', job)
  else
    redis.call('HSET', 'rq:job:' .. job, 'origin', 'gavel', 'status', 'queued',
      'description', 'work_conference', 'timeout', '3600', 'result_ttl', '0', 'failure_ttl', '3600',
      'data', '["workers.jobs.work_conference", null, ["' .. job .. '"], {}]')
  end
  if account and #key == 22 then  -- a conference: others wait for threads of their own
    if redis.call('SCARD', 'gavel:queued') >= AT_ONCE then
      redis.call('RPUSH', 'gavel:overflow', key)
      return
    end
    redis.call('SADD', 'gavel:queued', key)
  end
  redis.call('RPUSH', queue_of(key), job)
end

-- A wake-up of this account was taken: the next one that waits may be.
local function follow(key)
  if not account then return end
  redis.call('SREM', 'gavel:queued', key)
  local next = redis.call('LPOP', 'gavel:overflow')
  if next then push(next) end
end

-- Does a wake-up of this unit wait?
local function is_queued(key)
  if redis.call('LPOS', queue_of(key), space .. key) then return true end
  return account and redis.call('LPOS', 'gavel:overflow', key)
end

-- Wakes a worker unless the unit is awake already: queued, or being worked.
-- Should nobody take it in time, the tick looks again.
local function wake(key, now)
  if redis.call('ZADD', 'gavel:awake', 'NX', math.floor((now + 5) * 1000), key) == 1 then
    look_by(now + 5)
    if account then redis.call('SADD', 'gavel:accounts_counted', account) end
    push(key)
  end
end

-- Counters are kept under the names that /metrics shows, labels included.
local function count(field, by)
  redis.call('HINCRBY', 'gavel:metrics', field, by)
end

-- The rules that are silenced, for these events (JSON each).
local function silences(events)
  return #events > 0 and redis.call('HVALS', 'gavel:silences') or {}
end

-- One entry (JSON) of who changed what by hand.
local function audit(entry)
  redis.call('XADD', 'gavel:audit', '*', 'entry', entry)
  count('gavel_operator_actions_total|' .. cjson.decode(entry).verb, 1)
end

-- Where is remembered that an instance has ended.
local function ended_key(key, uuid)
  return 'gavel:ended:' .. string.sub(redis.sha1hex(key .. ' ' .. uuid), 1, 22)
end

-- Of the instances that these events are of, those that have ended.
local function ended_of(key, events)
  local found, looked_at = {}, {}
  for _, event in ipairs(events) do
    local uuid = string.match(event, '"uuid":"([^"]+)"')
    if uuid and not looked_at[uuid] then
      looked_at[uuid] = true
      if redis.call('EXISTS', ended_key(key, uuid)) == 1 then found[#found + 1] = uuid end
    end
  end
  return found
end

-- Turns that were taken with events to decide and never committed, but for that of this token:
-- `<token> ` each, `<token>=<hash> ` where that event was decided alone.
local function uncommitted(key, token)
  return (string.gsub(redis.call('HGET', 'gavel:begun', key) or '', token .. '%S* ', ''))
end

-- Identities are pairs of ARGV from `first` on: key, seconds to remember it.
-- The id of the event that had one of them before, or nil.
local function known_as(first)
  for i = first, #ARGV, 2 do
    local before = redis.call('GET', ARGV[i])
    if before then
      count('gavel_events_duplicate_total', 1)
      return before
    end
  end
end

local function remember(first, id)
  for i = first, #ARGV, 2 do
    redis.call('SET', ARGV[i], id, 'EX', ARGV[i + 1])
  end
end
