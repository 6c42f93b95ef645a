/* The commands of `latchkey key` that are about secrets. */
#include "base/clock.h"
#include "cli/key_command.h"
#include "cli/secret_input.h"
#include "cli/when.h"
#include "crypto/token.h"

#include <stdio.h>
#include <stdlib.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The variable that holds the key which verify and check are about. */
#define KEY_ENV "LATCHKEY_KEY"

static int reveal(struct cli_session *session) {
    static const struct cli_column secret[] = {{"key", "key", CLI_COLUMN_TEXT}};
    if (cli_need_word(session, "KEY") != 0)
        return CLI_USAGE;
    struct cli_found found = {0};
    const struct lk_json *data = NULL;
    int code = cli_key_send(session, "mutation ($input: RevealApiKeyInput!) { revealApiKey(input: $input) { key } }",
                            session->args->words[0], NULL, NULL, &found, &data);
    return code == 0 ? cli_print_object(session, lk_json_get(data, "revealApiKey"), secret, LEN(secret)) : code;
}

/* --- rotate --- */

static int write_overlap(struct cli_session *session, struct lk_json_writer *w) {
    const char *text = cli_args_get(session->args, "overlap");
    int64_t ms = 0;
    if (text == NULL)
        return 0;
    if (strchr(text, '-') != NULL || cli_when_parse(text, 0, 1, &ms) != 0)
        return cli_usage_error(session->command, "--overlap: \"%.60s\" is not a length such as 30m, 12h or 7d", text);
    lk_json_key(w, "overlapSeconds");
    lk_json_int(w, ms / 1000);
    return 0;
}

static int rotate(struct cli_session *session) {
    static const struct cli_column rotated[] = {
        {"id", "apiKey.id", CLI_COLUMN_TEXT},
        {"name", "apiKey.name", CLI_COLUMN_TEXT},
        {"key", "key", CLI_COLUMN_TEXT},
        {"old secrets", "apiKey.previousSecrets.preview", CLI_COLUMN_TEXT},
        {"which end", "apiKey.previousSecrets.endsAt", CLI_COLUMN_TIME},
    };
    if (cli_need_word(session, "KEY") != 0)
        return CLI_USAGE;
    struct cli_found found = {0};
    const struct lk_json *data = NULL;
    int code =
        cli_key_send(session, "mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key apiKey { " CLI_KEY_FIELDS " } } }",
                     session->args->words[0], write_overlap, NULL, &found, &data);
    return code == 0 ? cli_key_print_secret(session, lk_json_get(data, "rotateApiKey"), rotated, LEN(rotated)) : code;
}

/* --- verify --- */

/* What --cost says; 0 when it was not given. */
static int read_cost(struct cli_session *session, int64_t *ret) {
    const char *text = cli_args_get(session->args, "cost");
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
    int64_t cost = text == NULL ? 0 : strtoll(text, NULL, 10); /* the largest there is, of a text too long */
    if (text != NULL && (digits == 0 || text[digits] != '\0' || cost > UINT32_MAX))
        return cli_usage_error(session->command, "--cost: \"%.60s\" is not a whole number up to %u", text, UINT32_MAX);
    *ret = cost;
    return 0;
}

static void write_question(struct cli_session *session, struct lk_slice key, int64_t cost, struct lk_buf *out) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_object(&w);
    lk_json_key(&w, "key");
    lk_json_string(&w, key);
    if (cli_option_given(session, "require")) {
        lk_json_key(&w, "require");
        lk_json_string(&w, lk_slice_cstr(cli_args_get(session->args, "require")));
    }
    if (cli_option_given(session, "ip")) {
        lk_json_key(&w, "ip");
        lk_json_string(&w, lk_slice_cstr(cli_args_get(session->args, "ip")));
    }
    lk_json_key(&w, "cost");
    lk_json_int(&w, cost);
    lk_json_end_object(&w);
}

static int ask(struct cli_session *session, struct lk_slice key, int64_t cost, const struct lk_json **ret) {
    struct lk_buf question;
    lk_buf_init(&question, 0);
    write_question(session, key, cost, &question);
    int code = cli_post(session, "/v1/keys:verify", &question, ret);
    if (question.cap > 0)
        explicit_bzero(question.ptr, question.cap);
    lk_buf_free(&question);
    return code;
}

static int verify(struct cli_session *session) {
    static const struct cli_column answer[] = {
        {"valid", "valid", CLI_COLUMN_TEXT},
        {"code", "code", CLI_COLUMN_TEXT},
        {"id", "keyId", CLI_COLUMN_TEXT},
        {"name", "name", CLI_COLUMN_TEXT},
        {"expires", "expiresAt", CLI_COLUMN_TIME},
        {"scopes", "scopes", CLI_COLUMN_TEXT},
        {"rate left", "rateLimit.remaining", CLI_COLUMN_TEXT},
        {"credits", "credits.remaining", CLI_COLUMN_TEXT},
    };
    char buffer[CLI_SECRET_MAX];
    struct lk_slice key;
    const struct lk_json *found = NULL;
    const char *file = session->args->words_len > 0 ? session->args->words[0] : NULL;
    int64_t cost = 0;
    int code = read_cost(session, &cost);
    if (code == 0)
        code = cli_connect(session); /* who has no key to ask with is not asked for the other one */
    if (code == 0)
        code = cli_read_secret(file, KEY_ENV, "Key to verify", buffer, &key, &session->problem);
    if (code == 0)
        code = ask(session, key, cost, &found);
    explicit_bzero(buffer, sizeof(buffer));
    if (code != 0)
        return code;
    const struct lk_json *valid = lk_json_get(found, "valid");
    if (valid == NULL || valid->type != LK_JSON_BOOL)
        return cli_no_result(session, 200);
    code = cli_print_object(session, found, answer, LEN(answer));
    return code == 0 && !valid->boolean ? CLI_FAILED : code;
}

