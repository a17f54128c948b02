-- Reads random keys; every connection draws from the same prepared requests.
local COUNT = 10000
local requests = {}

function init()
  math.randomseed(os.time())
  for at = 0, COUNT - 1 do
    requests[at + 1] = wrk.format("GET", string.format("/read/k%05d", at))
  end
end

function request()
  return requests[math.random(COUNT)]
end
