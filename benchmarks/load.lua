-- One request after another out of four lists, by weight; counts the answers. Written for wrk; see benchmarks/load.py.
-- A request refused with Retry-After makes its connection wait that long, as a browser would.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("seed", #threads)
end

function init(args)
  math.randomseed(tonumber(args[2]) + seed)
  mix = {}
  local total = 0
  for line in io.lines(args[1]) do
    local weight, kind, count = line:match("^#(%d+)\t(%w+)\t(%d+)$")
    if weight then
      total = total + tonumber(weight)
      table.insert(mix, {upto = total, requests = {}, at = 0})
    else
      local path, token = line:match("^([^\t]+)\t(.+)$")
      table.insert(mix[#mix].requests, wrk.format("GET", path, {["Authorization"] = "Bearer " .. token, ["Accept-Encoding"] = "gzip"}))
    end
  end
  weights = total
  good, refused, untold, broken, waits, retry = 0, 0, 0, 0, 0, 1
  other = ""
end

function request()
  local drawn = math.random(weights)
  for _, kind in ipairs(mix) do
    if drawn <= kind.upto then return kind.requests[math.random(#kind.requests)] end
  end
end

function delay()
  if waits > 0 then
    waits = waits - 1
    return retry * 1000
  end
  return 0
end

function response(status, headers, body)
  if status < 400 then
    good = good + 1
  elseif status == 503 or status == 429 then
    refused = refused + 1
    local after = headers["Retry-After"] or headers["retry-after"]
    if after then
      retry = tonumber(after)
      waits = waits + 1
    else
      untold = untold + 1
    end
  else
    broken = broken + 1
    other = other .. " " .. status
  end
end

function done(summary, latency, requests)
  local sum = {good = 0, refused = 0, untold = 0, broken = 0}
  local statuses = ""
  for _, thread in ipairs(threads) do
    for name, value in pairs(sum) do sum[name] = value + thread:get(name) end
    statuses = statuses .. thread:get("other"):sub(1, 40)
  end
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  print(string.format('RESULT {"good": %d, "refused": %d, "untold": %d, "broken": %d, "lost": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "statuses": "%s"}',
    sum.good, sum.refused, sum.untold, sum.broken, lost, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, statuses))
end
