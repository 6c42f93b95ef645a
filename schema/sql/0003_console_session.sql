-- Console sessions that an API key opened; those that users opened are in session.
CREATE TABLE key_session (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32), -- of the token under the session key; the token itself is nowhere
    api_key_id BLOB NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    secret_digest BLOB NOT NULL CHECK (length(secret_digest) = 32), -- of the secret that opened it, as api_key has it: they end together
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL, -- to about a minute
    expires_at INTEGER NOT NULL, -- when it was not used again by then
    ends_at INTEGER NOT NULL -- however much it is used
) STRICT, WITHOUT ROWID;

CREATE INDEX key_session_key ON key_session (api_key_id, used_at);
CREATE INDEX key_session_expiry ON key_session (expires_at);
