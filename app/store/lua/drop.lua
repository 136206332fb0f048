-- Take one row off a list that is kept for people, with its entry in the audit, in one step.
-- ARGV: key of the list, the row, the entry of the audit (JSON).
-- Returns 1; 0, and changes nothing, when the row is not there any more.

if redis.call('LREM', ARGV[1], 1, ARGV[2]) == 0 then return 0 end
audit(ARGV[3])
return 1
