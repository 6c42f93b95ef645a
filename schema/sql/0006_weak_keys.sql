-- Whether the present secret is easy to guess: estimated when it is imported, since nothing can tell it later. Those that are made here never are.
ALTER TABLE api_key ADD COLUMN weak INTEGER NOT NULL DEFAULT 0 CHECK (weak IN (0, 1));
