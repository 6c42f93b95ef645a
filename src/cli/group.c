/* latchkey group ... */
#include "cli/session.h"

#include <inttypes.h>
#include <stdio.h>

/* Every permission of a group, in the form of the input, so that adding to it loses none. */
#define PERMISSIONS                                                                                                             \
    "permissions { accountPermissions { accountPermissionTypes } scopes appPermissions { permissionType "                       \
    "applications { filterType appIds } actions services { filterType serviceIds } provisioners { filterType provisionerIds } " \
    "templates { filterType templateIds } environments { filterTypes envIds } deployments { filterTypes envIds } "              \
    "workflows { filterTypes envIds workflowIds } pipelines { filterTypes envIds pipelineIds } } }"

#define GROUP_FIELDS "id name description isSSOLinked " PERMISSIONS " users(limit: 100) { pageInfo { total } nodes { id name email } }"

static const struct cli_column columns[] = {
    {"ID", "id", CLI_COLUMN_TEXT},
    {"NAME", "name", CLI_COLUMN_TEXT},
    {"USERS", "users.pageInfo.total", CLI_COLUMN_TEXT},
    {"DESCRIPTION", "description", CLI_COLUMN_TEXT},
};

static const struct cli_column details[] = {
    {"id", "id", CLI_COLUMN_TEXT},
    {"name", "name", CLI_COLUMN_TEXT},
    {"description", "description", CLI_COLUMN_TEXT},
    {"permissions", "permissions.accountPermissions.accountPermissionTypes", CLI_COLUMN_TEXT},
    {"scopes", "permissions.scopes", CLI_COLUMN_TEXT},
    {"applications", "permissions.appPermissions.permissionType", CLI_COLUMN_TEXT},
    {"users", "users.nodes.email", CLI_COLUMN_TEXT},
};

