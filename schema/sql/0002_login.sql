-- Logging in: passwords and their failures, sessions, and the addresses that logins may come from.

-- What a user logs in with. A user that never had a password has no row.
CREATE TABLE user_login (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES user_account (id) ON DELETE CASCADE,
    password_hash TEXT, -- Argon2id (crypto/password.h); NULL when there is none
    password_set_at INTEGER,
    failures INTEGER NOT NULL, -- wrong passwords in a row, since first_failure_at
    first_failure_at INTEGER NOT NULL,
    locked_until INTEGER NOT NULL -- 0 when it never was locked
) STRICT, WITHOUT ROWID;

-- A login looks for its e-mail address in every account.
CREATE INDEX user_account_login ON user_account (email, created_at, id);

-- A login opens a row for each account whose user has that password; all of them have the digest of the one token.
CREATE TABLE session (
    digest BLOB NOT NULL CHECK (length(digest) = 32), -- of the token under the session key; the token itself is nowhere
    position INTEGER NOT NULL, -- 0: the one that counts when a request names no account
    user_id BLOB NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL, -- to about a minute
    expires_at INTEGER NOT NULL, -- when it was not used again by then
    ends_at INTEGER NOT NULL, -- however much it is used
    PRIMARY KEY (digest, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_user ON session (user_id);
CREATE INDEX session_expiry ON session (expires_at);

-- Blocks of addresses that logins may come from. An account with no ACTIVE one lets them come from anywhere.
CREATE TABLE ip_allow (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    cidr TEXT NOT NULL, -- as shown
    network BLOB NOT NULL CHECK (length(network) = 16), -- IPv4 as ::ffff:a.b.c.d
    prefix INTEGER NOT NULL CHECK (prefix BETWEEN 0 AND 128),
    description TEXT,
    status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'DISABLED')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX ip_allow_block ON ip_allow (account_id, network, prefix);
