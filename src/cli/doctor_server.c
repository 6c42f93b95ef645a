/* latchkey doctor, towards a server. */
#include "cli/doctor.h"

#include "base/clock.h"
#include "cli/connection.h"

#include <inttypes.h>
#include <stdlib.h>

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
    size_t len = strlen(sentence);
    doctor_find(doctor, "server",
                "See that it runs, can be reached from here and takes the key, and run doctor again: not all could be looked at.", "%s%s",
                sentence, len > 0 && sentence[len - 1] == '?' ? "" : ".");
}

static void look_at_answer(struct doctor *doctor, CURL *curl, const char *url, time_t date) {
    int64_t end = shown_end(curl);
    if (date > 0)
        check_clock(doctor, (int64_t)date * 1000);
    if (end != 0)
        doctor_expiry(doctor, url, end, "");
}

/* Asks the handle's server whether it is there, which takes no key. The status of its answer; 0 when there is none: then nothing else can be asked. */
static long ask_health(struct doctor *doctor, CURL *curl, const struct cli_server *server) {
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
    long status = 0;
    struct lk_problem problem;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        cli_connection_problem(curl, server, code, why, &problem);
    if (code == CURLE_PEER_FAILED_VERIFICATION && (refused = refused_end(curl)) != 0)
        doctor_expiry(doctor, server->url, refused, ", so the server's clock and keys could not be looked at");
    else if (code != CURLE_OK)
        not_asked(doctor, problem.text);
    else
        look_at_answer(doctor, curl, server->url, date);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, (char *)NULL);
    return code == CURLE_OK ? status : 0;
}

static long check_connection(struct doctor *doctor, const struct cli_server *server) {
    long status = 0;
    CURL *curl = curl_easy_init();
    char *url = cli_server_url(server, "/healthz");
    if (curl == NULL || url == NULL || !cli_connection_set_up(curl, server) || curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK)
        not_asked(doctor, "Out of memory");
    else
        status = ask_health(doctor, curl, server);
    curl_easy_cleanup(curl);
    free(url);
    return status;
}

/* Who answers the API need not answer this: a gateway may pass on nothing else. */
static void not_well(struct doctor *doctor, const struct cli_server *server, long status) {
    struct lk_problem problem;
    lk_problem_set(&problem, LK_EIO, "%.200s answered /healthz with status %ld; is it a Latchkey server?", server->url, status);
    not_asked(doctor, problem.text);
}

static void look_at_keys(struct doctor *doctor, struct cli_session *session) {
    if (doctor_keys(doctor, session) != 0)
        not_asked(doctor, session->problem.text);
}

void doctor_server(struct doctor *doctor, struct cli_session *session) {
    struct cli_server server;
    struct lk_problem problem;
    unsigned mode = 0;
    cli_named_server(session->args, &server);
    doctor->checks++;
    const char *open_key = cli_server_open_key(&server, &mode);
    if (open_key != NULL)
        doctor_private(doctor, open_key, true);
    long status = 0;
    if (cli_server_check(&server, &problem) != 0)
        not_asked(doctor, problem.text);
    else if ((status = check_connection(doctor, &server)) == 0)
        return;
    else if (cli_has_key(session->args))
        look_at_keys(doctor, session);
    else if (status != 200)
        not_well(doctor, &server, status);
}
