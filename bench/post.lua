-- wrk: POSTs. KIND=batch: keys:batchVerify of 1000 tokens each. KIND=mutation: createApiKey, each with a name of its own. KEY, TOKENS, ACCOUNT, GROUP
local bodies, at, key = {}, 0, os.getenv("KEY")
local headers = { ["Content-Type"] = "application/json", ["x-api-key"] = key }
local mutation = '{"query":"mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { uuid } }","variables":{"i":{"accountId":"%s","name":"%s","userGroupIds":["%s"]}}}'
local run = os.time() .. "-" .. tostring(math.random(1e9))
function init()
  if os.getenv("KIND") == "mutation" then return end
  local batch = {}
  for token in io.lines(os.getenv("TOKENS")) do
    batch[#batch + 1] = '{"key":"' .. token .. '"}'
    if #batch == 1000 then
      bodies[#bodies + 1] = wrk.format("POST", "/v1/keys:batchVerify", headers, '{"requests":[' .. table.concat(batch, ",") .. "]}")
      batch = {}
    end
  end
end
function request()
  at = at + 1
  if #bodies > 0 then return bodies[at % #bodies + 1] end
  return wrk.format("POST", "/graphql", headers, mutation:format(os.getenv("ACCOUNT"), run .. "-" .. at, os.getenv("GROUP")))
end
