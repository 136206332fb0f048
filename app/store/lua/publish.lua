-- New rules: tell the receiver and every live conference, once, whichever process is first.
-- ARGV: what the receiver needs (JSON), the rules' text, their digest, the JSON of an event of
-- kind rules.changed without a conference, the entry of the journal of rules. Returns how many live
-- conferences were told, -1 when these rules were published already.

if redis.call('GET', 'gavel:rules_digest') == ARGV[3] and redis.call('EXISTS', 'gavel:rules') == 1 then
  redis.call('SET', 'gavel:rules', ARGV[1])  -- another version of Gavel tells more of the same rules
  return -1
end
redis.call('SET', 'gavel:rules', ARGV[1])
redis.call('SET', 'gavel:rules_text', ARGV[2])
redis.call('SET', 'gavel:rules_digest', ARGV[3])
redis.call('RPUSH', 'gavel:rules_journal', ARGV[5])
redis.call('LTRIM', 'gavel:rules_journal', -200, -1)
redis.call('PUBLISH', 'gavel:story', ARGV[5])
local now = clock()
redis.call('HSET', 'gavel:rules_held', ARGV[3], seconds(now))
local live = redis.call('ZRANGE', 'gavel:live', 0, -1)
for _, key in ipairs(live) do
  redis.call('RPUSH', 'gavel:inbox:' .. key, seconds(now) .. ' ' .. ARGV[4])
  wake(key, now)
end
return #live
