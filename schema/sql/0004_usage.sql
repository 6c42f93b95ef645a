-- What keys are used for: when last, and how often by outcome and hour.

-- When a key was last used: a row for each key, small and apart from it, because it is written every few seconds while the key is in use.
CREATE TABLE api_key_use (
    account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    api_key_id BLOB NOT NULL CHECK (length(api_key_id) = 16),
    last_used_at INTEGER, -- NULL: never
    PRIMARY KEY (account_id, api_key_id)
) STRICT, WITHOUT ROWID;

INSERT INTO api_key_use (account_id, api_key_id) SELECT account_id, id FROM api_key;

-- A row for each key and day (UTC, since 1970-01-01) with its hours packed (domain/usage_hours.h): an hour of a busy key takes about 4 bytes. The day
-- comes first, so that what is written now stands together, and so does what is swept.
CREATE TABLE api_key_usage (
    day INTEGER NOT NULL,
    api_key_id BLOB NOT NULL CHECK (length(api_key_id) = 16),
    hours BLOB NOT NULL,
    PRIMARY KEY (day, api_key_id)
) STRICT, WITHOUT ROWID;

-- The sums over all keys of an account, of those too that are deleted.
CREATE TABLE account_usage (
    day INTEGER NOT NULL,
    account_id BLOB NOT NULL CHECK (length(account_id) = 16),
    hours BLOB NOT NULL,
    PRIMARY KEY (day, account_id)
) STRICT, WITHOUT ROWID;

-- Lists of keys: by age, by expiry, and with everything that they are filtered by, so that only keys of the page are looked up.
CREATE INDEX api_key_created ON api_key (account_id, created_at);
CREATE INDEX api_key_list ON api_key (account_id, name, enabled, created_at, expires_at);
CREATE INDEX api_key_expiry ON api_key (account_id, coalesce(expires_at, 9223372036854775807));

-- The audit log of an actor and of a resource; and whether a set has an entry of some kind. Each holds all that is asked of it.
CREATE INDEX audit_entry_actor ON audit_entry (account_id, actor_id, created_at, seq, set_id, set_position) WHERE set_position = 0 AND actor_id IS NOT NULL;
CREATE INDEX audit_entry_resource ON audit_entry (account_id, resource_id, set_id, resource_type, operation) WHERE resource_id IS NOT NULL;
CREATE INDEX audit_entry_kind ON audit_entry (account_id, set_id, resource_type, operation, resource_id);
