-- One change that a person makes to a hash, and its entry in the audit, in one step.
-- ARGV: key of the hash, field, its value or '' to delete it, how many fields the hash may have
--   at most, the entry of the audit (JSON), 'new' when a field that is there stays as it is.
-- Returns 1; 0, and changes nothing, when the field is not there to be deleted or the hash is full;
--   2, and changes nothing, when it is there and stays.

local hash, field, value, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if value == '' then
  if redis.call('HDEL', hash, field) == 0 then return 0 end
else
  local there = redis.call('HEXISTS', hash, field) == 1
  if there and ARGV[6] == 'new' then return 2 end
  if not there and redis.call('HLEN', hash) >= most then return 0 end
  redis.call('HSET', hash, field, value)
end
audit(ARGV[5])
return 1
