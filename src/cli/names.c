/* From what people write to what the server takes: names to ids. */
#include "base/id.h"
#include "cli/session.h"

const struct cli_kind cli_kind_key = {
    .what = "API key",
    .command = "key",
    .by_id = "query ($text: String!) { found: apiKey(apiKeyId: $text) { id name } }",
    .by_name = "query ($text: String!) { found: apiKeyByName(name: $text) { id name } }",
};

const struct cli_kind cli_kind_group = {
    .what = "user group",
    .command = "group",
    .by_id = "query ($text: String!) { found: userGroup(userGroupId: $text) { id name } }",
    .by_name = "query ($text: String!) { found: userGroupByName(name: $text) { id name } }",
};

const struct cli_kind cli_kind_user = {
    .what = "user",
    .command = "user",
    .by_id = "query ($text: String!) { found: user(id: $text) { id name } }",
    .by_name = "query ($text: String!) { found: userByName(name: $text) { id name } }",
    .by_email = "query ($text: String!) { found: userByEmail(email: $text) { id name } }",
};

static int ask(struct cli_session *session, const char *document, const char *text, struct cli_found *ret) {
    struct lk_buf variables;
    lk_buf_init(&variables, 0);
    struct lk_json_writer w;
    lk_json_writer_init(&w, &variables);
    lk_json_begin_object(&w);
    lk_json_key(&w, "text");
    lk_json_string(&w, lk_slice_cstr(text));
    lk_json_end_object(&w);
    const struct lk_json *data = NULL;
    int code = cli_graphql(session, document, &variables, &data);
    lk_buf_free(&variables);
    if (code == 0)
        *ret = (struct cli_found){lk_json_text(cli_at(data, "found.id")), lk_json_text(cli_at(data, "found.name"))};
    return code;
}

/* Several users may have one name: those of the one that is asked for. */
struct namesakes {
    const char *name;
    size_t len;
    struct lk_buf which; /* "E-MAIL (ID), ..." */
};

static const char users_document[] = "query ($limit: Int!, $offset: Int) { users(limit: $limit, offset: $offset) { pageInfo { hasMore } "
                                     "nodes { id name email } } }";

static int compare_name(const struct lk_json *user, const char *name) {
    return lk_slice_compare(lk_json_text(lk_json_get(user, "name")), lk_slice_cstr(name));
}

static int take_namesakes(struct cli_session *session, const struct lk_json *users, size_t len, void *context) {
    (void)session;
    struct namesakes *namesakes = context;
    for (size_t i = 0; i < len; i++) {
        int order = compare_name(&users[i], namesakes->name);
        if (order > 0) /* the list is in the order of names, byte by byte */
            return CLI_ENOUGH;
        struct lk_slice id = lk_json_text(lk_json_get(&users[i], "id"));
        struct lk_slice email = lk_json_text(lk_json_get(&users[i], "email"));
        if (order == 0)
            lk_buf_addf(&namesakes->which, "%s%.*s (%.*s)", namesakes->len++ == 0 ? "" : ", ", (int)email.len, email.ptr, (int)id.len,
                        id.ptr);
    }
    return 0;
}

/* Whether a place in the list of users is one before those of a name. */
struct probe {
    const char *name;
    bool before;
};

static int take_probe(struct cli_session *session, const struct lk_json *users, size_t len, void *context) {
    (void)session;
    struct probe *probe = context;
    probe->before = len > 0 && compare_name(&users[0], probe->name) < 0;
    return CLI_ENOUGH;
}

#define NEAR 100 /* places */

/* A place in the list of users before those of a name, and NEAR them: found by doubling and halving, so that one look costs few requests. */
static int skip_other_names(struct cli_session *session, const char *name, size_t *ret) {
    struct probe probe = {name, true};
    size_t low = 0; /* who is at this place comes before the name, unless it is the first place */
    bool doubling = true;
    for (size_t step = NEAR; step >= NEAR; step = doubling ? 2 * step : step / 2) {
        const struct cli_query query = {.document = users_document, .field = "users", .range = {low + step, 1}};
        int code = cli_each_page(session, &query, take_probe, &probe);
        if (code != 0)
            return code;
        low += probe.before ? step : 0;
        doubling = doubling && probe.before;
    }
    *ret = low < NEAR ? 0 : low - NEAR; /* users may be deleted meanwhile, which moves the others */
    return 0;
}

