-- wrk: GET /v1/auth with tokens from a file, several requests in one write. TOKENS (a file), PIPELINE (1)
local requests, at = {}, 0
function init()
  local depth = tonumber(os.getenv("PIPELINE") or "1")
  local batch = {}
  for token in io.lines(os.getenv("TOKENS")) do
    batch[#batch + 1] = "GET /v1/auth HTTP/1.1\r\nHost: localhost\r\nx-api-key: " .. token .. "\r\n\r\n"
    if #batch == depth then
      requests[#requests + 1] = table.concat(batch)
      batch = {}
    end
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
