-- Every account that ever was, in the order in which they were created and deleted: one chain of MACs (domain/account_register.h), so that the audit log of
-- no account can go unnoticed. The first rows, of the accounts that there are, are written with this migration (domain/migrate.h).

-- Never updated, never deleted from.
CREATE TABLE account_register (
    position INTEGER NOT NULL PRIMARY KEY, -- from 1, without gaps
    account_id BLOB NOT NULL CHECK (length(account_id) = 16),
    -- NULL when the account was created. When it was deleted, the last entry of its audit log: number and MAC.
    end_seq INTEGER,
    end_mac BLOB CHECK (length(end_mac) = 32),
    mac BLOB NOT NULL CHECK (length(mac) = 32),
    CHECK ((end_seq IS NULL) = (end_mac IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX account_register_account ON account_register (account_id, position);

-- The last row of account_register: its position and MAC, and a MAC over both. One row.
CREATE TABLE account_register_end (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL,
    mac BLOB NOT NULL CHECK (length(mac) = 32),
    seal BLOB NOT NULL CHECK (length(seal) = 32)
) STRICT, WITHOUT ROWID;
