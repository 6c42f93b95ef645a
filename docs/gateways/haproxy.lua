-- The question that haproxy.cfg asks of Latchkey before it passes a request on: http-request lua.latchkey EXPRESSION
--
-- Leaves the answer in variables of the transaction, txn.latchkey_...; haproxy.cfg decides by them, and lets nothing through without
-- txn.latchkey_status 200. When anything fails here, that variable says 503.

local latchkey = "http://127.0.0.1:5390/v1/auth/require/"

-- Variables, and the fields of the answer they take.
local kept = {
    code = "x-latchkey-code",
    account_id = "x-latchkey-account-id",
    key_id = "x-latchkey-key-id",
    key_name = "x-latchkey-key-name",
    groups = "x-latchkey-groups",
    scopes = "x-latchkey-scopes",
    challenge = "www-authenticate",
    policy = "ratelimit-policy",
    rate = "ratelimit",
    retry = "retry-after",
}

-- Of what the client sent, only its credential and its address are passed on: no query string, no body, no name that it gives itself.
local function question(txn)
    local sent = txn.http:req_get_headers()
    local headers = { ["x-forwarded-for"] = { txn.f:src() } }
    for _, name in ipairs({ "x-api-key", "authorization" }) do
        if sent[name] then
            headers[name] = {}
            for i = 0, #sent[name] do
                table.insert(headers[name], sent[name][i])
            end
        end
    end
    return headers
end

local function ask(txn, expression)
    txn:set_var("txn.latchkey_status", 503)
    local answer = core.httpclient():get({ url = latchkey .. expression, headers = question(txn), timeout = 2000 })
    if not answer or not answer.headers then
        return
    end
    for variable, field in pairs(kept) do
        local values = answer.headers[field]
        if values and values[0] then
            txn:set_var("txn.latchkey_" .. variable, values[0])
        end
    end
    txn:set_var("txn.latchkey_status", answer.status)
end

core.register_action("latchkey", { "http-req" }, ask, 1)
