/* latchkey key ... */
#include "cli/key_command.h"

static const struct cli_column columns[] = {
    {"ID", "id", CLI_COLUMN_TEXT},
    {"NAME", "name", CLI_COLUMN_TEXT},
    {"KEY", "preview", CLI_COLUMN_TEXT},
    {"ENABLED", "enabled", CLI_COLUMN_TEXT},
    {"EXPIRES", "expiresAt", CLI_COLUMN_TIME},
    {"LAST USED", "lastUsedAt", CLI_COLUMN_TIME},
    {"CREATED", "createdAt", CLI_COLUMN_TIME},
    {"GROUPS", "userGroups.nodes.name", CLI_COLUMN_TEXT},
};

static const struct cli_column details[] = {
    {"id", "id", CLI_COLUMN_TEXT},
    {"name", "name", CLI_COLUMN_TEXT},
    {"key", "preview", CLI_COLUMN_TEXT},
    {"weak", "weak", CLI_COLUMN_TEXT},
    {"enabled", "enabled", CLI_COLUMN_TEXT},
    {"groups", "userGroups.nodes.name", CLI_COLUMN_TEXT},
    {"expires", "expiresAt", CLI_COLUMN_TIME},
    {"last used", "lastUsedAt", CLI_COLUMN_TIME},
    {"created", "createdAt", CLI_COLUMN_TIME},
    {"created by", "createdBy", CLI_COLUMN_TEXT},
    {"updated", "updatedAt", CLI_COLUMN_TIME},
    {"metadata", "metadata", CLI_COLUMN_TEXT},
    {"allowed from", "allowedIps", CLI_COLUMN_TEXT},
    {"rate", "rateLimit.limit", CLI_COLUMN_TEXT},
    {"per seconds", "rateLimit.windowSeconds", CLI_COLUMN_TEXT},
    {"credits", "credits.remaining", CLI_COLUMN_TEXT},
    {"refill to", "credits.refill.amount", CLI_COLUMN_TEXT},
    {"refill", "credits.refill.interval", CLI_COLUMN_TEXT},
    {"next refill", "credits.refill.nextAt", CLI_COLUMN_TIME},
    {"old secrets", "previousSecrets.preview", CLI_COLUMN_TEXT},
    {"which end", "previousSecrets.endsAt", CLI_COLUMN_TIME},
};