static int refuse_ambiguous_user(struct cli_session *session, const char *name) {
    struct namesakes namesakes = {.name = name};
    lk_buf_init(&namesakes.which, LK_PROBLEM_MAX / 2);
    struct cli_query query = {.document = users_document, .field = "users", .range = {0, SIZE_MAX}};
    int code = skip_other_names(session, name, &query.range.from);
    if (code == 0)
        code = cli_each_page(session, &query, take_namesakes, &namesakes);
    if (code == 0 && namesakes.len > 1)
        code = lk_problem_set(&session->problem, LK_ECONFLICT, "%zu users are called \"%.*s\"; say which by e-mail address or id: %.*s",
                              namesakes.len, cli_whole(lk_slice_cstr(name), 100), name, (int)namesakes.which.len, namesakes.which.ptr);
    lk_buf_free(&namesakes.which);
    return code;
}

int cli_find(struct cli_session *session, const struct cli_kind *kind, const char *text, struct cli_found *ret) {
    struct lk_id id;
    int code = LK_ENOTFOUND;
    if (lk_id_parse(lk_slice_cstr(text), &id) == 0)
        code = ask(session, kind->by_id, text, ret);
    if (code == LK_ENOTFOUND && kind->by_email != NULL && strchr(text, '@') != NULL)
        code = ask(session, kind->by_email, text, ret);
    if (code == LK_ENOTFOUND) {
        struct cli_found found = {0};
        code = ask(session, kind->by_name, text, &found);
        if (code == 0 && kind == &cli_kind_user)
            code = refuse_ambiguous_user(session, text);
        if (code == 0)
            *ret = found;
    }
    if (code == LK_ENOTFOUND)
        lk_problem_set(&session->problem, code, "There is no %s \"%.*s\": `latchkey %s list` shows what there is", kind->what,
                       cli_whole(lk_slice_cstr(text), 100), text, kind->command);
    return code;
}

bool cli_option_given(const struct cli_session *session, const char *name) {
    return cli_args_get(session->args, name) != NULL;
}

int cli_need_word(struct cli_session *session, const char *what) {
    const char *word = session->args->words_len > 0 ? session->args->words[0] : "";
    return word[0] != '\0' ? 0 : cli_usage_error(session->command, "Say which: latchkey %s %s", session->command->name, what);
}

const char *cli_new_name(const struct cli_session *session) {
    const char *option = cli_args_get(session->args, "name");
    const char *word = session->args->words_len > 0 ? session->args->words[0] : NULL;
    if (option != NULL && word != NULL)
        return NULL;
    return option != NULL ? option : word;
}

int cli_write_found(struct cli_session *session, struct lk_json_writer *w, const struct cli_kind *kind, const char *option) {
    lk_json_begin_array(w);
    for (size_t i = 0; i < session->args->given_len; i++) {
        if (strcmp(session->args->given[i].name, option) != 0)
            continue;
        struct cli_found found;
        int code = cli_find(session, kind, session->args->given[i].value, &found);
        if (code != 0)
            return code;
        lk_json_string(w, found.id);
    }
    lk_json_end_array(w);
    return 0;
}

int cli_account_id(struct cli_session *session, struct lk_slice *ret) {
    const struct lk_json *data = NULL;
    if (session->account_id.len == 0) {
        int code = cli_graphql(session, "{ account { id } }", NULL, &data);
        if (code != 0)
            return code;
        if (lk_arena_copy(&session->arena, lk_json_text(cli_at(data, "account.id")), &session->account_id) != 0)
            return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    }
    *ret = session->account_id;
    return 0;
}