/* --- check --- */

/* What a text is, as far as it says so itself. */
static void describe(struct lk_slice token, bool good, bool json, struct lk_buf *out) {
    struct lk_id account;
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    enum lk_token_kind kind = lk_token_check(token);
    struct lk_id_text id = {{0}};
    if (lk_token_parse(token, &account) == 0)
        id = lk_id_format(&account);
    if (json) {
        lk_json_begin_object(&w);
        lk_json_key(&w, "form");
        lk_json_string(&w, lk_slice_cstr(kind == LK_TOKEN_OURS ? "LATCHKEY" : good ? "OTHER" : "MALFORMED"));
        lk_json_key(&w, "accountId");
        if (kind == LK_TOKEN_OURS)
            lk_json_string(&w, lk_slice_cstr(id.text));
        else
            lk_json_null(&w);
        lk_json_end_object(&w);
        lk_buf_add_char(out, '\n');
    } else if (kind == LK_TOKEN_OURS) {
        lk_buf_addf(out, "A Latchkey key of the account %s; its checksum is right. Whether it is accepted, the server knows.\n", id.text);
    } else if (lk_token_is_damaged(token)) {
        lk_buf_addf(out,
                    "No Latchkey key: it begins as one, but is cut or mistyped (%d characters, and the last 6 are their checksum).%s\n",
                    LK_TOKEN_LEN, kind == LK_TOKEN_FOREIGN ? " Only if it was imported as it is, the server accepts it." : "");
    } else if (kind == LK_TOKEN_FOREIGN) {
        lk_buf_addf(out, "No Latchkey key, but it has a form that can be imported. Whether it was, the server knows.\n");
    } else {
        lk_buf_addf(out, "No key: a key is %d to %d visible ASCII characters.\n", LK_TOKEN_IMPORT_MIN, LK_TOKEN_IMPORT_MAX);
    }
}

static int check(const struct cli_command *command, const struct cli_args *args) {
    (void)command;
    char buffer[CLI_SECRET_MAX];
    struct lk_slice key;
    struct lk_problem problem = {0};
    int code = cli_read_secret(args->words_len > 0 ? args->words[0] : NULL, KEY_ENV, "Key to check", buffer, &key, &problem);
    if (code != 0) {
        explicit_bzero(buffer, sizeof(buffer));
        return cli_failed(&problem);
    }
    bool good = lk_token_importable(key) && !lk_token_is_damaged(key);
    struct lk_buf out;
    lk_buf_init(&out, 0);
    describe(key, good, cli_args_flag(args, "json"), &out);
    explicit_bzero(buffer, sizeof(buffer));
    code = cli_print_and_free(&out);
    return code == CLI_DONE && !good ? CLI_FAILED : code;
}

/* --- tables --- */

static const struct cli_option rotate_options[] = {
    {"overlap", "LENGTH", "How long the secret so far is accepted too (30m, 12h, 7d). Unless given, it is refused at once.", false},
};

static const struct cli_option verify_options[] = {
    {"require", "EXPRESSION", "What it must be allowed to do: 'invoices.read OR MANAGE_API_KEYS'.", false},
    {"ip", "ADDRESS", "Where it is used from, for a key that may not be used from everywhere.", false},
    {"cost", "N", "Takes so much of its rate and credits; 0 unless given.", false},
};

static const struct cli_option check_options[] = {{"json", NULL, "Prints JSON, for programs.", false}};

const struct cli_command cli_key_rotate_command = {
    .name = "key rotate",
    .usage = "KEY [--overlap LENGTH]",
    .summary = "Give an API key a new secret and print it, this once.",
    .help = "The key stays the same key: id, name, groups and limits. Without --overlap every older secret is refused from the next "
            "request on.\n",
    .examples = "  latchkey key rotate ci --overlap 7d\n  latchkey key rotate ci --json | jq -r .key\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = rotate_options,
    .options_len = LEN(rotate_options),
    .act = rotate,
};

const struct cli_command cli_key_reveal_command = {
    .name = "key reveal",
    .usage = "KEY",
    .summary = "Print the secret of an API key once more. It is written to the audit log.",
    .examples = "  latchkey key reveal ci --json | jq -r .key\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .act = reveal,
};

const struct cli_command cli_key_verify_command = {
    .name = "key verify",
    .usage = "[FILE] [--require EXPRESSION] [--ip ADDRESS] [--cost N]",
    .summary = "Ask whether a key is good. Exit code 0 when it is, 1 when not.",
    .help = "The key that it is about is read from FILE, from the environment variable " KEY_ENV
            ", or from standard input: never from the command\n"
            "line, which others on the machine can see.\n",
    .examples = "  latchkey key verify partner.key --require invoices.read\n  pass show partner | latchkey key verify - --json\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = verify_options,
    .options_len = LEN(verify_options),
    .act = verify,
};

const struct cli_command cli_key_check_command = {
    .name = "key check",
    .usage = "[FILE]",
    .summary = "Say whether a text has the form of a key, without asking a server.",
    .help = "The text is read from FILE, from the environment variable " KEY_ENV
            ", or from standard input. Exit code 0 when it can be a key.\n",
    .examples = "  latchkey key check partner.key\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_OWN,
    .options = check_options,
    .options_len = LEN(check_options),
    .run = check,
};