/* What create prints: the secret in full. */
static const struct cli_column created[] = {
    {"id", "apiKey.id", CLI_COLUMN_TEXT},
    {"name", "apiKey.name", CLI_COLUMN_TEXT},
    {"groups", "apiKey.userGroups.nodes.name", CLI_COLUMN_TEXT},
    {"expires", "apiKey.expiresAt", CLI_COLUMN_TIME},
    {"key", "key", CLI_COLUMN_TEXT},
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* --- input --- */

/* "--metadata team=payments" any number of times, as [{"key","value"}]. */
static int write_metadata(struct cli_session *session, struct lk_json_writer *w) {
    lk_json_begin_array(w);
    for (size_t i = 0; i < session->args->given_len; i++) {
        const struct cli_given *given = &session->args->given[i];
        if (strcmp(given->name, "metadata") != 0)
            continue;
        const char *equals = strchr(given->value, '=');
        if (equals == NULL)
            return cli_usage_error(session->command, "--metadata is written KEY=VALUE, not %.60s", given->value);
        lk_json_begin_object(w);
        lk_json_key(w, "key");
        lk_json_string(w, lk_slice_make(given->value, (size_t)(equals - given->value)));
        lk_json_key(w, "value");
        lk_json_string(w, lk_slice_cstr(equals + 1));
        lk_json_end_object(w);
    }
    lk_json_end_array(w);
    return 0;
}

static int write_expiry(struct cli_session *session, struct lk_json_writer *w) {
    const char *text = cli_args_get(session->args, "expires");
    struct lk_problem problem;
    if (text == NULL || cli_key_write_expiry(text, w, &problem) == 0)
        return 0;
    return cli_usage_error(session->command, "--expires: %s", problem.text);
}

/* The members that create and update share, as far as they were given and need no server. */
static int write_shared(struct cli_session *session, bool keeps_refill, struct lk_json_writer *w) {
    int code = write_expiry(session, w);
    if (code == 0 && (cli_option_given(session, "metadata") || cli_args_flag(session->args, "no-metadata"))) {
        lk_json_key(w, "metadata");
        code = write_metadata(session, w);
    }
    if (code == 0 && (cli_args_flag(session->args, "disable") || cli_args_flag(session->args, "enable"))) {
        lk_json_key(w, "enabled");
        lk_json_bool(w, cli_args_flag(session->args, "enable"));
    }
    return code == 0 ? cli_key_write_limits(session, keeps_refill, w) : code;
}

/* The same of the one whose names the server knows. */
static int write_groups(struct cli_session *session, struct lk_json_writer *w) {
    if (!cli_option_given(session, "group") && !cli_args_flag(session->args, "no-groups"))
        return 0;
    lk_json_key(w, "userGroupIds");
    return cli_write_found(session, w, &cli_kind_group, "group");
}

void cli_key_begin_input(struct lk_json_writer *w) {
    lk_json_begin_object(w);
    lk_json_key(w, "input");
    lk_json_begin_object(w);
}

int cli_key_end_input(struct cli_session *session, struct lk_json_writer *w) {
    struct lk_slice account;
    int code = cli_account_id(session, &account);
    if (code != 0)
        return code;
    lk_json_key(w, "accountId");
    lk_json_string(w, account);
    lk_json_end_object(w);
    lk_json_end_object(w);
    return 0;
}

int cli_key_print_secret(struct cli_session *session, const struct lk_json *payload, const struct cli_column *shown, size_t len) {
    struct lk_slice id = lk_json_text(cli_at(payload, "apiKey.id"));
    int code = cli_print_object(session, payload, shown, len);
    if (code != 0 && id.len > 0)
        session->hint = lk_arena_printf(&session->arena, "The key has its secret all the same: `latchkey key reveal %.*s` shows it.",
                                        (int)id.len, id.ptr);
    return code;
}

/* --- verbs --- */

static int send_create(struct cli_session *session, struct lk_buf *variables, const struct lk_json **ret) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, variables);
    cli_key_begin_input(&w);
    lk_json_key(&w, "name");
    lk_json_string(&w, lk_slice_cstr(cli_new_name(session)));
    int code = write_shared(session, false, &w);
    if (code == 0)
        code = write_groups(session, &w);
    if (code == 0)
        code = cli_key_end_input(session, &w);
    if (code != 0)
        return code;
    return cli_graphql(session,
                       "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { " CLI_KEY_FIELDS " } } }",
                       variables, ret);
}

static int create(struct cli_session *session) {
    if (cli_new_name(session) == NULL)
        return cli_usage_error(session->command, "Say one name: latchkey key create NAME");
    struct lk_buf variables;
    lk_buf_init(&variables, 0);
    const struct lk_json *data = NULL;
    int code = send_create(session, &variables, &data);
    lk_buf_free(&variables);
    return code == 0 ? cli_key_print_secret(session, lk_json_get(data, "createApiKey"), created, LEN(created)) : code;
}

/* What a list is asked for. */
struct listing {
    struct lk_buf filters;
    const char *sort; /* an ApiKeySortField; NULL: none */
    bool reverse;
};

static void write_listing(struct lk_json_writer *w, void *context) {
    const struct listing *listing = context;
    lk_json_key(w, "filters");
    lk_json_raw(w, lk_buf_slice(&listing->filters));
    if (listing->sort == NULL)
        return;
    lk_json_key(w, "sort");
    lk_json_begin_object(w);
    lk_json_key(w, "field");
    lk_json_string(w, lk_slice_cstr(listing->sort));
    lk_json_key(w, "descending");
    lk_json_bool(w, listing->reverse);
    lk_json_end_object(w);
}

static int read_sort(struct cli_session *session, struct listing *ret) {
    static const struct {
        const char *word, *field;
    } fields[] = {{"name", "NAME"}, {"created", "CREATED_AT"}, {"expires", "EXPIRES_AT"}, {"used", "LAST_USED_AT"}};
    const char *word = cli_args_get(session->args, "sort");
    ret->reverse = cli_args_flag(session->args, "reverse");
    for (size_t i = 0; i < LEN(fields); i++) {
        if (strcmp(word == NULL ? "name" : word, fields[i].word) == 0) {
            ret->sort = word == NULL && !ret->reverse ? NULL : fields[i].field;
            return 0;
        }
    }
    return cli_usage_error(session->command, "--sort is name, created, expires or used, not %.60s", word);
}

