-- Tries what all the scripts do, on keys of its own, which are gone afterwards. Answers the first
-- refusal as an error, else OK.
local text, number, list, hash = 'gavel:probe:text', 'gavel:probe:number', 'rq:queue:gavel:probe', 'rq:job:gavel:probe'
local sorted, stream = 'gavel:probe:sorted', 'gavel:probe:stream'
local refusal

local function try(...)
  local answer = redis.pcall(...)
  if not refusal and type(answer) == 'table' and answer.err then refusal = answer end
end

try('TIME')
try('SET', text, '1', 'EX', 60)
try('GET', text)
try('EXISTS', text)
try('EXPIRE', text, 60)
try('PEXPIRE', text, 60000)
try('PTTL', text)
try('INCR', number)
try('RPUSH', list, '1', '2', '3')
try('LPOS', list, '1')
try('LINDEX', list, 0)
try('LRANGE', list, 0, -1)
try('LREM', list, 1, '3')
try('LTRIM', list, 0, 1)
try('LPOP', list)
try('LLEN', list)
try('HSET', hash, 'a', '1')
try('HSETNX', hash, 'b', '1')
try('HINCRBY', hash, 'a', 1)
try('HGET', hash, 'a')
try('HMGET', hash, 'a', 'b')
try('HLEN', hash)
try('HEXISTS', hash, 'a')
try('HVALS', hash)
try('HDEL', hash, 'a')
try('ZADD', sorted, 1, 'a')
try('ZCARD', sorted)
try('ZCOUNT', sorted, 0, 1)
try('ZRANGE', sorted, 0, -1)
try('ZRANGEBYSCORE', sorted, 0, 1)
try('ZRANK', sorted, 'a')
try('ZSCORE', sorted, 'a')
try('ZREM', sorted, 'a')
try('ZREMRANGEBYSCORE', sorted, 0, 1)
try('XADD', stream, '*', 'a', '1')
try('PUBLISH', 'gavel:story:probe', '')
try('DEL', text, number, list, hash, sorted, stream)
return refusal or redis.status_reply('OK')
