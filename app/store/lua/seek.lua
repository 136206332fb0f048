-- Take searches for recordings that are due. ARGV: how many, for how many seconds nobody else may.
-- Returns {now, rows}; a row that is not taken away by then is due again.

local now = clock()
local rows = redis.call('ZRANGEBYSCORE', 'gavel:sought', '-inf', seconds(now), 'LIMIT', 0, ARGV[1])
for _, row in ipairs(rows) do
  redis.call('ZADD', 'gavel:sought', seconds(now + ARGV[2]), row)
end
return {seconds(now), rows}
