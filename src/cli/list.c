/* Lists of the server's: asked for page by page, so that the longest takes no more memory than a page. */
#include "base/clock.h"
#include "cli/session.h"
#include "cli/when.h"

#include <stdlib.h>

#define PAGE 100 /* most that a server gives at once */

/* --- options --- */

/* A whole number that an option gives; *ret stays as it is when it was not given. 0 or CLI_USAGE after cli_usage_error. */
static int read_number(struct cli_session *session, const char *name, size_t least, size_t *ret) {
    const char *text = cli_args_get(session->args, name);
    if (text == NULL)
        return 0;
    bool digits = *text != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 9;
    size_t number = digits ? strtoul(text, NULL, 10) : 0;
    if (!digits || number < least)
        return cli_usage_error(session->command, "--%s: \"%.60s\" is not a whole number from %zu to 999999999", name, text, least);
    *ret = number;
    return 0;
}

int cli_option_range(struct cli_session *session, size_t most, struct cli_range *ret) {
    struct cli_range range = {0, most};
    int code = read_number(session, "limit", 1, &range.most);
    if (code == 0)
        code = read_number(session, "offset", 0, &range.from);
    if (code == 0)
        *ret = range;
    return code;
}

int cli_option_moment(struct cli_session *session, const char *name, int direction, int64_t *ret) {
    const char *text = cli_args_get(session->args, name);
    if (text == NULL || cli_when_parse(text, lk_clock_wall_ms(), direction, ret) == 0)
        return 0;
    return cli_usage_error(session->command, "--%s: \"%.60s\" is neither a date (2027-01-31, 2027-01-31T12:00:00Z) nor a length (90d, 12h)",
                           name, text);
}

/* --- pages --- */

static int fetch_page(struct cli_session *session, const struct cli_query *query, size_t limit, size_t offset, const struct lk_json **ret) {
    struct lk_buf variables;
    lk_buf_init(&variables, 0);
    struct lk_json_writer w;
    lk_json_writer_init(&w, &variables);
    lk_json_begin_object(&w);
    lk_json_key(&w, "limit");
    lk_json_int(&w, (int64_t)limit);
    lk_json_key(&w, "offset");
    lk_json_int(&w, (int64_t)offset);
    if (query->extra != NULL)
        query->extra(&w, query->context);
    lk_json_end_object(&w);
    const struct lk_json *data = NULL;
    int code = cli_graphql(session, query->document, &variables, &data);
    lk_buf_free(&variables);
    if (code == 0)
        *ret = cli_at(data, query->field);
    return code;
}

static int take_pages(struct cli_session *session, const struct cli_query *query, cli_page_taker take, void *context) {
    size_t len = 0;
    bool more = true;
    while (more && len < query->range.most) {
        const struct lk_json *page = NULL;
        size_t left = query->range.most - len;
        lk_arena_reset(session->answers);
        int code = fetch_page(session, query, left < PAGE ? left : PAGE, query->range.from + len, &page);
        if (code != 0)
            return code;
        const struct lk_json *nodes = lk_json_get(page, "nodes");
        if (nodes == NULL || nodes->type != LK_JSON_ARRAY)
            return lk_problem_set(&session->problem, LK_EIO, "The server's answer has no list of %s", query->field);
        const struct lk_json *has_more = cli_at(page, "pageInfo.hasMore");
        len += nodes->array.len;
        more = nodes->array.len > 0 && has_more != NULL && has_more->type == LK_JSON_BOOL && has_more->boolean;
        code = take(session, nodes->array.items, nodes->array.len, context);
        if (code != 0)
            return code == CLI_ENOUGH ? 0 : code;
    }
    return 0;
}

int cli_each_page(struct cli_session *session, const struct cli_query *query, cli_page_taker take, void *context) {
    struct lk_arena *before = session->answers;
    struct lk_arena page;
    lk_arena_init(&page, CLI_ARENA_MAX);
    session->answers = &page;
    int code = take_pages(session, query, take, context);
    session->answers = before;
    session->errors = NULL; /* which were in the page */
    lk_arena_free(&page);
    return code;
}

static int print_page(struct cli_session *session, const struct lk_json *nodes, size_t len, void *context) {
    return cli_list_add(session, context, nodes, len);
}

int cli_print_pages(struct cli_session *session, const struct cli_query *query, const struct cli_column *columns, size_t columns_len,
                    const char *empty) {
    struct cli_list list;
    cli_list_begin(columns, columns_len, empty, &list);
    int code = cli_each_page(session, query, print_page, &list);
    return code == 0 ? cli_list_end(session, &list) : code;
}
