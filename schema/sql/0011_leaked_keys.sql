-- Whether the present secret was reported as leaked: the audit log tells of it once, though the key may be off already and be reported again and again.
ALTER TABLE api_key ADD COLUMN leaked INTEGER NOT NULL DEFAULT 0 CHECK (leaked IN (0, 1));
