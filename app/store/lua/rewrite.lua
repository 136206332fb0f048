-- Put other texts in the place of rows of a list, wherever they stand by now.
-- ARGV: key of the list, then pairs: row, text in its place. Returns how many were replaced.

local replaced = 0
for i = 2, #ARGV, 2 do
  local place = redis.call('LPOS', ARGV[1], ARGV[i])
  if place then
    redis.call('LSET', ARGV[1], place, ARGV[i + 1])
    replaced = replaced + 1
  end
end
return replaced
