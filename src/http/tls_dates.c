/* What is wrong with the dates of certificates: no error, since the clock may be, but what clients or the server will refuse. */
#include "base/clock.h"
#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <time.h>

/* False for one that is not there, or cannot be read: whoever checks the certificate will say so. */
static bool read_time(const ASN1_TIME *time, int64_t *ret_ms) {
    struct tm parts;
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) /* of none it tells the present */
        return false;
    *ret_ms = (int64_t)timegm(&parts) * 1000;
    return true;
}

/* A sentence about what is only valid from one time to another; false: it is now. */
static bool is_out_of_date(const char *what, const ASN1_TIME *from, const ASN1_TIME *until, struct lk_problem *ret) {
    int64_t now = lk_clock_wall_ms();
    int64_t ms = 0;
    char date[25];
    bool over = read_time(until, &ms) && ms <= now;
    if (!over && !(read_time(from, &ms) && ms > now))
        return false;
    lk_clock_format(ms, date);
    lk_problem_set(ret, 0, over ? "%s expired at %.19sZ" : "%s is not valid before %.19sZ", what, date);
    return true;
}

/* Each certificate of a file. names: of the first one, and of the index-th. */
static void check_file(const char *path, const char *const names[2], http_tls_warning warn) {
    BIO *file = BIO_new_file(path, "r");
    X509 *certificate = NULL;
    for (int i = 1; file != NULL && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL; i++) {
        struct lk_problem what, problem;
        if (i == 1)
            lk_problem_set(&what, 0, "%s %s", names[0], path);
        else
            lk_problem_set(&what, 0, "%s %d of %s", names[1], i, path);
        if (is_out_of_date(what.text, X509_get0_notBefore(certificate), X509_get0_notAfter(certificate), &problem))
            warn(problem.text);
        X509_free(certificate);
    }
    BIO_free(file);
    ERR_clear_error();
}

/* A list of revoked certificates past its end lets nobody in whose issuer it is of. */
static void check_lists(const char *path, http_tls_warning warn) {
    BIO *file = BIO_new_file(path, "r");
    X509_CRL *list = NULL;
    while (file != NULL && (list = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)) != NULL) {
        struct lk_problem what, problem;
        lk_problem_set(&what, 0, "A revocation list in %s", path);
        if (is_out_of_date(what.text, X509_CRL_get0_lastUpdate(list), X509_CRL_get0_nextUpdate(list), &problem))
            warn(problem.text);
        X509_CRL_free(list);
    }
    BIO_free(file);
    ERR_clear_error();
}

void http_tls_check_dates(const struct http_tls_config *config, http_tls_warning warn) {
    static const char *const own[2] = {"The TLS certificate", "Certificate"};
    static const char *const clients[2] = {"The client CA", "Client CA"};
    check_file(config->certificate_file, own, warn);
    if (config->client_ca_file == NULL)
        return;
    check_file(config->client_ca_file, clients, warn);
    check_lists(config->client_ca_file, warn);
}
