-- Put in front of every script by the simulation: Redis' clock, and what hangs on it, from KEYS[1]
-- (microseconds). Expiry is a sorted set here, since the server's own follows the real clock.

local sim_now = tonumber(KEYS[#KEYS])
local real = redis.call

local function forget(key) real('ZREM', 'sim:expiry', key) end
local function expire(key, ms)
  real('ZADD', 'sim:expiry', string.format('%.0f', sim_now + ms * 1000), key)
end

local over = real('ZRANGEBYSCORE', 'sim:expiry', '-inf', string.format('%.0f', sim_now))
for _, key in ipairs(over) do
  real('DEL', key)
  forget(key)
end

local sim = {}

function sim.TIME()
  local whole = math.floor(sim_now / 1000000)
  return {string.format('%.0f', whole), string.format('%.0f', sim_now - whole * 1000000)}
end

function sim.SET(key, value, ...)
  local rest, ms = {}, nil
  local given = {...}
  local i = 1
  while i <= #given do
    local word = string.upper(given[i])
    if word == 'EX' then ms = given[i + 1] * 1000; i = i + 1
    elseif word == 'PX' then ms = tonumber(given[i + 1]); i = i + 1
    else rest[#rest + 1] = given[i] end
    i = i + 1
  end
  local answer = real('SET', key, value, unpack(rest))
  if answer then
    if ms then expire(key, ms) else forget(key) end
  end
  return answer
end

function sim.SETEX(key, seconds, value) return sim.SET(key, value, 'EX', seconds) end

function sim.PEXPIRE(key, ms)
  if real('EXISTS', key) == 0 then return 0 end
  expire(key, tonumber(ms))
  return 1
end

function sim.EXPIRE(key, seconds) return sim.PEXPIRE(key, seconds * 1000) end

function sim.PTTL(key)
  if real('EXISTS', key) == 0 then return -2 end
  local at = real('ZSCORE', 'sim:expiry', key)
  return at and math.ceil((at - sim_now) / 1000) or -1
end

function sim.TTL(key)
  local ms = sim.PTTL(key)
  return ms > 0 and math.ceil(ms / 1000) or ms
end

function sim.DEL(...)
  for _, key in ipairs({...}) do forget(key) end
  return real('DEL', ...)
end

-- All that ever entered an inbox, in that order: the invariants hold the journal against it.
function sim.RPUSH(key, ...)
  if string.sub(key, 1, 12) == 'gavel:inbox:' then
    real('RPUSH', 'sim:accepted:' .. string.sub(key, 13), ...)
  end
  return real('RPUSH', key, ...)
end

local function call(command, ...)
  local own = sim[string.upper(command)]
  if own then return own(...) end
  return real(command, ...)
end

local redis = setmetatable({call = call, pcall = call}, {__index = redis})
