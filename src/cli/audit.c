/* latchkey audit ...: list asks a server; verify opens a directory that no server has open, and checks the chain and the database itself. */
#include "domain/audit.h"
#include "api/store_open.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/session.h"

#include <inttypes.h>
#include <stdio.h>

#define VERIFY_ARENA_MAX (size_t)(64 << 20)

#define LIMIT 100 /* without --limit: the log only grows */

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* --- list --- */

static const struct cli_column columns[] = {
    {"TIME", "time", CLI_COLUMN_TIME},       {"WHO", "byName", CLI_COLUMN_TEXT},        {"FROM", "from", CLI_COLUMN_TEXT},
    {"WHAT", "operation", CLI_COLUMN_TEXT},  {"TYPE", "resourceType", CLI_COLUMN_TEXT}, {"NAME", "resourceName", CLI_COLUMN_TEXT},
    {"REFUSED", "failure", CLI_COLUMN_TEXT},
};

static const char list_document[] =
    "query ($limit: Int!, $offset: Int, $filters: [ChangeSetFilter]) { audits(limit: $limit, offset: $offset, filters: $filters) { "
    "pageInfo { hasMore } nodes { __typename id triggeredAt failureStatusMsg request { remoteIpAddress } "
    "changes { resourceId resourceType resourceName operationType failure } "
    "... on ApiKeyChangeSet { apiKeyId apiKey { name } } ... on UserChangeSet { triggeredBy { email } } } } }";

/* The moments between which to look; -1: no such bound. */
struct span {
    int64_t since, until;
};

static void write_span(struct lk_json_writer *w, void *context) {
    const struct span *span = context;
    if (span->since < 0 && span->until < 0)
        return;
    lk_json_key(w, "filters");
    lk_json_begin_object(w);
    lk_json_key(w, "time");
    lk_json_begin_object(w);
    lk_json_key(w, "specific");
    lk_json_begin_object(w);
    lk_json_key(w, "from");
    lk_json_int(w, span->since < 0 ? 0 : span->since);
    if (span->until >= 0) {
        lk_json_key(w, "to");
        lk_json_int(w, span->until);
    }
    lk_json_end_object(w);
    lk_json_end_object(w);
    lk_json_end_object(w);
}

static struct lk_json_member member(const char *name, const struct lk_json *value) {
    struct lk_json_member made;
    memset(&made, 0, sizeof(made));
    made.name = lk_slice_cstr(name);
    if (value != NULL)
        made.value = *value; /* null otherwise: LK_JSON_NULL is zero */
    return made;
}

static const struct lk_json *text_of(struct cli_session *session, const char *text) {
    struct lk_json *json = LK_ARENA_NEW(session->answers, struct lk_json);
    if (json != NULL)
        *json = (struct lk_json){.type = LK_JSON_STRING, .string = lk_slice_cstr(text)};
    return json;
}

/* A key may have any name, also "system" or a user's address. For people a word goes before it, which no address can begin with, since they have no spaces;
 * programs tell actors apart by their ids. */
static const struct lk_json *key_name(struct cli_session *session, const struct lk_json *set, const struct lk_json *id) {
    const struct lk_json *name = cli_at(set, "apiKey.name");
    const struct lk_json *shown = name != NULL ? name : id;
    if (session->json)
        return shown;
    struct lk_slice text = lk_json_text(shown);
    const char *words = lk_arena_printf(session->answers, "%s %.*s", name != NULL ? "key" : "a key with the id", (int)text.len, text.ptr);
    return words == NULL ? NULL : text_of(session, words);
}

/* What people know the actor by; the id of a key that is gone or may not be seen. NULL when out of memory. */
static const struct lk_json *actor_name(struct cli_session *session, const struct lk_json *set) {
    const char *kind = lk_slice_is(lk_json_text(lk_json_get(set, "__typename")), "UserChangeSet") ? "a user who is gone" : "system";
    const struct lk_json *email = cli_at(set, "triggeredBy.email");
    const struct lk_json *key_id = lk_json_get(set, "apiKeyId");
    if (email != NULL)
        return email;
    return key_id != NULL ? key_name(session, set, key_id) : text_of(session, kind);
}

/* One line of the table: a change with what its set says. */
static int flatten(struct cli_session *session, const struct lk_json *set, const struct lk_json *change, struct lk_json *ret) {
    const struct lk_json *by = cli_at(set, "triggeredBy.email");
    const struct lk_json *by_name = actor_name(session, set);
    const struct lk_json_member members[] = {
        member("changeSetId", lk_json_get(set, "id")),
        member("time", lk_json_get(set, "triggeredAt")),
        member("by", by != NULL ? by : lk_json_get(set, "apiKeyId")),
        member("byName", by_name),
        member("from", cli_at(set, "request.remoteIpAddress")),
        member("operation", lk_json_get(change, "operationType")),
        member("resourceType", lk_json_get(change, "resourceType")),
        member("resourceId", lk_json_get(change, "resourceId")),
        member("resourceName", lk_json_get(change, "resourceName")),
        member("failure", lk_json_get(set, "failureStatusMsg")),
    };
    struct lk_json_member *copy = lk_arena_calloc(session->answers, LEN(members), sizeof(*copy));
    if (copy == NULL || by_name == NULL)
        return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    memcpy(copy, members, sizeof(members));
    ret->type = LK_JSON_OBJECT;
    ret->object.members = copy;
    ret->object.len = LEN(members);
    return 0;
}

