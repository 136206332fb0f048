-- Change a recording's record, unless it is gone (a record without the rest would never expire).
-- ARGV: its key, then pairs: field, JSON. Returns whether there is one.

if redis.call('EXISTS', ARGV[1]) == 0 then return 0 end
if #ARGV > 1 then redis.call('HSET', ARGV[1], unpack(ARGV, 2)) end
return 1
