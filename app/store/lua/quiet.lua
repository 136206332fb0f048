-- When Plivo is to be asked about this account next: it is kept where a worker looks for all
-- accounts. After a round in which everything was asked, and when nothing is live, doubtful or
-- sought: not any more.
-- ARGV: 1 if everything was asked and answered. Returns whether it need not be asked any more.

local doubtful, sought = 'gavel:doubtful', 'gavel:sought'
if ARGV[1] == '1' and redis.call('EXISTS', 'gavel:live', doubtful, sought) == 0 then
  redis.call('ZREM', 'gavel:accounts_to_ask', account)
  return 1
end
local now = clock()
local at = now + math.max(0, redis.call('PTTL', 'gavel:reconciled')) / 1000
for _, waiting in ipairs({doubtful, sought}) do
  local first = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')
  if first[2] then at = math.min(at, tonumber(first[2])) end
end
redis.call('ZADD', 'gavel:accounts_to_ask', seconds(at), account)
return 0
