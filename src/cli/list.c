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

/* A page, and where in the list it was asked for. */
struct page {
    size_t offset;
    const struct lk_json *nodes; /* an array */
    bool more;
};

static int read_page(struct cli_session *session, const struct cli_query *query, size_t limit, size_t offset, struct page *ret) {
    const struct lk_json *answer = NULL;
    lk_arena_reset(session->answers);
    int code = fetch_page(session, query, limit, offset, &answer);
    if (code != 0)
        return code;
    const struct lk_json *nodes = lk_json_get(answer, "nodes");
    const struct lk_json *more = cli_at(answer, "pageInfo.hasMore");
    if (nodes == NULL || nodes->type != LK_JSON_ARRAY)
        return lk_problem_set(&session->problem, LK_EIO, "The server's answer has no list of %s", query->field);
    *ret = (struct page){offset, nodes, nodes->array.len > 0 && more != NULL && more->type == LK_JSON_BOOL && more->boolean};
    return 0;
}

/* --- a list that changes while it is read ---
 *
 * The server is told how many to skip, and others come and go among those: whoever deletes what a list prints moves what comes next. So a page is asked for with
 * the one that was given last, and where that has moved, it is looked for: what is there all the time is given, and once. */

#define ID_MAX 39
#define SEARCH_PAGES 50 /* each way */
#define IDLE_PAGES 3

/* How far a list was read. */
struct progress {
    size_t given;
    size_t at; /* how many come before the next one, if nothing has changed */
    struct {
        char text[ID_MAX + 1];
    } last[PAGE]; /* the ids of those that were given last, each at its number modulo PAGE; empty: it has none */
};

static struct lk_slice id_of(const struct lk_json *node) {
    struct lk_slice id = lk_json_text(lk_json_get(node, "id"));
    return id.len <= ID_MAX ? id : lk_slice_make(NULL, 0);
}

static void remember(struct progress *progress, const struct lk_json *node) {
    struct lk_slice id = id_of(node);
    char *text = progress->last[progress->given++ % PAGE].text;
    if (id.len > 0)
        memcpy(text, id.ptr, id.len);
    text[id.len] = '\0';
}

/* Whether it is among those that were given last. */
static bool was_given(const struct progress *progress, const struct lk_json *node) {
    struct lk_slice id = id_of(node);
    bool found = false;
    for (size_t i = 0; i < PAGE && i < progress->given && id.len > 0 && !found; i++)
        found = lk_slice_is(id, progress->last[i].text);
    return found;
}

/* Up to where a page has been read: behind the first of its nodes that were given, and those that follow. 0: none was. */
static size_t read_len(const struct progress *progress, const struct lk_json *nodes) {
    size_t len = 0;
    while (len < nodes->array.len && !was_given(progress, &nodes->array.items[len]))
        len++;
    if (len == nodes->array.len)
        return 0;
    while (len < nodes->array.len && was_given(progress, &nodes->array.items[len]))
        len++;
    return len;
}

static int cannot_go_on(struct cli_session *session) {
    return lk_problem_set(&session->problem, LK_ECONFLICT,
                          "The list has changed so much while it was read that it cannot go on: what was listed is not all");
}

/* Looks around a page for one with something that was given. */
static int search(struct cli_session *session, const struct cli_query *query, const struct progress *progress, struct page *page) {
    const size_t step = PAGE - 1;
    struct page back = *page;
    struct page forward = *page;
    for (int i = 0; i < SEARCH_PAGES && (back.offset > 0 || forward.more); i++) {
        int code = 0;
        if (back.offset > 0) {
            code = read_page(session, query, PAGE, back.offset < step ? 0 : back.offset - step, &back);
            *page = back;
        }
        if (code == 0 && read_len(progress, page->nodes) == 0 && forward.more) {
            code = read_page(session, query, PAGE, forward.offset + step, &forward);
            *page = forward;
        }
        if (code != 0 || read_len(progress, page->nodes) > 0)
            return code;
    }
    return cannot_go_on(session);
}

/* The next page, and up to where it has been read. */
static int read_next(struct cli_session *session, const struct cli_query *query, const struct progress *progress, struct page *ret,
                     size_t *ret_len) {
    const size_t left = query->range.most - progress->given;
    const bool known = progress->given > 0 && progress->last[(progress->given - 1) % PAGE].text[0] != '\0';
    *ret_len = 0;
    if (!known)
        return read_page(session, query, left < PAGE ? left : PAGE, progress->at, ret);
    int code = read_page(session, query, left < PAGE ? left + 1 : PAGE, progress->at - 1, ret);
    if (code == 0 && read_len(progress, ret->nodes) == 0)
        code = search(session, query, progress, ret);
    if (code == 0)
        *ret_len = read_len(progress, ret->nodes);
    return code;
}

/* Gives what is new of a page, and no more than is wanted. */
static int give(struct cli_session *session, const struct cli_query *query, struct progress *progress, const struct page *page, size_t from,
                cli_page_taker take, void *context) {
    const struct lk_json *nodes = page->nodes;
    size_t len = 0;
    struct lk_json *items = lk_arena_calloc(session->answers, nodes->array.len, sizeof(*items));
    if (items == NULL)
        return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    for (size_t i = from; i < nodes->array.len && len < query->range.most - progress->given; i++) {
        if (!was_given(progress, &nodes->array.items[i]))
            items[len++] = nodes->array.items[i];
    }
    for (size_t i = 0; i < len; i++)
        remember(progress, &items[i]);
    progress->at = page->offset + nodes->array.len;
    return take(session, items, len, context);
}

static int take_pages(struct cli_session *session, const struct cli_query *query, cli_page_taker take, void *context) {
    struct progress progress = {.at = query->range.from};
    static const struct lk_json none = {.type = LK_JSON_ARRAY};
    struct page page = {.nodes = &none, .more = true};
    int idle = 0; /* pages with nothing new */
    while (page.more && progress.given < query->range.most) {
        const size_t before = progress.given;
        size_t len = 0;
        int code = read_next(session, query, &progress, &page, &len);
        if (code == 0)
            code = give(session, query, &progress, &page, len, take, context);
        if (code != 0)
            return code == CLI_ENOUGH ? 0 : code;
        idle = progress.given > before ? 0 : idle + 1;
        if (idle == IDLE_PAGES && page.more)
            return cannot_go_on(session);
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
