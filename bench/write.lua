-- Posts one document of about 200 bytes per request, each with an id of its own.
local ID = "%09d"
local HEAD = '{"id":'
local TAIL = ',"name":"Visitor of the write route","email":"visitor@example.org","city":"Lisbon",'
  .. '"age":37,"score":512,"note":"' .. string.rep("x", 60) .. '"}'
local before, after
local id = 100000000

function init(args)
  id = id + tonumber(args[1]) * 10000000
  local body = HEAD .. string.format(ID, id) .. TAIL
  local text = wrk.format("POST", "/write", { ["content-type"] = "application/json" }, body)
  local at = #text - #TAIL
  before, after = text:sub(1, at - 9), TAIL
end

function request()
  id = id + 1
  return before .. string.format(ID, id) .. after
end
