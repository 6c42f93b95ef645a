/* The options of `latchkey key` that limit a key. */
#include "base/clock.h"
#include "cli/key_command.h"
#include "cli/when.h"

#include <stdlib.h>

/* Digits up to the end or to a slash, at most 16 of them; *ret_end is behind them. */
static bool read_number(const char *text, int64_t *ret, const char **ret_end) {
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > 16)
        return false;
    *ret = strtoll(text, NULL, 10);
    *ret_end = text + len;
    return true;
}

static void write_ips(struct cli_session *session, struct lk_json_writer *w) {
    lk_json_key(w, "allowedIps");
    lk_json_begin_array(w);
    for (size_t i = 0; i < session->args->given_len; i++) {
        if (strcmp(session->args->given[i].name, "allow-ip") == 0)
            lk_json_string(w, lk_slice_cstr(session->args->given[i].value));
    }
    lk_json_end_array(w);
}

static int write_rate(struct cli_session *session, const char *text, struct lk_json_writer *w) {
    int64_t limit = 0;
    int64_t window_ms = 0;
    const char *rest;
    lk_json_key(w, "rateLimit");
    if (strcmp(text, "none") == 0) {
        lk_json_null(w);
        return 0;
    }
    if (!read_number(text, &limit, &rest) || *rest != '/' || strspn(rest + 1, "0123456789") == strlen(rest + 1) ||
        strchr(rest, '-') != NULL || cli_when_parse(rest + 1, 0, 1, &window_ms) != 0)
        return cli_usage_error(session->command, "--rate: \"%.60s\" is not a number and a time, such as 100/60s or 5000/1h, nor none",
                               text);
    lk_json_begin_object(w);
    lk_json_key(w, "limit");
    lk_json_int(w, limit);
    lk_json_key(w, "windowSeconds");
    lk_json_int(w, window_ms / 1000);
    lk_json_end_object(w);
    return 0;
}

static void put_refill(struct lk_json_writer *w, int64_t amount, struct lk_slice interval, bool has_day, int64_t day) {
    lk_json_key(w, "refill");
    lk_json_begin_object(w);
    lk_json_key(w, "amount");
    lk_json_int(w, amount);
    lk_json_key(w, "interval");
    lk_json_string(w, interval);
    if (has_day) {
        lk_json_key(w, "day");
        lk_json_int(w, day);
    }
    lk_json_end_object(w);
}

/* "1000/weekly:1" as {"amount","interval","day"}; "none". */
static int write_refill(struct cli_session *session, const char *text, struct lk_json_writer *w) {
    static const struct {
        const char *word;
        const char *interval;
    } intervals[] = {{"daily", "DAILY"}, {"weekly", "WEEKLY"}, {"monthly", "MONTHLY"}};
    int64_t amount = 0;
    int64_t day = 0;
    const char *rest = text;
    const char *interval = NULL;
    if (strcmp(text, "none") == 0) {
        lk_json_key(w, "refill");
        lk_json_null(w);
        return 0;
    }
    bool right = read_number(text, &amount, &rest) && *rest == '/';
    size_t len = right ? strcspn(rest + 1, ":") : 0;
    for (size_t i = 0; i < 3 && right; i++) {
        if (strlen(intervals[i].word) == len && strncmp(rest + 1, intervals[i].word, len) == 0)
            interval = intervals[i].interval;
    }
    const char *end = right ? rest + 1 + len : text;
    bool has_day = *end == ':';
    right = interval != NULL && (!has_day || read_number(end + 1, &day, &end)) && *end == '\0';
    if (!right)
        return cli_usage_error(session->command,
                               "--refill: \"%.60s\" is not such as 1000/daily, 1000/weekly:1 or 1000/monthly:31, nor none", text);
    put_refill(w, amount, lk_slice_cstr(interval), has_day, day);
    return 0;
}

static int read_credits(struct cli_session *session, const char *text, int64_t *ret) {
    const char *rest;
    if (read_number(text, ret, &rest) && *rest == '\0')
        return 0;
    return cli_usage_error(session->command, "--credits: \"%.60s\" is not a whole number, nor none", text);
}

