-- The master key can be rotated (domain/master_key.h): which version of it the database belongs to, and what is left to do with the keys that were derived from
-- the older ones.

ALTER TABLE server ADD COLUMN key_version INTEGER NOT NULL DEFAULT 1 CHECK (key_version BETWEEN 1 AND 255);

-- Under the present sealing key.
CREATE TABLE older_key (
    version INTEGER NOT NULL PRIMARY KEY CHECK (version BETWEEN 1 AND 254),
    sealed_audit BLOB NOT NULL, -- checks what was written under it
    register_end INTEGER NOT NULL, -- the last row of account_register that was
    sealed_lookup BLOB, -- finds, with those after it, the secrets that were digested under it or one before; NULL when there is none
    lookup_ends_at INTEGER, -- when the last of those that were digested under it ends, 0 when there is none; NULL when one has no end
    replaced_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