static const struct cli_column members[] = {
    {"ID", "id", CLI_COLUMN_TEXT},
    {"NAME", "name", CLI_COLUMN_TEXT},
    {"E-MAIL", "email", CLI_COLUMN_TEXT},
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* --- input --- */

/* The values of an option given any number of times, after those that are there already: an array of strings. */
static void write_texts(const struct cli_session *session, struct lk_json_writer *w, const struct lk_json *there, const char *option) {
    lk_json_begin_array(w);
    for (size_t i = 0; there != NULL && there->type == LK_JSON_ARRAY && i < there->array.len; i++)
        lk_json_string(w, lk_json_text(&there->array.items[i]));
    for (size_t i = 0; i < session->args->given_len; i++) {
        if (strcmp(session->args->given[i].name, option) == 0)
            lk_json_string(w, lk_slice_cstr(session->args->given[i].value));
    }
    lk_json_end_array(w);
}

/* What --app-permission gives: a JSON object of the input type. 0 or CLI_USAGE after cli_usage_error. */
static int read_app_permission(struct cli_session *session, const char *text, struct lk_json **ret) {
    struct lk_json *permission = NULL;
    struct lk_problem problem = {0};
    if (lk_json_parse(lk_slice_cstr(text), &session->arena, &permission, &problem) != 0)
        return cli_usage_error(session->command, "--app-permission is not JSON: %s", problem.text);
    if (permission->type != LK_JSON_OBJECT)
        return cli_usage_error(session->command, "--app-permission is a JSON object, such as {\"permissionType\":\"SERVICE\",...}");
    *ret = permission;
    return 0;
}

/* Whether all of them can be read, before anything is asked. */
static int check_app_permissions(struct cli_session *session) {
    struct lk_json *permission;
    int code = 0;
    for (size_t i = 0; i < session->args->given_len && code == 0; i++) {
        if (strcmp(session->args->given[i].name, "app-permission") == 0)
            code = read_app_permission(session, session->args->given[i].value, &permission);
    }
    return code;
}

/* Permissions on applications: those that are there, then those of --app-permission. */
static int write_app_permissions(struct cli_session *session, struct lk_json_writer *w, const struct lk_json *there) {
    lk_json_begin_array(w);
    for (size_t i = 0; there != NULL && there->type == LK_JSON_ARRAY && i < there->array.len; i++)
        cli_write_json(w, &there->array.items[i]);
    for (size_t i = 0; i < session->args->given_len; i++) {
        struct lk_json *permission;
        if (strcmp(session->args->given[i].name, "app-permission") != 0)
            continue;
        int code = read_app_permission(session, session->args->given[i].value, &permission);
        if (code != 0)
            return code;
        cli_write_json(w, permission);
    }
    lk_json_end_array(w);
    return 0;
}

/* The permissions of the options beside those of `there` (NULL: none). Unless keep is set, a kind that the options name replaces what is there. */
static int write_permissions(struct cli_session *session, struct lk_json_writer *w, const struct lk_json *there, bool keep) {
    static const struct {
        const char *option;
        const char *path;
    } kinds[] = {
        {"account-permission", "accountPermissions.accountPermissionTypes"}, {"scope", "scopes"}, {"app-permission", "appPermissions"}};
    const struct lk_json *kept[LEN(kinds)];
    for (size_t i = 0; i < LEN(kinds); i++)
        kept[i] = keep || !cli_option_given(session, kinds[i].option) ? cli_at(there, kinds[i].path) : NULL;
    lk_json_key(w, "permissions");
    lk_json_begin_object(w);
    lk_json_key(w, "accountPermissions");
    lk_json_begin_object(w);
    lk_json_key(w, "accountPermissionTypes");
    write_texts(session, w, kept[0], kinds[0].option);
    lk_json_end_object(w);
    lk_json_key(w, "scopes");
    write_texts(session, w, kept[1], kinds[1].option);
    lk_json_key(w, "appPermissions");
    int code = write_app_permissions(session, w, kept[2]);
    lk_json_end_object(w);
    return code;
}

/* The same, beside the permissions that the group has now. */
static int write_permissions_of(struct cli_session *session, struct lk_json_writer *w, const struct lk_slice *group, bool keep) {
    const struct lk_json *data = NULL;
    int code = cli_graphql_of(session, "query ($id: String!) { userGroup(userGroupId: $id) { " PERMISSIONS " } }", *group, &data);
    return code == 0 ? write_permissions(session, w, cli_at(data, "userGroup.permissions"), keep) : code;
}

static bool names_permissions(const struct cli_session *session) {
    return cli_option_given(session, "account-permission") || cli_option_given(session, "scope") ||
           cli_option_given(session, "app-permission");
}

static void write_text_option(const struct cli_session *session, struct lk_json_writer *w, const char *option, const char *member) {
    const char *value = cli_args_get(session->args, option);
    if (value == NULL)
        return;
    lk_json_key(w, member);
    lk_json_string(w, lk_slice_cstr(value));
}

static int write_users(struct cli_session *session, struct lk_json_writer *w) {
    if (!cli_option_given(session, "user"))
        return 0;
    lk_json_key(w, "userIds");
    return cli_write_found(session, w, &cli_kind_user, "user");
}

/* {"input":{ MEMBERS }}, with what write adds, sent with document. */
static int send_input(struct cli_session *session, const char *document, const struct lk_slice *group,
                      int (*write)(struct cli_session *, struct lk_json_writer *, const struct lk_slice *), const struct lk_json **ret) {
    struct lk_buf variables;
    lk_buf_init(&variables, 0);
    struct lk_json_writer w;
    lk_json_writer_init(&w, &variables);
    lk_json_begin_object(&w);
    lk_json_key(&w, "input");
    lk_json_begin_object(&w);
    if (group != NULL) {
        lk_json_key(&w, "userGroupId");
        lk_json_string(&w, *group);
    }
    int code = write == NULL ? 0 : write(session, &w, group);
    if (code == 0) {
        lk_json_end_object(&w);
        lk_json_end_object(&w);
        code = cli_graphql(session, document, &variables, ret);
    }
    lk_buf_free(&variables);
    return code;
}

/* --- verbs --- */

/* Prints a group. Of many users it has the first alone, which people would not see. */
static int print_group(struct cli_session *session, const struct lk_json *group) {
    const struct lk_json *total = cli_at(group, "users.pageInfo.total");
    const struct lk_json *shown = cli_at(group, "users.nodes");
    int code = cli_print_object(session, group, details, LEN(details));
    if (code == 0 && !session->json && total != NULL && total->type == LK_JSON_INT && shown != NULL && shown->type == LK_JSON_ARRAY &&
        total->integer > (int64_t)shown->array.len)
        fprintf(stderr, "These are %zu of its %" PRId64 " users: `latchkey group members` lists all.\n", shown->array.len, total->integer);
    return code;
}

static int write_create(struct cli_session *session, struct lk_json_writer *w, const struct lk_slice *group) {
    (void)group;
    lk_json_key(w, "name");
    lk_json_string(w, lk_slice_cstr(cli_new_name(session)));
    write_text_option(session, w, "description", "description");
    int code = write_permissions(session, w, NULL, false);
    return code == 0 ? write_users(session, w) : code;
}

static int create(struct cli_session *session) {
    if (cli_new_name(session) == NULL)
        return cli_usage_error(session->command, "Say one name: latchkey group create NAME");
    const struct lk_json *data = NULL;
    int code = send_input(session,
                          "mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { " GROUP_FIELDS " } } }",
                          NULL, write_create, &data);
    return code == 0 ? print_group(session, cli_at(data, "createUserGroup.userGroup")) : code;
}

static int list(struct cli_session *session) {
    static const char document[] = "query ($limit: Int!, $offset: Int) { userGroups(limit: $limit, offset: $offset) { pageInfo { hasMore } "
                                   "nodes { id name description users(limit: 0) { pageInfo { total } } } } }";
    struct cli_query query = {.document = document, .field = "userGroups"};
    int code = cli_option_range(session, SIZE_MAX, &query.range);
    return code == 0 ? cli_print_pages(session, &query, columns, LEN(columns), "There is no user group.") : code;
}

/* The group that the command's first word names, with all its fields. */
static int fetch(struct cli_session *session, const struct lk_json **ret) {
    struct cli_found found = {0};
    int code = cli_find(session, &cli_kind_group, session->args->words[0], &found);
    if (code != 0)
        return code;
    const struct lk_json *data = NULL;
    code = cli_graphql_of(session, "query ($id: String!) { userGroup(userGroupId: $id) { " GROUP_FIELDS " } }", found.id, &data);
    if (code == 0)
        *ret = lk_json_get(data, "userGroup");
    return code;
}

static int get(struct cli_session *session) {
    if (cli_need_word(session, "GROUP") != 0)
        return CLI_USAGE;
    const struct lk_json *group = NULL;
    int code = fetch(session, &group);
    return code == 0 ? print_group(session, group) : code;
}

static int write_update(struct cli_session *session, struct lk_json_writer *w, const struct lk_slice *group) {
    write_text_option(session, w, "name", "name");
    write_text_option(session, w, "description", "description");
    int code = 0;
    if (cli_args_flag(session->args, "no-permissions"))
        code = write_permissions(session, w, NULL, false);
    else if (names_permissions(session))
        code = write_permissions_of(session, w, group, false);
    return code == 0 ? write_users(session, w) : code;
}

static int update(struct cli_session *session) {
    if (cli_need_word(session, "GROUP") != 0 || check_app_permissions(session) != 0)
        return CLI_USAGE;
    struct cli_found found = {0};
    int code = cli_find(session, &cli_kind_group, session->args->words[0], &found);
    const struct lk_json *data = NULL;
    if (code == 0)
        code = send_input(session,
                          "mutation ($input: UpdateUserGroupInput!) { updateUserGroup(input: $input) { userGroup { " GROUP_FIELDS " } } }",
                          &found.id, write_update, &data);
    return code == 0 ? print_group(session, cli_at(data, "updateUserGroup.userGroup")) : code;
}

static int delete_one(struct cli_session *session, const char *word, struct cli_found *ret) {
    const struct lk_json *data = NULL;
    int code = cli_find(session, &cli_kind_group, word, ret);
    if (code == 0)
        code = cli_confirm(session, "Delete the user group %.*s (%.*s)? Keys and users in it lose its permissions at once.",
                           (int)ret->name.len, ret->name.ptr, (int)ret->id.len, ret->id.ptr);
    if (code == 0)
        code = send_input(session, "mutation ($input: DeleteUserGroupInput!) { deleteUserGroup(input: $input) { clientMutationId } }",
                          &ret->id, NULL, &data);
    return code;
}

static int delete (struct cli_session *session) {
    int code = cli_need_word(session, "GROUP...");
    return code == 0 ? cli_delete_each(session, &cli_kind_group, delete_one) : code;
}

static int write_grant(struct cli_session *session, struct lk_json_writer *w, const struct lk_slice *group) {
    return write_permissions_of(session, w, group, true);
}

static int grant(struct cli_session *session) {
    if (cli_need_word(session, "GROUP") != 0)
        return CLI_USAGE;
    if (!names_permissions(session))
        return cli_usage_error(session->command, "Say what to grant: --account-permission, --scope or --app-permission");
    if (check_app_permissions(session) != 0)
        return CLI_USAGE;
    struct cli_found found = {0};
    int code = cli_find(session, &cli_kind_group, session->args->words[0], &found);
    const struct lk_json *data = NULL;
    if (code == 0)
        code = send_input(session,
                          "mutation ($input: UpdateUserGroupPermissionsInput!) { updateUserGroupPermissions(input: $input) "
                          "{ clientMutationId } }",
                          &found.id, write_grant, &data);
    const struct lk_json *group = NULL;
    if (code == 0)
        code = fetch(session, &group);
    return code == 0 ? print_group(session, group) : code;
}

/* The users that an option names. */
struct users {
    struct named_user {
        const char *text; /* as the option has it */
        struct lk_slice id;
    } * items;
    size_t len;
};

static int find_users(struct cli_session *session, const char *option, struct users *ret) {
    struct users users = {.items = lk_arena_calloc(&session->arena, session->args->given_len, sizeof(*users.items))};
    if (users.items == NULL)
        return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    for (size_t i = 0; i < session->args->given_len; i++) {
        if (strcmp(session->args->given[i].name, option) != 0)
            continue;
        struct cli_found user = {0};
        int code = cli_find(session, &cli_kind_user, session->args->given[i].value, &user);
        if (code != 0)
            return code;
        users.items[users.len++] = (struct named_user){session->args->given[i].value, user.id};
    }
    *ret = users;
    return 0;
}

/* Adds or removes each of the users, up to the first with whom that is refused: the sentence names it. */
static int change_members(struct cli_session *session, struct lk_slice group, const struct users *users, const char *document) {
    int code = 0;
    for (size_t i = 0; i < users->len && code == 0; i++) {
        const struct named_user *user = &users->items[i];
        struct lk_buf variables;
        lk_buf_init(&variables, 0);
        lk_buf_addf(&variables, "{\"input\":{\"userGroupId\":\"%.*s\",\"userId\":\"%.*s\"}}", (int)group.len, group.ptr, (int)user->id.len,
                    user->id.ptr);
        const struct lk_json *data = NULL;
        code = cli_graphql(session, document, &variables, &data);
        if (code == LK_ECONFLICT) {
            const struct lk_problem why = session->problem;
            lk_problem_set(&session->problem, code, "%.100s: %s", user->text, why.text);
        }
        lk_buf_free(&variables);
    }
    return code;
}

static void write_group_id(struct lk_json_writer *w, void *context) {
    lk_json_key(w, "id");
    lk_json_string(w, *(const struct lk_slice *)context);
}

/* The list lies one level deeper than other lists: userGroup.users. */
static int list_members(struct cli_session *session, struct cli_found *group) {
    static const char document[] = "query ($id: String!, $limit: Int!, $offset: Int) { userGroup(userGroupId: $id) "
                                   "{ users(limit: $limit, offset: $offset) { pageInfo { hasMore } nodes { id name email } } } }";
    const struct cli_query query = {document, "userGroup.users", {0, SIZE_MAX}, write_group_id, &group->id};
    return cli_print_pages(session, &query, members, LEN(members), "Nobody is in it.");
}

static int run_members(struct cli_session *session) {
    if (cli_need_word(session, "GROUP") != 0)
        return CLI_USAGE;
    struct cli_found group = {0};
    struct users added = {0};
    struct users removed = {0};
    int code = cli_find(session, &cli_kind_group, session->args->words[0], &group);
    if (code == 0)
        code = find_users(session, "add", &added);
    if (code == 0)
        code = find_users(session, "remove", &removed);
    if (code == 0)
        code = change_members(session, group.id, &added,
                              "mutation ($input: AddUserToUserGroupInput!) { addUserToUserGroup(input: $input) { clientMutationId } }");
    if (code == 0)
        code = change_members(
            session, group.id, &removed,
            "mutation ($input: RemoveUserFromUserGroupInput!) { removeUserFromUserGroup(input: $input) { clientMutationId } }");
    return code == 0 ? list_members(session, &group) : code;
}

/* --- tables --- */

static const struct cli_option create_options[] = {
    CLI_OPTION_NEW_NAME,
    {"description", "TEXT", "What the group is for.", false},
    {"account-permission", "PERMISSION", "A permission on the account, such as MANAGE_API_KEYS.", true},
    {"scope", "SCOPE", "A name of your own making, such as invoices.read or invoices.*.", true},
    {"app-permission", "JSON", "A permission on applications: an ApplicationPermissionInput of the GraphQL API.", true},
    {"user", "USER", "A user to put into it, by e-mail address, name or id.", true},
};

static const struct cli_option update_options[] = {
    {"name", "NAME", "Its new name.", false},
    {"description", "TEXT", "What the group is for.", false},
    {"account-permission", "PERMISSION", "All permissions on the account that it is to have.", true},
    {"scope", "SCOPE", "All scopes that it is to have.", true},
    {"app-permission", "JSON", "All permissions on applications that it is to have: each an ApplicationPermissionInput.", true},
    {"no-permissions", NULL, "Takes all permissions from it.", false},
    {"user", "USER", "All users that are to be in it.", true},
};

static const struct cli_option grant_options[] = {
    {"account-permission", "PERMISSION", "A permission on the account to add.", true},
    {"scope", "SCOPE", "A scope to add.", true},
    {"app-permission", "JSON", "A permission on applications to add: an ApplicationPermissionInput of the GraphQL API.", true},
};

static const struct cli_option members_options[] = {
    {"add", "USER", "A user to put into the group, by e-mail address, name or id.", true},
    {"remove", "USER", "A user to take out of it.", true},
};

static const struct cli_option list_options[] = {CLI_OPTION_LIMIT("all"), CLI_OPTION_OFFSET};

static const struct cli_option delete_options[] = {CLI_OPTION_YES};

static const struct cli_command create_command = {
    .name = "group create",
    .usage = "NAME [--account-permission PERMISSION]... [--scope SCOPE]... [--user USER]...",
    .summary = "Make a user group.",
    .examples = "  latchkey group create readers --scope 'invoices.read' --description 'May look at invoices'\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = create_options,
    .options_len = LEN(create_options),
    .act = create,
};

static const struct cli_command list_command = {
    .name = "group list",
    .usage = "[--limit N] [--offset N]",
    .summary = "List user groups.",
    .examples = "  latchkey group list\n",
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = list_options,
    .options_len = LEN(list_options),
    .act = list,
};

static const struct cli_command get_command = {
    .name = "group get",
    .usage = "GROUP",
    .summary = "Show a user group, by name or id.",
    .examples = "  latchkey group get 'Account Administrator'\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .act = get,
};

static const struct cli_command update_command = {
    .name = "group update",
    .usage = "GROUP [--name NAME] [--account-permission PERMISSION]... [--scope SCOPE]...",
    .summary = "Change a user group; what is not named stays as it is.",
    .examples = "  latchkey group update readers --scope 'invoices.*' --scope 'orders.read'\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = update_options,
    .options_len = LEN(update_options),
    .act = update,
};

static const struct cli_command delete_command = {
    .name = "group delete",
    .usage = "GROUP... [--yes]",
    .summary = "Delete user groups; keys and users in them lose their permissions at once.",
    .help = "Asks first when a person is at the terminal.\n",
    .examples = "  latchkey group delete readers\n",
    .words = CLI_WORDS_MANY,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = delete_options,
    .options_len = LEN(delete_options),
    .act = delete,
};

static const struct cli_command grant_command = {
    .name = "group grant",
    .usage = "GROUP [--account-permission PERMISSION]... [--scope SCOPE]...",
    .summary = "Add permissions to a user group.",
    .help = "What the group may do is read, and written again with what is added: grant to one group one after the other. Of two at the\n"
            "same time one may be lost.\n",
    .examples = "  latchkey group grant readers --account-permission VIEW_AUDITS --scope 'invoices.*'\n"
                "  latchkey group grant readers --app-permission '{\"permissionType\":\"SERVICE\",\"actions\":[\"READ\"],"
                "\"applications\":{\"filterType\":\"ALL\"},\"services\":{\"filterType\":\"ALL\"}}'\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = grant_options,
    .options_len = LEN(grant_options),
    .act = grant,
};

static const struct cli_command members_command = {
    .name = "group members",
    .usage = "GROUP [--add USER]... [--remove USER]...",
    .summary = "List the users of a group, after adding and removing.",
    .examples = "  latchkey group members readers --add ann@example.com\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = members_options,
    .options_len = LEN(members_options),
    .act = run_members,
};

static const struct cli_command *const verbs[] = {
    &create_command, &list_command, &get_command, &update_command, &delete_command, &grant_command, &members_command, NULL,
};

const struct cli_command cli_group_command = {
    .name = "group",
    .usage = "create|list|get|update|delete|grant|members",
    .summary = "Manage user groups.",
    .verbs = verbs,
};
