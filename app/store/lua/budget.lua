-- The account's budget of API calls: who may make one now, and how the API fares. One step each.
-- ARGV: 'reserve', now (us, '' for Redis' own), calls, window (us), class, who
--   ARGV 15: so many more slots, while no more than 16 (a share) of the window is used;
--   17 and following: who used such slots
--   -> {how many are granted / 0 wait, us to wait, 1 if the outcome shall be told, calls in the window,
--       calls lately, conferences that made them, then us until the oldest, the one after a
--       quarter, half, three quarters and the newest of the window's calls leave it}
--      From `calls lately` on only when the window is fuller than `quiet`, else nothing.
-- ARGV: 'observe', now, calls, window, 1 success / 0 failure -> nothing
--   ARGV 9 of a failure: 1 if something told it, not silence alone
-- The constants are explained in workers/conference/budget.py, which passes them as ARGV 7 and following.

local P = 'gavel:budget:'
local SENT, BREAKER, TICKET, SPENDERS = P .. 'sent', P .. 'breaker', P .. 'ticket', P .. 'spenders'
local most, window = tonumber(ARGV[3]), tonumber(ARGV[4])
-- That keys expire only clears up: what still counts is decided by `now` alone.
local LOWEST, KEEP_MS = 2, math.max(60000, math.ceil(window / 500))

local function number(text) return tonumber(text or '') or 0 end
local function whole(x) return string.format('%.0f', x) end
local function waiting(class) return P .. 'waiting:' .. class end
local function expected(class) return P .. 'expected:' .. class end

local function clock()
  if ARGV[2] ~= '' then return tonumber(ARGV[2]) end
  local t = redis.call('TIME')
  return t[1] * 1000000 + t[2]
end

local now = clock()

-- A clock that went back a little only makes us wait longer; one that went far starts again.
if number(redis.call('LINDEX', SENT, -1)) - now > window then
  local used = redis.call('LLEN', SENT)
  redis.call('DEL', SENT, SPENDERS)
  for _ = 1, used do redis.call('RPUSH', SENT, whole(now)) end
end

local health = redis.call(
  'HMGET', BREAKER, 'failures', 'tripped', 'probe_at', 'opened_at', 'opened', 'told', 'since')
local failures, tripped = number(health[1]), health[2] == '1'
local probe_at, opened_at, opened = number(health[3]), number(health[4]), number(health[5])

local function set(...)
  redis.call('HSET', BREAKER, ...)
  redis.call('PEXPIRE', BREAKER, KEEP_MS)
end

if ARGV[1] == 'observe' then
  local trip_after, doubt = tonumber(ARGV[6]), tonumber(ARGV[7])
  if ARGV[5] == '1' then
    if tripped then
      local left = trip_after - doubt
      set('tripped', '0', 'failures', left, 'told', left, 'since', 0,
        'opened_at', whole(now), 'opened', 0)
    elseif failures > 0 then
      set('failures', 0)
    end
  else
    local told, since = number(health[6]), number(health[7])
    if failures == 0 then told, since = 0, now end
    failures, since = failures + 1, math.min(since, now)
    if ARGV[9] == '1' then told = told + 1 end
    local lasting = failures >= trip_after and now - since >= tonumber(ARGV[10])
    if (lasting or told >= trip_after) and not tripped then
      set('tripped', '1', 'opened_at', 0, 'probe_at', whole(now + ARGV[8]))
    end
    set('failures', failures, 'told', told, 'since', whole(since))
  end
  return
end

local class, who = tonumber(ARGV[5]), ARGV[6]
local share, trickle, longest_wait, grace = ARGV[7] + 0, ARGV[8] + 0, ARGV[9] + 0, ARGV[10] + 0
local probe_every, slow_start = ARGV[11] + 0, ARGV[12] + 0
local lately, quiet = ARGV[13] + 0, ARGV[14] + 0

-- Who is late keeps the place unless somebody else comes first; then it is given up.
local function forget_absent(c)
  if c ~= class then
    redis.call('ZREM', waiting(c), who)
    redis.call('ZREM', expected(c), who)
  elseif redis.call('ZSCORE', waiting(c), who) then
    redis.call('ZADD', expected(c), whole(now + grace), who)
  end
  local far = whole(now + longest_wait + grace + 1000000)
  for _, range in ipairs({{'-inf', whole(now)}, {far, '+inf'}}) do
    local lost = redis.call('ZRANGEBYSCORE', expected(c), range[1], range[2], 'LIMIT', 0, 100)
    if #lost > 0 then
      redis.call('ZREM', waiting(c), unpack(lost))
      redis.call('ZREM', expected(c), unpack(lost))
    end
  end
end

local place, ahead, low_waits = 0, 0, false
local somebody_waits = redis.call('EXISTS', waiting(0), waiting(1), waiting(2)) > 0
if somebody_waits then
  for c = 0, LOWEST do forget_absent(c) end
  place = redis.call('ZRANK', waiting(class), who) or redis.call('ZCARD', waiting(class))
  ahead = place
  for c = 0, class - 1 do ahead = ahead + redis.call('ZCARD', waiting(c)) end
  low_waits = redis.call('ZCARD', waiting(LOWEST)) > 0
end

while true do
  local oldest = redis.call('LINDEX', SENT, 0)
  if not oldest or number(oldest) + window > now then break end
  redis.call('LPOP', SENT)
end
local used = redis.call('LLEN', SENT)

-- Microseconds until a slot is free for who has `before` others ahead, of `limit` in the window.
local function until_free(before, limit)
  local too_many = used + before + 1 - limit
  if too_many <= 0 then return 0 end
  local leaves = redis.call('LINDEX', SENT, too_many - 1)
  return leaves and number(leaves) + window - now or window
end

local owed_in = 0
if low_waits or class == LOWEST then
  local last_low = math.min(number(redis.call('GET', P .. 'trickle')), now)
  owed_in = math.max(0, last_low + trickle - now)
end

local wait
if tripped then
  local probe_in = math.min(math.max(0, probe_at - now), probe_every)
  wait = probe_in > 0 and probe_in + ahead * probe_every or 0
elseif class < LOWEST then
  local owed = low_waits and owed_in == 0 and 1 or 0
  wait = until_free(ahead + owed, most)
else
  wait = until_free(ahead, math.max(1, math.floor(most * share)))
  if place == 0 then wait = math.min(wait, math.max(owed_in, until_free(0, most))) end
end

if not tripped and opened_at > 0 then
  local since = (now - math.min(opened_at, now)) / 1000000
  if since >= slow_start then
    set('opened_at', 0)
    opened_at = 0
  else
    local rate = most / (window / 1000000)
    local a, n = rate / (2 * slow_start), opened + ahead
    local due = (-2 + math.sqrt(4 + 4 * a * n)) / (2 * a)
    wait = math.max(wait, math.ceil((due - since) * 1000000))
  end
end

local tell = (tripped or failures > 0) and 1 or 0

-- How the window was filled, for whoever decides what may wait.
local function spending(granted)
  local answer = {granted, granted > 0 and 0 or wait, tell, used}
  if used <= most * quiet then return answer end
  local low, high = 0, used  -- the first call within `lately`
  while low < high do
    local middle = math.floor((low + high) / 2)
    if number(redis.call('LINDEX', SENT, middle)) > now - lately then high = middle else low = middle + 1 end
  end
  answer[5] = used - low
  answer[6] = redis.call('ZCOUNT', SPENDERS, '(' .. whole(now - lately), '+inf')
  for quarter = 0, 4 do
    local index = math.min(used - 1, math.floor(used * quarter / 4))
    answer[7 + quarter] = number(redis.call('LINDEX', SENT, index)) + window - now
  end
  return answer
end
if wait > 0 then
  wait = math.min(math.max(wait, 1000), longest_wait)
  if not redis.call('ZSCORE', waiting(class), who) then
    redis.call('ZADD', waiting(class), redis.call('INCR', TICKET), who)
  end
  redis.call('ZADD', expected(class), whole(now + wait + grace), who)
  redis.call('PEXPIRE', TICKET, KEEP_MS)
  redis.call('PEXPIRE', waiting(class), KEEP_MS)
  redis.call('PEXPIRE', expected(class), KEEP_MS)
  return spending(0)
end

local granted = 1
if not (somebody_waits or tripped or opened_at > 0) then
  granted = granted + math.max(0, math.min(tonumber(ARGV[15]), math.floor(most * ARGV[16]) - used - 1))
end
for _ = 1, granted do redis.call('RPUSH', SENT, whole(now)) end
redis.call('PEXPIRE', SENT, KEEP_MS)
redis.call('ZREMRANGEBYSCORE', SPENDERS, '-inf', whole(now - lately))
redis.call('ZADD', SPENDERS, whole(now), who)
for index = 17, #ARGV do redis.call('ZADD', SPENDERS, whole(now), ARGV[index]) end
redis.call('PEXPIRE', SPENDERS, KEEP_MS)
used = used + granted
redis.call('ZREM', waiting(class), who)
redis.call('ZREM', expected(class), who)
if class == LOWEST then redis.call('SET', P .. 'trickle', whole(now), 'PX', KEEP_MS) end
if tripped then set('probe_at', whole(now + probe_every)) end
if opened_at > 0 then set('opened', opened + 1) end
return spending(granted)