/* A moment as a member; direction: where a length of time leads from now. */
static int write_moment(struct cli_session *session, struct lk_json_writer *w, const char *option, const char *member, int direction) {
    int64_t time = 0;
    int code = cli_option_moment(session, option, direction, &time);
    if (code != 0 || !cli_option_given(session, option))
        return code;
    lk_json_key(w, member);
    lk_json_int(w, time);
    return 0;
}

static int write_group_filter(struct cli_session *session, struct lk_json_writer *w) {
    const char *group = cli_args_get(session->args, "group");
    struct cli_found found = {0};
    int code = group == NULL ? 0 : cli_find(session, &cli_kind_group, group, &found);
    if (group == NULL || code != 0)
        return code;
    lk_json_key(w, "userGroupId");
    lk_json_string(w, found.id);
    return 0;
}

static int make_filters(struct cli_session *session, struct lk_buf *out) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_object(&w);
    const char *name = cli_args_get(session->args, "name");
    if (name != NULL) {
        lk_json_key(&w, "nameContains");
        lk_json_string(&w, lk_slice_cstr(name));
    }
    if (cli_args_flag(session->args, "disabled")) {
        lk_json_key(&w, "enabled");
        lk_json_bool(&w, false);
    }
    int code = write_moment(session, &w, "unused-since", "unusedSince", -1);
    if (code == 0)
        code = write_moment(session, &w, "expires-before", "expiresBefore", 1);
    if (code == 0)
        code = write_moment(session, &w, "expires-after", "expiresAfter", 1);
    if (code == 0)
        code = write_group_filter(session, &w);
    lk_json_end_object(&w);
    return code;
}

static int list(struct cli_session *session) {
    static const char document[] =
        "query ($limit: Int!, $offset: Int, $filters: [ApiKeyFilter], $sort: ApiKeySort) { "
        "apiKeys(limit: $limit, offset: $offset, filters: $filters, sort: $sort) { pageInfo { hasMore } nodes { " CLI_KEY_FIELDS " } } }";
    struct listing listing = {0};
    struct cli_query query = {.document = document, .field = "apiKeys", .extra = write_listing, .context = &listing};
    int code = cli_option_range(session, SIZE_MAX, &query.range);
    if (code == 0)
        code = read_sort(session, &listing);
    if (code == 0)
        code = make_filters(session, &listing.filters);
    if (code == 0)
        code = cli_print_pages(session, &query, columns, LEN(columns), "There is no such API key.");
    lk_buf_free(&listing.filters);
    return code;
}

static int get(struct cli_session *session) {
    if (cli_need_word(session, "KEY") != 0)
        return CLI_USAGE;
    struct cli_found found = {0};
    int code = cli_find(session, &cli_kind_key, session->args->words[0], &found);
    if (code != 0)
        return code;
    const struct lk_json *data = NULL;
    code = cli_graphql_of(session, "query ($id: String!) { apiKey(apiKeyId: $id) { " CLI_KEY_FIELDS " } }", found.id, &data);
    return code == 0 ? cli_print_object(session, lk_json_get(data, "apiKey"), details, LEN(details)) : code;
}

/* The variables of cli_key_send. */
static int write_send(struct cli_session *session, const char *word, int (*write)(struct cli_session *, struct lk_json_writer *),
                      int (*more)(struct cli_session *, struct lk_json_writer *, const struct cli_found *), struct cli_found *ret_found,
                      struct lk_buf *variables) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, variables);
    cli_key_begin_input(&w);
    int code = write == NULL ? 0 : write(session, &w);
    if (code == 0)
        code = cli_find(session, &cli_kind_key, word, ret_found);
    if (code != 0)
        return code;
    lk_json_key(&w, "uuid");
    lk_json_string(&w, ret_found->id);
    code = more == NULL ? 0 : more(session, &w, ret_found);
    return code == 0 ? cli_key_end_input(session, &w) : code;
}

