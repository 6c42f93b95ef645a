-- Accounts, users, user groups, API keys, and the audit log.
-- Ids are 16 bytes; times are milliseconds since 1970-01-01 UTC. STRICT holds the types; WITHOUT ROWID keeps each row in the index it is found by.

-- What belongs to the database as a whole: one row, written when it is first opened.
CREATE TABLE server (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    keys_check BLOB NOT NULL CHECK (length(keys_check) = 32), -- tells a wrong master key (crypto/keys.h)
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The end of its audit chain (domain/audit.h): number and MAC of the last entry, and a MAC over both.
    audit_seq INTEGER NOT NULL,
    audit_mac BLOB NOT NULL CHECK (length(audit_mac) = 32),
    audit_seal BLOB NOT NULL CHECK (length(audit_seal) = 32)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_name ON account (name, id);

CREATE TABLE user_account (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    email TEXT NOT NULL, -- lower case
    external_id TEXT,
    email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX user_account_email ON user_account (account_id, email);
CREATE INDEX user_account_name ON user_account (account_id, name, email);

CREATE TABLE sso_provider (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('LDAP', 'SAML')),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX sso_provider_name ON sso_provider (account_id, name);

CREATE TABLE user_group (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    permissions TEXT NOT NULL, -- the document of domain/permission.h
    manages INTEGER NOT NULL CHECK (manages IN (0, 1)), -- whether they suffice to manage users and groups
    sso_provider_id BLOB REFERENCES sso_provider (id) ON DELETE SET NULL,
    settings TEXT NOT NULL, -- the document of domain/group_settings.h: notifications, what the link to the provider says
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX user_group_name ON user_group (account_id, name);
CREATE INDEX user_group_provider ON user_group (sso_provider_id) WHERE sso_provider_id IS NOT NULL;
CREATE INDEX user_group_manages ON user_group (account_id) WHERE manages = 1;

CREATE TABLE group_member (
    group_id BLOB NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX group_member_user ON group_member (user_id);

CREATE TABLE api_key (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    preview TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32), -- of the token, which itself is nowhere
    digest_version INTEGER NOT NULL,
    sealed BLOB, -- the token under the sealing key; NULL when it cannot be revealed
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    expires_at INTEGER,
    metadata TEXT NOT NULL, -- a JSON object of strings
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX api_key_digest ON api_key (digest);
CREATE UNIQUE INDEX api_key_name ON api_key (account_id, name);

CREATE TABLE api_key_group (
    api_key_id BLOB NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    group_id BLOB NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    PRIMARY KEY (api_key_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_key_group_group ON api_key_group (group_id);

CREATE TABLE application (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    created_by BLOB REFERENCES user_account (id) ON DELETE SET NULL, -- NULL when a key made it
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX application_name ON application (account_id, name);
CREATE INDEX application_creator ON application (created_by) WHERE created_by IS NOT NULL;

-- Never updated, never deleted from.
CREATE TABLE audit_entry (
    account_id BLOB NOT NULL,
    seq INTEGER NOT NULL, -- from 1, without gaps
    set_id BLOB NOT NULL CHECK (length(set_id) = 16), -- the request that did it
    set_position INTEGER NOT NULL, -- 0 for the first entry of its set
    created_at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB, -- NULL for the system
    actor_name TEXT NOT NULL,
    operation TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id BLOB,
    resource_name TEXT NOT NULL,
    failure TEXT, -- why it was refused; NULL when it was done
    before_doc TEXT,
    after_doc TEXT,
    request_url TEXT NOT NULL,
    request_path TEXT NOT NULL,
    request_method TEXT NOT NULL,
    request_remote TEXT NOT NULL,
    response_status INTEGER NOT NULL,
    key_version INTEGER NOT NULL,
    mac BLOB NOT NULL CHECK (length(mac) = 32),
    PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_entry_set ON audit_entry (account_id, set_id, set_position);
CREATE INDEX audit_entry_time ON audit_entry (account_id, created_at, seq, set_position) WHERE set_position = 0; -- covers counting and skipping
