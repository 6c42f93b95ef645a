/* latchkey doctor, towards a server. */
#include "cli/doctor.h"

#include "base/clock.h"
#include "cli/connection.h"

#include <inttypes.h>
#include <stdlib.h>

#define NAMES_SHOWN 5

/* --- what the connection shows --- */

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t take_header(char *bytes, size_t size, size_t count, void *context) {
    static const struct lk_slice name = LK_SLICE("date:");
    struct lk_slice line = lk_slice_make(bytes, size * count);
    if (line.len > name.len && lk_slice_equal_nocase(lk_slice_make(line.ptr, name.len), name)) {
        char text[64] = "";
        struct lk_slice value = lk_slice_trim(lk_slice_make(line.ptr + name.len, line.len - name.len));
        if (value.len < sizeof(text)) {
            memcpy(text, value.ptr, value.len);
            *(time_t *)context = curl_getdate(text, NULL);
        }
    }
    return size * count;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t drop(char *bytes, size_t size, size_t count, void *context) {
    (void)bytes;
    (void)context;
    return size * count;
}

/* When the certificate ends that the server showed (milliseconds); 0: it showed none, or no date that can be read. */
static int64_t shown_end(CURL *curl) {
    struct curl_certinfo *info = NULL;
    if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL || info->num_of_certs < 1)
        return 0;
    time_t end = 0;
    for (const struct curl_slist *at = info->certinfo[0]; at != NULL; at = at->next) {
        if (strncmp(at->data, "Expire date:", 12) == 0)
            end = curl_getdate(at->data + 12, NULL);
    }
    return end > 0 ? (int64_t)end * 1000 : 0;
}

/* When the certificate ended that the handle has just refused; 0: it has not ended. Whoever refuses a certificate is not told its dates, so it is looked at
 * once more without trust in it: by a handshake alone, after which nothing is sent. */
static int64_t refused_end(CURL *curl) {
    if (curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L) != CURLE_OK || curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) != CURLE_OK || curl_easy_perform(curl) != CURLE_OK)
        return 0;
    int64_t end = shown_end(curl);
    return end <= lk_clock_wall_ms() ? end : 0;
}

static void check_clock(struct doctor *doctor, int64_t theirs) {
    doctor->checks++;
    int64_t apart = theirs - lk_clock_wall_ms();
    if (apart > DOCTOR_CLOCK_MS || apart < -DOCTOR_CLOCK_MS)
        doctor_find(doctor, "clock", "Set both clocks by a time service (timedatectl set-ntp true).",
                    "The server's clock and this machine's are %" PRId64 " seconds apart: keys expire too early or too late.",
                    (apart < 0 ? -apart : apart) / 1000);
}

/* What cannot be asked is a finding as well. sentence has no full stop. */
static void not_asked(struct doctor *doctor, const char *sentence) {
    doctor_find(doctor, "server",
                "See that it runs, can be reached from here and takes the key, and run doctor again: not all could be looked at.", "%s.",
                sentence);
}

static void look_at_answer(struct doctor *doctor, CURL *curl, const char *url, time_t date) {
    int64_t end = shown_end(curl);
    if (date > 0)
        check_clock(doctor, (int64_t)date * 1000);
    if (end != 0)
        doctor_expiry(doctor, url, end, "");
}

/* Asks the handle's server whether it is there, which takes no key. False when it does not answer: then nothing else can be asked. */
static bool ask_health(struct doctor *doctor, CURL *curl, const struct cli_server *server) {
    char why[CURL_ERROR_SIZE] = "";
    time_t date = 0;
    int64_t refused = 0;
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &date);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(curl);
    struct lk_problem problem;
    if (code != CURLE_OK)
        cli_connection_problem(curl, server, code, why, &problem);
    if (code == CURLE_PEER_FAILED_VERIFICATION && (refused = refused_end(curl)) != 0)
        doctor_expiry(doctor, server->url, refused, ", so the server's clock and keys could not be looked at");
    else if (code != CURLE_OK)
        not_asked(doctor, problem.text);
    else
        look_at_answer(doctor, curl, server->url, date);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, (char *)NULL);
    return code == CURLE_OK;
}

static bool check_connection(struct doctor *doctor, const struct cli_server *server) {
    bool answers = false;
    CURL *curl = curl_easy_init();
    char *url = cli_server_url(server, "/healthz");
    if (curl == NULL || url == NULL || !cli_connection_set_up(curl, server) || curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK)
        not_asked(doctor, "Out of memory");
    else
        answers = ask_health(doctor, curl, server);
    curl_easy_cleanup(curl);
    free(url);
    return answers;
}

/* --- keys --- */

/* Names of the keys that a check is about. */
struct tally {
    size_t count;
    char names[512];
};

static void count(struct tally *tally, const struct lk_json *key) {
    struct lk_slice name = lk_json_text(lk_json_get(key, "name"));
    size_t len = strlen(tally->names);
    if (tally->count++ < NAMES_SHOWN)
        snprintf(tally->names + len, sizeof(tally->names) - len, "%s%.*s", len > 0 ? ", " : "", (int)(name.len < 60 ? name.len : 60),
                 name.ptr);
}

