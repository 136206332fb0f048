-- An account about which Plivo need not be asked any more: nothing is live, doubtful or sought.
-- Returns whether that is so.

if redis.call('EXISTS', 'gavel:live', 'gavel:doubtful', 'gavel:sought') > 0 then return 0 end
redis.call('SREM', 'gavel:accounts_live', account)
return 1
