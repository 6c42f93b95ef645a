-- Keys that went with their account and whose usage is still there. To delete that of a large account takes longer than one change may, so it is deleted
-- afterwards, some keys at a time, each together with its row here.
CREATE TABLE usage_to_forget (
    api_key_id BLOB NOT NULL PRIMARY KEY CHECK (length(api_key_id) = 16)
) STRICT, WITHOUT ROWID;