static void report(struct doctor *doctor, const struct tally *tally, const char *remedy, const char *what) {
    doctor->checks++;
    if (tally->count > 0)
        doctor_find(doctor, "keys", remedy, "%zu key%s %s: %s%s.", tally->count, tally->count == 1 ? "" : "s", what, tally->names,
                    tally->count > NAMES_SHOWN ? ", …" : "");
}

static bool is_null(const struct lk_json *value) {
    return value == NULL || value->type == LK_JSON_NULL;
}

static bool is(const struct lk_json *value, bool expected) {
    return value != NULL && value->type == LK_JSON_BOOL && value->boolean == expected;
}

static int64_t number(const struct lk_json *value) {
    return value != NULL && value->type == LK_JSON_INT ? value->integer : 0;
}

static bool is_unused(const struct lk_json *key, int64_t before) {
    const struct lk_json *used = lk_json_get(key, "lastUsedAt");
    return number(lk_json_get(key, "createdAt")) < before && (is_null(used) || number(used) < before);
}

/* What this server's keys tell that those of one which is older than this binary do not. */
struct known {
    bool usage;
    bool weak;
};

static int ask_known(struct cli_session *session, struct known *ret) {
    const struct lk_json *data;
    int code = cli_graphql(session, "{ __type(name: \"APIKey\") { fields { name } } }", NULL, &data);
    const struct lk_json *fields = code == 0 ? cli_at(data, "__type.fields") : NULL;
    for (size_t i = 0; fields != NULL && fields->type == LK_JSON_ARRAY && i < fields->array.len; i++) {
        struct lk_slice name = lk_json_text(lk_json_get(&fields->array.items[i], "name"));
        ret->usage |= lk_slice_is(name, "lastUsedAt");
        ret->weak |= lk_slice_is(name, "weak");
    }
    return code == LK_EINVAL ? 0 : code; /* introspection may be off */
}

static int fetch_keys(struct cli_session *session, const struct known *known, struct lk_json **ret, size_t *ret_len) {
    const struct cli_range all = {0, SIZE_MAX};
    const char *document = lk_arena_printf(&session->arena,
                                           "query ($limit: Int!, $offset: Int) { apiKeys(limit: $limit, offset: $offset) { "
                                           "pageInfo { hasMore } nodes { name enabled createdAt expiresAt%s%s } } }",
                                           known->usage ? " lastUsedAt" : "", known->weak ? " weak" : "");
    if (document == NULL)
        return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    return cli_fetch_all(session, document, "apiKeys", all, NULL, NULL, ret, ret_len);
}

static int check_keys(struct doctor *doctor, struct cli_session *session) {
    struct known known = {0};
    struct lk_json *keys = NULL;
    size_t len = 0;
    int code = ask_known(session, &known);
    if (code == 0)
        code = fetch_keys(session, &known, &keys, &len);
    if (code != 0)
        return code;
    struct tally endless = {0};
    struct tally unused = {0};
    struct tally weak = {0};
    int64_t before = lk_clock_wall_ms() - DOCTOR_UNUSED_DAYS * DOCTOR_DAY_MS;
    for (size_t i = 0; i < len; i++) {
        if (is(lk_json_get(&keys[i], "enabled"), false))
            continue;
        if (is_null(lk_json_get(&keys[i], "expiresAt")))
            count(&endless, &keys[i]);
        if (known.usage && is_unused(&keys[i], before))
            count(&unused, &keys[i]);
        if (is(lk_json_get(&keys[i], "weak"), true))
            count(&weak, &keys[i]);
    }
    report(doctor, &endless, "Give each an end: latchkey key update NAME --expires 90d",
           endless.count == 1 ? "never expires" : "never expire");
    if (known.usage)
        report(doctor, &unused, "Disable what nobody misses, then delete it: latchkey key update NAME --disable",
               unused.count == 1 ? "was not used for 90 days" : "were not used for 90 days");
    if (known.weak)
        report(doctor, &weak, "Give each a new secret, and its clients time to take it: latchkey key rotate NAME --overlap 7d",
               weak.count == 1 ? "has a secret that is easy to guess" : "have secrets that are easy to guess");
    return 0;
}

void doctor_server(struct doctor *doctor, struct cli_session *session, bool has_key) {
    struct cli_server server;
    struct lk_problem problem;
    unsigned mode = 0;
    cli_named_server(session->args, &server);
    doctor->checks++;
    const char *open_key = cli_server_open_key(&server, &mode);
    if (open_key != NULL)
        doctor_private(doctor, open_key, true);
    if (cli_server_check(&server, &problem) != 0)
        not_asked(doctor, problem.text);
    else if (check_connection(doctor, &server) && has_key && check_keys(doctor, session) != 0)
        not_asked(doctor, session->problem.text);
}
