/* From what people write to what the server takes: names to ids, times to milliseconds. */
#include "base/id.h"
#include "cli/session.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

const struct cli_kind cli_kind_key = {
    .what = "API key",
    .by_id = "query ($text: String!) { found: apiKey(apiKeyId: $text) { id name } }",
    .by_name = "query ($text: String!) { found: apiKeyByName(name: $text) { id name } }",
};

const struct cli_kind cli_kind_group = {
    .what = "user group",
    .by_id = "query ($text: String!) { found: userGroup(userGroupId: $text) { id name } }",
    .by_name = "query ($text: String!) { found: userGroupByName(name: $text) { id name } }",
};

const struct cli_kind cli_kind_user = {
    .what = "user",
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

int cli_find(struct cli_session *session, const struct cli_kind *kind, const char *text, struct cli_found *ret) {
    struct lk_id id;
    int code = LK_ENOTFOUND;
    if (lk_id_parse(lk_slice_cstr(text), &id) == 0)
        code = ask(session, kind->by_id, text, ret);
    if (code == LK_ENOTFOUND && kind->by_email != NULL && strchr(text, '@') != NULL)
        code = ask(session, kind->by_email, text, ret);
    if (code == LK_ENOTFOUND)
        code = ask(session, kind->by_name, text, ret);
    if (code == LK_ENOTFOUND)
        lk_problem_set(&session->problem, code, "There is no %s \"%.100s\"", kind->what, text);
    return code;
}

bool cli_option_given(const struct cli_session *session, const char *name) {
    return cli_args_get(session->args, name) != NULL;
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
    int code = cli_graphql(session, "{ account { id } }", NULL, &data);
    if (code == 0)
        *ret = lk_json_text(cli_at(data, "account.id"));
    return code;
}

/* --- times --- */

int cli_parse_length(const char *text, int64_t *ret) {
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 7 * (int64_t)86400000}};
    if (!isdigit((unsigned char)text[0]))
        return LK_EINVAL;
    char *end;
    long long count = strtoll(text, &end, 10);
    int64_t length;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (end[0] == units[i].unit && end[1] == '\0' && !__builtin_mul_overflow(count, units[i].ms, &length)) {
            *ret = length;
            return 0;
        }
    }
    return LK_EINVAL;
}

int cli_parse_time(const char *text, int64_t now_ms, int64_t *ret) {
    int64_t length;
    if (cli_parse_length(text, &length) == 0)
        return __builtin_add_overflow(now_ms, length, ret) ? LK_EINVAL : 0;
    static const char *const formats[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d"};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct tm parts;
        memset(&parts, 0, sizeof(parts));
        const char *end = strptime(text, formats[i], &parts);
        if (end != NULL && *end == '\0') {
            *ret = (int64_t)timegm(&parts) * 1000;
            return 0;
        }
    }
    return LK_EINVAL;
}