static void begin_credits(struct lk_json_writer *w, int64_t remaining) {
    lk_json_key(w, "credits");
    lk_json_begin_object(w);
    lk_json_key(w, "remaining");
    lk_json_int(w, remaining);
}

static int write_credits(struct cli_session *session, const char *text, const char *refill, bool keeps_refill, struct lk_json_writer *w) {
    int64_t remaining = 0;
    if (strcmp(text, "none") == 0) {
        lk_json_key(w, "credits");
        lk_json_null(w);
        return refill == NULL ? 0 : cli_usage_error(session->command, "--refill goes with --credits N, not with --credits none");
    }
    int code = read_credits(session, text, &remaining);
    if (code != 0 || (refill == NULL && keeps_refill))
        return code;
    begin_credits(w, remaining);
    code = refill == NULL ? 0 : write_refill(session, refill, w);
    lk_json_end_object(w);
    return code;
}

int cli_key_write_credits(struct cli_session *session, struct lk_slice key, struct lk_json_writer *w) {
    const char *text = cli_args_get(session->args, "credits");
    int64_t remaining = 0;
    if (text == NULL || strcmp(text, "none") == 0 || cli_args_get(session->args, "refill") != NULL)
        return 0;
    const struct lk_json *data = NULL;
    int code = read_credits(session, text, &remaining);
    if (code == 0)
        code = cli_graphql_of(session, "query ($id: String!) { apiKey(apiKeyId: $id) { credits { refill { amount interval day } } } }", key,
                              &data);
    if (code != 0)
        return code;
    const struct lk_json *amount = cli_at(data, "apiKey.credits.refill.amount");
    const struct lk_json *day = cli_at(data, "apiKey.credits.refill.day");
    begin_credits(w, remaining);
    if (amount != NULL && amount->type == LK_JSON_INT)
        put_refill(w, amount->integer, lk_json_text(cli_at(data, "apiKey.credits.refill.interval")),
                   day != NULL && day->type == LK_JSON_INT, day != NULL ? day->integer : 0);
    lk_json_end_object(w);
    return 0;
}

int cli_key_write_limits(struct cli_session *session, bool keeps_refill, struct lk_json_writer *w) {
    const char *rate = cli_args_get(session->args, "rate");
    const char *credits = cli_args_get(session->args, "credits");
    const char *refill = cli_args_get(session->args, "refill");
    int code = 0;
    if (cli_option_given(session, "allow-ip") && cli_args_flag(session->args, "any-ip"))
        return cli_usage_error(session->command, "--allow-ip and --any-ip exclude each other");
    if (cli_option_given(session, "allow-ip") || cli_args_flag(session->args, "any-ip"))
        write_ips(session, w);
    if (rate != NULL)
        code = write_rate(session, rate, w);
    if (code == 0 && credits != NULL)
        code = write_credits(session, credits, refill, keeps_refill, w);
    else if (code == 0 && refill != NULL)
        code = cli_usage_error(session->command, "--refill needs --credits: how many there are until then");
    return code;
}

int cli_key_write_expiry(const char *text, struct lk_json_writer *w, struct lk_problem *problem) {
    int64_t time = 0;
    bool never = strcmp(text, "never") == 0;
    int64_t now = lk_clock_wall_ms();
    if (!never && cli_when_parse(text, now, 1, &time) != 0)
        return lk_problem_set(problem, LK_EINVAL,
                              "\"%.*s\" is neither a date (2027-01-31, 2027-01-31T12:00:00Z) nor a length (90d, 12h) nor never",
                              cli_whole(lk_slice_cstr(text), 60), text);
    if (!never && time <= now)
        return lk_problem_set(problem, LK_EINVAL, "%.60s is past: give a moment to come; to stop a key at once, disable it", text);
    lk_json_key(w, "expiresAt");
    if (never)
        lk_json_null(w);
    else
        lk_json_int(w, time);
    return 0;
}