/* Changes on their way to standard output: what is still to be skipped, and to be shown. */
struct changes {
    struct cli_range left;
    bool more; /* there are others after those */
    bool cut;  /* of a request that made many the server gave the first */
    struct cli_list list;
};

static size_t changes_len(const struct lk_json *set) {
    const struct lk_json *changes = lk_json_get(set, "changes");
    return changes != NULL && changes->type == LK_JSON_ARRAY ? changes->array.len : 0;
}

/* The changes of a set, those of the range; lines has room for them. */
static int flatten_set(struct cli_session *session, struct changes *changes, const struct lk_json *set, struct lk_json *lines,
                       size_t *len) {
    for (size_t i = 0; i < changes_len(set); i++) {
        if (changes->left.from > 0) {
            changes->left.from--;
            continue;
        }
        changes->more = changes->left.most == 0;
        if (changes->more)
            return 0;
        changes->left.most--;
        changes->cut = changes->cut || changes_len(set) >= LK_CHANGES_MAX;
        int code = flatten(session, set, &lk_json_get(set, "changes")->array.items[i], &lines[(*len)++]);
        if (code != 0)
            return code;
    }
    return 0;
}

static int take_sets(struct cli_session *session, const struct lk_json *sets, size_t sets_len, void *context) {
    struct changes *changes = context;
    size_t room = 0;
    size_t len = 0;
    for (size_t i = 0; i < sets_len; i++)
        room += changes_len(&sets[i]);
    struct lk_json *lines = lk_arena_calloc(session->answers, room, sizeof(*lines));
    if (lines == NULL)
        return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    int code = 0;
    for (size_t i = 0; i < sets_len && code == 0 && !changes->more; i++)
        code = flatten_set(session, changes, &sets[i], lines, &len);
    if (code == 0)
        code = cli_list_add(session, &changes->list, lines, len);
    return code == 0 && changes->more ? CLI_ENOUGH : code;
}

/* One before 1970 is as good as 1970: nothing was done yet. */
static int read_moment(struct cli_session *session, const char *option, int64_t *ret) {
    int64_t moment = -1;
    int code = cli_option_moment(session, option, -1, &moment);
    *ret = moment < 0 && cli_option_given(session, option) ? 0 : moment;
    return code;
}

static int list(struct cli_session *session) {
    struct span span;
    struct changes changes = {.more = false};
    int code = read_moment(session, "since", &span.since);
    if (code == 0)
        code = read_moment(session, "until", &span.until);
    if (code == 0)
        code = cli_option_range(session, LIMIT, &changes.left);
    if (code != 0)
        return code;
    /* A set is what one request did: a change at least. One more than are shown tells whether there are more. */
    const struct cli_query query = {list_document, "audits", {0, changes.left.from + changes.left.most + 1}, write_span, &span};
    cli_list_begin(columns, LEN(columns), "The audit log holds nothing of that time.", &changes.list);
    code = cli_each_page(session, &query, take_sets, &changes);
    if (code == 0)
        code = cli_list_end(session, &changes.list);
    if (code == 0 && changes.cut)
        fprintf(stderr, "Some requests changed %d things or more: of each, the first %d are shown.\n", LK_CHANGES_MAX, LK_CHANGES_MAX);
    if (code == 0 && changes.more && !cli_option_given(session, "limit"))
        fprintf(stderr, "There are more than these %d: --limit N shows N.\n", LIMIT);
    return code;
}

/* --- verify --- */

/* A check of a directory. */
struct check {
    const char *dir;
    const char *master_key_file; /* NULL: DIR/master.key */
    struct lk_arena arena;
    struct lk_audit_finding finding;
    struct lk_problem damage; /* of the database, whose audit log is not looked at then; no code: none */
};

static bool is_intact(const struct check *check) {
    return check->damage.code == 0 && check->finding.intact;
}

static int look(struct check *check, struct lk_problem *problem) {
    struct lk_store store;
    int code = lk_store_look(check->dir, check->master_key_file, &store, problem);
    if (code != 0)
        return code;
    struct lk_call call = {
        .db = store.db, .arena = &check->arena, .domain = store.domain, .now_ms = lk_clock_wall_ms(), .problem = problem};
    code = lk_db_check(store.db, problem);
    if (code == 0)
        code = lk_audit_verify(&call, &check->finding);
    else if (code == LK_ECORRUPT)
        check->damage = *problem;
    lk_store_close(&store);
    return check->damage.code == 0 ? code : 0;
}

