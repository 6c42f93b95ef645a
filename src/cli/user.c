/* latchkey user ... */
#include "cli/session.h"

#define USER_FIELDS "id name email externalUserId isEmailVerified isUserLocked userGroups(limit: 100) { nodes { id name } }"

static const struct cli_column columns[] = {
    {"ID", "id", CLI_COLUMN_TEXT},
    {"NAME", "name", CLI_COLUMN_TEXT},
    {"E-MAIL", "email", CLI_COLUMN_TEXT},
    {"GROUPS", "userGroups.nodes.name", CLI_COLUMN_TEXT},
};

static const struct cli_column details[] = {
    {"id", "id", CLI_COLUMN_TEXT},
    {"name", "name", CLI_COLUMN_TEXT},
    {"e-mail", "email", CLI_COLUMN_TEXT},
    {"external id", "externalUserId", CLI_COLUMN_TEXT},
    {"locked", "isUserLocked", CLI_COLUMN_TEXT},
    {"groups", "userGroups.nodes.name", CLI_COLUMN_TEXT},
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static void write_text(struct lk_json_writer *w, const char *member, struct lk_slice value) {
    lk_json_key(w, member);
    lk_json_string(w, value);
}

static void begin_input(struct lk_json_writer *w, struct lk_buf *variables) {
    lk_buf_init(variables, 0);
    lk_json_writer_init(w, variables);
    lk_json_begin_object(w);
    lk_json_key(w, "input");
    lk_json_begin_object(w);
}

static void end_input(struct lk_json_writer *w) {
    lk_json_end_object(w);
    lk_json_end_object(w);
}

static int write_shared(struct cli_session *session, struct lk_json_writer *w) {
    const char *external = cli_args_get(session->args, "external-id");
    if (external != NULL)
        write_text(w, "externalUserId", lk_slice_cstr(external));
    if (!cli_option_given(session, "group") && !cli_args_flag(session->args, "no-groups"))
        return 0;
    lk_json_key(w, "userGroupIds");
    return cli_write_found(session, w, &cli_kind_group, "group");
}

static int create(struct cli_session *session) {
    if (session->args->words_len != 2)
        return cli_usage_error(session->command, "Say who: latchkey user create NAME E-MAIL");
    struct lk_buf variables;
    struct lk_json_writer w;
    begin_input(&w, &variables);
    write_text(&w, "name", lk_slice_cstr(session->args->words[0]));
    write_text(&w, "email", lk_slice_cstr(session->args->words[1]));
    const struct lk_json *data = NULL;
    int code = write_shared(session, &w);
    end_input(&w);
    if (code == 0)
        code = cli_graphql(session, "mutation ($input: CreateUserInput!) { createUser(input: $input) { user { " USER_FIELDS " } } }",
                           &variables, &data);
    lk_buf_free(&variables);
    return code == 0 ? cli_print_object(session, cli_at(data, "createUser.user"), details, LEN(details)) : code;
}

static int list(struct cli_session *session) {
    static const char document[] =
        "query ($limit: Int!, $offset: Int) { users(limit: $limit, offset: $offset) { pageInfo { hasMore } nodes { " USER_FIELDS " } } }";
    struct cli_query query = {.document = document, .field = "users"};
    int code = cli_option_range(session, SIZE_MAX, &query.range);
    return code == 0 ? cli_print_pages(session, &query, columns, LEN(columns), "There is no user.") : code;
}

static int need_user(struct cli_session *session, struct cli_found *ret) {
    int code = cli_need_word(session, "USER");
    return code != 0 ? code : cli_find(session, &cli_kind_user, session->args->words[0], ret);
}

static int get(struct cli_session *session) {
    struct cli_found found = {0};
    int code = need_user(session, &found);
    if (code != 0)
        return code;
    const struct lk_json *data = NULL;
    code = cli_graphql_of(session, "query ($id: String!) { user(id: $id) { " USER_FIELDS " } }", found.id, &data);
    return code == 0 ? cli_print_object(session, lk_json_get(data, "user"), details, LEN(details)) : code;
}

static int update(struct cli_session *session) {
    if (cli_option_given(session, "group") && cli_args_flag(session->args, "no-groups"))
        return cli_usage_error(session->command, "--group and --no-groups exclude each other");
    struct cli_found found = {0};
    int code = need_user(session, &found);
    if (code != 0)
        return code;
    struct lk_buf variables;
    struct lk_json_writer w;
    begin_input(&w, &variables);
    write_text(&w, "id", found.id);
    const char *name = cli_args_get(session->args, "name");
    if (name != NULL)
        write_text(&w, "name", lk_slice_cstr(name));
    const struct lk_json *data = NULL;
    code = write_shared(session, &w);
    end_input(&w);
    if (code == 0)
        code = cli_graphql(session, "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { user { " USER_FIELDS " } } }",
                           &variables, &data);
    lk_buf_free(&variables);
    return code == 0 ? cli_print_object(session, cli_at(data, "updateUser.user"), details, LEN(details)) : code;
}

static int delete_one(struct cli_session *session, const char *word, struct cli_found *ret) {
    int code = cli_find(session, &cli_kind_user, word, ret);
    if (code != 0)
        return code;
    code = cli_confirm(session, "Delete the user %.*s (%.*s)?", (int)ret->name.len, ret->name.ptr, (int)ret->id.len, ret->id.ptr);
    if (code != 0)
        return code;
    struct lk_buf variables;
    struct lk_json_writer w;
    begin_input(&w, &variables);
    write_text(&w, "id", ret->id);
    end_input(&w);
    const struct lk_json *data = NULL;
    code =
        cli_graphql(session, "mutation ($input: DeleteUserInput!) { deleteUser(input: $input) { clientMutationId } }", &variables, &data);
    lk_buf_free(&variables);
    return code;
}

static int delete (struct cli_session *session) {
    int code = cli_need_word(session, "USER...");
    return code == 0 ? cli_delete_each(session, &cli_kind_user, delete_one) : code;
}

/* --- tables --- */

static const struct cli_option create_options[] = {
    {"group", "GROUP", "A user group to put the user into, by name or id.", true},
    {"external-id", "ID", "The id under which another system knows the user.", false},
};

static const struct cli_option update_options[] = {
    {"name", "NAME", "The new name.", false},
    {"group", "GROUP", "All user groups that the user is to be in, by name or id.", true},
    {"no-groups", NULL, "Takes the user out of all user groups.", false},
    {"external-id", "ID", "The id under which another system knows the user.", false},
};

static const struct cli_option list_options[] = {CLI_OPTION_LIMIT("all"), CLI_OPTION_OFFSET};

static const struct cli_option delete_options[] = {CLI_OPTION_YES};

static const struct cli_command create_command = {
    .name = "user create",
    .usage = "NAME E-MAIL [--group GROUP]...",
    .summary = "Make a user.",
    .examples = "  latchkey user create 'Ann Lee' ann@example.com --group readers\n",
    .words = 2,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = create_options,
    .options_len = LEN(create_options),
    .act = create,
};

static const struct cli_command list_command = {
    .name = "user list",
    .usage = "[--limit N] [--offset N]",
    .summary = "List users.",
    .examples = "  latchkey user list --json | jq -r '.[].email'\n",
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = list_options,
    .options_len = LEN(list_options),
    .act = list,
};

static const struct cli_command get_command = {
    .name = "user get",
    .usage = "USER",
    .summary = "Show a user, by e-mail address, name or id.",
    .examples = "  latchkey user get ann@example.com\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .act = get,
};

static const struct cli_command update_command = {
    .name = "user update",
    .usage = "USER [--name NAME] [--group GROUP]... [--external-id ID]",
    .summary = "Change a user; what is not named stays as it is.",
    .examples = "  latchkey user update ann@example.com --group readers --group writers\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = update_options,
    .options_len = LEN(update_options),
    .act = update,
};

static const struct cli_command delete_command = {
    .name = "user delete",
    .usage = "USER... [--yes]",
    .summary = "Delete users.",
    .help = "Asks first when a person is at the terminal.\n",
    .examples = "  latchkey user delete ann@example.com\n",
    .words = CLI_WORDS_MANY,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = delete_options,
    .options_len = LEN(delete_options),
    .act = delete,
};

static const struct cli_command *const verbs[] = {&create_command, &list_command, &get_command, &update_command, &delete_command, NULL};

const struct cli_command cli_user_command = {
    .name = "user",
    .usage = "create|list|get|update|delete",
    .summary = "Manage users.",
    .verbs = verbs,
};