int cli_key_send(struct cli_session *session, const char *document, const char *word,
                 int (*write)(struct cli_session *, struct lk_json_writer *),
                 int (*more)(struct cli_session *, struct lk_json_writer *, const struct cli_found *), struct cli_found *ret_found,
                 const struct lk_json **ret) {
    struct lk_buf variables;
    lk_buf_init(&variables, 0);
    int code = write_send(session, word, write, more, ret_found, &variables);
    if (code == 0)
        code = cli_graphql(session, document, &variables, ret);
    lk_buf_free(&variables);
    return code;
}

static int write_change(struct cli_session *session, struct lk_json_writer *w) {
    return write_shared(session, true, w);
}

/* What needs the key as it is: what is not named stays. */
static int write_update(struct cli_session *session, struct lk_json_writer *w, const struct cli_found *found) {
    const char *name = cli_args_get(session->args, "name");
    lk_json_key(w, "name");
    lk_json_string(w, name == NULL ? found->name : lk_slice_cstr(name));
    int code = cli_key_write_credits(session, found->id, w);
    return code == 0 ? write_groups(session, w) : code;
}

static int update(struct cli_session *session) {
    if (cli_need_word(session, "KEY") != 0)
        return CLI_USAGE;
    if (cli_args_flag(session->args, "enable") && cli_args_flag(session->args, "disable"))
        return cli_usage_error(session->command, "--enable and --disable exclude each other");
    if (cli_option_given(session, "metadata") && cli_args_flag(session->args, "no-metadata"))
        return cli_usage_error(session->command, "--metadata and --no-metadata exclude each other");
    if (cli_option_given(session, "group") && cli_args_flag(session->args, "no-groups"))
        return cli_usage_error(session->command, "--group and --no-groups exclude each other");
    struct cli_found found = {0};
    const struct lk_json *data = NULL;
    int code =
        cli_key_send(session, "mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { " CLI_KEY_FIELDS " } } }",
                     session->args->words[0], write_change, write_update, &found, &data);
    return code == 0 ? cli_print_object(session, cli_at(data, "updateApiKey.apiKey"), details, LEN(details)) : code;
}

static int confirm_delete(struct cli_session *session, struct lk_json_writer *w, const struct cli_found *found) {
    (void)w;
    return cli_confirm(session, "Delete the API key %.*s (%.*s)? It is refused from then on, for good.", (int)found->name.len,
                       found->name.ptr, (int)found->id.len, found->id.ptr);
}

static int delete_one(struct cli_session *session, const char *word, struct cli_found *ret) {
    const struct lk_json *data = NULL;
    return cli_key_send(session, "mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }", word, NULL,
                        confirm_delete, ret, &data);
}

static int delete (struct cli_session *session) {
    int code = cli_need_word(session, "KEY...");
    return code == 0 ? cli_delete_each(session, &cli_kind_key, delete_one) : code;
}

/* --- tables --- */

#define OPTION_GROUP \
    { "group", "GROUP", "A user group to inherit permissions from, by name or id.", true }
#define OPTION_EXPIRES \
    { "expires", "WHEN", "A date (2027-01-31, 2027-01-31T12:00:00Z), a length (90d, 12h), or never.", false }
#define OPTION_METADATA \
    { "metadata", "KEY=VALUE", "A note on the key.", true }

static const struct cli_option create_options[] = {
    CLI_OPTION_NEW_NAME,
    OPTION_GROUP,
    OPTION_EXPIRES,
    OPTION_METADATA,
    CLI_KEY_OPTION_ALLOW_IP,
    CLI_KEY_OPTION_RATE,
    CLI_KEY_OPTION_CREDITS,
    CLI_KEY_OPTION_REFILL,
    {"disable", NULL, "The key is not accepted until it is enabled.", false},
};

static const struct cli_option list_options[] = {
    {"name", "TEXT", "Only keys whose name contains this, in any case.", false},
    {"group", "GROUP", "Only keys in this user group, by name or id.", false},
    {"disabled", NULL, "Only keys that are disabled.", false},
    {"unused-since", "WHEN", "Only keys that are older than that and were not used since: a date (2027-01-31) or a length (90d).", false},
    {"expires-before", "WHEN", "Only keys that expire before that: a date (2027-01-31) or a length (30d).", false},
    {"expires-after", "WHEN", "Only keys that expire after that: a date (2027-01-31) or a length (0d: not those that have expired).",
     false},
    {"sort", "FIELD", "In this order: name, created, expires or used. By name unless given.", false},
    {"reverse", NULL, "The other way round: the newest or the last used first.", false},
    CLI_OPTION_LIMIT("all"),
    CLI_OPTION_OFFSET,
};

