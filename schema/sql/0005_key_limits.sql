-- What limits a key and an account: addresses, rates, credits; and the secrets that a rotated key still accepts.

-- Units a window, for all keys of the account together. Both NULL: none.
ALTER TABLE account ADD COLUMN rate_limit INTEGER CHECK (rate_limit > 0);
ALTER TABLE account ADD COLUMN rate_window_ms INTEGER CHECK (rate_window_ms > 0);

ALTER TABLE api_key ADD COLUMN allowed_ips TEXT; -- a JSON array of blocks as they are shown; NULL: from anywhere
ALTER TABLE api_key ADD COLUMN rate_limit INTEGER CHECK (rate_limit > 0); -- units a window; both NULL: none
ALTER TABLE api_key ADD COLUMN rate_window_ms INTEGER CHECK (rate_window_ms > 0);

-- A key without a row has no credits: it is not counted. The balance changes with use, so it has a row of its own.
CREATE TABLE key_credits (
    api_key_id BLOB NOT NULL PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
    remaining INTEGER NOT NULL CHECK (remaining >= 0), -- as of the last flush
    refill_amount INTEGER CHECK (refill_amount >= 0),  -- NULL: no refill, and so are the three below
    refill_interval TEXT CHECK (refill_interval IN ('DAILY', 'WEEKLY', 'MONTHLY')),
    refill_day INTEGER CHECK (refill_day BETWEEN 1 AND 31),
    refill_at INTEGER -- when remaining becomes refill_amount next
) STRICT, WITHOUT ROWID;

CREATE INDEX key_credits_refill ON key_credits (refill_at) WHERE refill_at IS NOT NULL;

-- Secrets that were replaced and are accepted until they end. One that has ended counts for nothing; it is deleted some time later.
CREATE TABLE key_old_secret (
    api_key_id BLOB NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    digest_version INTEGER NOT NULL,
    preview TEXT NOT NULL,
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, digest)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX key_old_secret_digest ON key_old_secret (digest);
CREATE INDEX key_old_secret_end ON key_old_secret (ends_at);
