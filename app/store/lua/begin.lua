-- Say that the first event of a unit's inbox is about to be decided, alone.
-- ARGV: unit key, token. Returns nil when the lease is lost, else how many turns before this one
-- began just that and were never committed.

local key, token = ARGV[1], ARGV[2]
local held = redis.call('GET', 'gavel:lease:' .. key)
if not held or string.match(held, '^(.*):%d+$') ~= token then return nil end
local first = redis.call('LINDEX', 'gavel:inbox:' .. key, 0) or ''
local mark = '=' .. string.sub(redis.sha1hex(first), 1, 16) .. ' '
local others = uncommitted(key, token)
redis.call('HSET', 'gavel:begun', key, others .. token .. mark)
local _, times = string.gsub(others, mark, '')
return times