static void write_known(struct lk_json_writer *w, const char *name, bool known, int64_t number) {
    lk_json_key(w, name);
    if (known)
        lk_json_int(w, number);
    else
        lk_json_null(w);
}

static void write_verdict(const struct check *check, struct lk_buf *out) {
    const struct lk_audit_finding *finding = &check->finding;
    const bool in_log = check->damage.code == 0 && !finding->intact;
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_object(&w);
    lk_json_key(&w, "intact");
    lk_json_bool(&w, is_intact(check));
    write_known(&w, "entries", is_intact(check), finding->entries);
    lk_json_key(&w, "accountId");
    if (in_log && !lk_id_is_zero(&finding->account_id))
        lk_json_string(&w, lk_slice_cstr(lk_id_format(&finding->account_id).text));
    else
        lk_json_null(&w);
    write_known(&w, "entry", in_log && !finding->in_list && finding->sequence > 0, finding->sequence);
    lk_json_key(&w, "problem");
    if (is_intact(check))
        lk_json_null(&w);
    else
        cli_write_text(&w, lk_slice_cstr(in_log ? lk_audit_words(finding).text : check->damage.text));
    lk_json_end_object(&w);
    lk_buf_add_char(out, '\n');
}

static int report(const struct check *check, bool json, struct lk_problem *problem) {
    if (!json && check->damage.code != 0)
        return lk_problem_set(problem, LK_ECORRUPT, "%s", check->damage.text);
    if (!json && !check->finding.intact)
        return lk_problem_set(problem, LK_ECORRUPT, "%s", lk_audit_words(&check->finding).text);
    struct lk_buf out;
    lk_buf_init(&out, 0);
    if (json)
        write_verdict(check, &out);
    else
        lk_buf_addf(&out, "audit log intact: %" PRId64 " entries; database: ok\n", check->finding.entries);
    int code = cli_print(&out, problem);
    lk_buf_free(&out);
    return code == 0 && !is_intact(check) ? CLI_FAILED : code;
}

static int run_verify(const struct cli_command *command, const struct cli_args *args) {
    struct check check = {
        .dir = cli_args_or_environment(args, "data", "LATCHKEY_DATA"),
        .master_key_file = cli_args_or_environment(args, "master-key-file", "LATCHKEY_MASTER_KEY_FILE"),
    };
    if (check.dir == NULL)
        return cli_usage_error(command, "--data DIR is missing");
    struct lk_problem problem = {0};
    lk_log_setup(LK_LOG_WARN, false);
    int code = cli_begin_crypto(&problem);
    lk_arena_init(&check.arena, VERIFY_ARENA_MAX);
    if (code == 0)
        code = look(&check, &problem);
    if (code == 0)
        code = report(&check, cli_args_flag(args, "json"), &problem);
    lk_arena_free(&check.arena);
    return code < 0 ? cli_failed(&problem) : code;
}

static const struct cli_option list_options[] = {
    {"since", "WHEN", "Only what was done after a date (2027-01-31, 2027-01-31T12:00:00Z) or in the last while (24h, 7d).", false},
    {"until", "WHEN", "Only what was done before this.", false},
    CLI_OPTION_LIMIT("the newest 100"),
    CLI_OPTION_OFFSET,
};

static const struct cli_option verify_options[] = {
    {"data", "DIR", "The data directory; no server may have it open. Or LATCHKEY_DATA.", false},
    {"master-key-file", "FILE", "The master key, when it is not DIR/master.key. Or LATCHKEY_MASTER_KEY_FILE.", false},
    {"json", NULL, "Prints one line of JSON.", false},
};

static const struct cli_command list_command = {
    .name = "audit list",
    .usage = "[--since WHEN] [--until WHEN] [--limit N] [--offset N]",
    .summary = "List who did what, the newest first.",
    .examples = "  latchkey audit list --since 24h\n  latchkey audit list --since 2027-01-01 --limit 1000 --json\n",
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = list_options,
    .options_len = LEN(list_options),
    .act = list,
};

static const struct cli_command verify_command = {
    .name = "audit verify",
    .usage = "--data DIR",
    .summary = "Check that the audit log is whole, and the database too.",
    .help = "Checks every entry's place in its account's chain, that no account's log is missing (of deleted accounts either), and the\n"
            "integrity of the database. Exits 1 and names the first entry or account that was changed, removed or moved. Stop the server\n"
            "first.\n",
    .examples = "  latchkey audit verify --data ./data\n  latchkey audit verify --data ./data --json | jq -r .problem\n",
    .options = verify_options,
    .options_len = LEN(verify_options),
    .run = run_verify,
};

static const struct cli_command *const verbs[] = {&list_command, &verify_command, NULL};

const struct cli_command cli_audit_command = {
    .name = "audit",
    .usage = "list|verify",
    .summary = "Look at the audit log.",
    .verbs = verbs,
};
