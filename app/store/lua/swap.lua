-- Change the state of a conference that has ended, unless it is worked or has changed.
-- ARGV: unit key, the state as it was read, the state in its place. Returns whether it was done.

local kept = 'gavel:conference:' .. ARGV[1]
if redis.call('EXISTS', 'gavel:lease:' .. ARGV[1]) == 1 then return 0 end
if redis.call('ZSCORE', 'gavel:live', ARGV[1]) then return 0 end
if redis.call('GET', kept) ~= ARGV[2] then return 0 end
redis.call('SET', kept, ARGV[3], 'KEEPTTL')
return 1
