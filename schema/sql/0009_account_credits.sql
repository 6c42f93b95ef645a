-- Credits of an account, for all its keys together. As in key_credits: an account without a row is not counted, and the balance has a row of its own.
CREATE TABLE account_credits (
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    remaining INTEGER NOT NULL CHECK (remaining >= 0), -- as of the last flush
    refill_amount INTEGER CHECK (refill_amount >= 0),  -- NULL: no refill, and so are the three below
    refill_interval TEXT CHECK (refill_interval IN ('DAILY', 'WEEKLY', 'MONTHLY')),
    refill_day INTEGER CHECK (refill_day BETWEEN 1 AND 31),
    refill_at INTEGER -- when remaining becomes refill_amount next
) STRICT, WITHOUT ROWID;

CREATE INDEX account_credits_refill ON account_credits (refill_at) WHERE refill_at IS NOT NULL;