static const struct cli_option update_options[] = {
    {"name", "NAME", "Its new name.", false},
    {"group", "GROUP", "All user groups it is to be in, by name or id.", true},
    {"no-groups", NULL, "Takes it out of all user groups.", false},
    OPTION_EXPIRES,
    {"metadata", "KEY=VALUE", "All notes it is to have.", true},
    {"no-metadata", NULL, "Takes all notes from it.", false},
    {"allow-ip", "BLOCK", "All addresses and blocks that it may be used from.", true},
    {"any-ip", NULL, "It may be used from anywhere.", false},
    CLI_KEY_OPTION_RATE,
    CLI_KEY_OPTION_CREDITS,
    CLI_KEY_OPTION_REFILL,
    {"enable", NULL, "Accepts it again.", false},
    {"disable", NULL, "Refuses it until it is enabled.", false},
};

static const struct cli_option delete_options[] = {CLI_OPTION_YES};

static const struct cli_command create_command = {
    .name = "key create",
    .usage = "NAME [--group GROUP]... [--expires WHEN] [--allow-ip BLOCK]... [--rate N/TIME] [--credits N [--refill N/WHEN]]",
    .summary = "Make an API key and print it, this once.",
    .examples =
        "  latchkey key create ci --group 'Production Support' --expires 90d\n"
        "  latchkey key create billing --group readers --metadata team=payments --json | jq -r .key\n"
        "  latchkey key create partner --group readers --allow-ip 192.0.2.0/24 --rate 100/60s --credits 10000 --refill 10000/monthly:1\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = create_options,
    .options_len = LEN(create_options),
    .act = create,
};

static const struct cli_command list_command = {
    .name = "key list",
    .usage = "[--name TEXT] [--group GROUP] [--disabled] [--unused-since WHEN] [--expires-before WHEN] [--expires-after WHEN] [--sort "
             "FIELD] [--reverse]",
    .summary = "List API keys.",
    .examples = "  latchkey key list\n  latchkey key list --sort used --reverse --limit 20\n  latchkey key list --unused-since 90d\n  "
                "latchkey key list --group readers --json | jq -r '.[].name'\n",
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = list_options,
    .options_len = LEN(list_options),
    .act = list,
};

static const struct cli_command get_command = {
    .name = "key get",
    .usage = "KEY",
    .summary = "Show an API key, by name or id.",
    .examples = "  latchkey key get ci\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .act = get,
};

static const struct cli_command update_command = {
    .name = "key update",
    .usage = "KEY [--name NAME] [--group GROUP]... [--expires WHEN] [--enable | --disable]",
    .summary = "Change an API key; what is not named stays as it is.",
    .examples = "  latchkey key update ci --name ci-old --disable\n  latchkey key update ci --group readers --group writers\n"
                "  latchkey key update ci --expires never --any-ip --rate none\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = update_options,
    .options_len = LEN(update_options),
    .act = update,
};

static const struct cli_command delete_command = {
    .name = "key delete",
    .usage = "KEY... [--yes]",
    .summary = "Delete API keys: they are refused from the next request on.",
    .help = "Asks first when a person is at the terminal.\n",
    .examples = "  latchkey key delete ci-old\n",
    .words = CLI_WORDS_MANY,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = delete_options,
    .options_len = LEN(delete_options),
    .act = delete,
};

static const struct cli_command *const verbs[] = {
    &create_command,
    &list_command,
    &get_command,
    &update_command,
    &delete_command,
    &cli_key_rotate_command,
    &cli_key_reveal_command,
    &cli_key_import_command,
    &cli_key_verify_command,
    &cli_key_check_command,
    &cli_key_rotate_master_command,
    NULL,
};

const struct cli_command cli_key_command = {
    .name = "key",
    .usage = "create|list|get|update|delete|rotate|reveal|import|verify|check|rotate-master",
    .summary = "Manage API keys.",
    .verbs = verbs,
};
