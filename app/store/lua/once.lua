-- An entry of the audit for what goes on for a while: the first time, and anew after a pause.
-- ARGV: key that remembers it, seconds without it until it is another, the entry (JSON).
-- Returns whether the entry was written.

if redis.call('SET', ARGV[1], '1', 'EX', ARGV[2], 'GET') then return 0 end
audit(ARGV[3])
return 1
