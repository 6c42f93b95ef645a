#include "cli/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_S 10L
#define UNIX_SCHEME "unix:"
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

static bool begins(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_tls(const struct cli_server *server) {
    return begins(server->url, "https://");
}

/* The path of a Unix socket; NULL for another server. */
static const char *socket_path(const struct cli_server *server) {
    return begins(server->url, UNIX_SCHEME) ? server->url + strlen(UNIX_SCHEME) : NULL;
}

/* What follows http:// or https://. */
static const char *host(const struct cli_server *server) {
    return strstr(server->url, "://") + 3;
}

static int check_file(const char *option, const char *path, struct lk_problem *problem) {
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (path != NULL && fd < 0)
        return lk_problem_set(problem, LK_EFORBIDDEN, "Cannot read the file of --%s, %.200s: %s", option, path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return 0;
}

/* One of http:// or https://, as libcurl will have it: what can never be right is a mistake, no failure. */
static int check_url(const struct cli_server *server, struct lk_problem *problem) {
    const char *end = host(server) + strcspn(host(server), "?#");
    if (strcspn(host(server), "/:?#") == 0) /* $HOST was not set: what comes next would be taken for it, and be sent the key */
        return lk_problem_set(problem, LK_EINVAL, "The server's URL \"%.100s\" names no host", server->url);
    if (*end != '\0') /* behind the URL comes the path of each request */
        return lk_problem_set(problem, LK_EINVAL, "The server's URL ends with its path: leave out \"%.100s\" of \"%.200s\"", end,
                              server->url);
    CURLU *parts = curl_url();
    if (parts == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, server->url, 0);
    curl_url_cleanup(parts);
    if (code != CURLUE_OK)
        return lk_problem_set(problem, LK_EINVAL, "The server's URL \"%.200s\" is none: %s", server->url, curl_url_strerror(code));
    return 0;
}

static int check_socket(const char *path, struct lk_problem *problem) {
    if (path[0] != '\0' && strlen(path) <= SOCKET_PATH_MAX)
        return 0;
    return lk_problem_set(problem, LK_EINVAL, "The path of a Unix socket (unix:PATH) has 1 to %zu bytes; this one has %zu", SOCKET_PATH_MAX,
                          strlen(path));
}

int cli_server_check(const struct cli_server *server, struct lk_problem *problem) {
    const char *path = socket_path(server);
    if (path != NULL)
        return check_socket(path, problem);
    if (!begins(server->url, "http://") && !is_tls(server))
        return lk_problem_set(problem, LK_EINVAL, "The server's URL must begin with http://, https:// or unix:, not \"%.100s\"",
                              server->url);
    int code = check_url(server, problem);
    if (code != 0 || !is_tls(server))
        return code;
    if (server->client_key != NULL && server->client_cert == NULL)
        return lk_problem_set(problem, LK_EINVAL, "--client-key needs --client-cert: the certificate that %.200s is the key of",
                              server->client_key);
    code = check_file("ca", server->ca, problem);
    if (code == 0)
        code = check_file("client-cert", server->client_cert, problem);
    return code == 0 ? check_file("client-key", server->client_key, problem) : code;
}

const char *cli_server_open_key(const struct cli_server *server, unsigned *ret_mode) {
    const char *path = server->client_key != NULL ? server->client_key : server->client_cert;
    struct stat status;
    if (!is_tls(server) || path == NULL || stat(path, &status) != 0 || (status.st_mode & 077) == 0)
        return NULL;
    *ret_mode = (unsigned)status.st_mode & 07777;
    return path;
}

char *cli_server_url(const struct cli_server *server, const char *path) {
    const char *base = socket_path(server) != NULL ? "http://localhost" : server->url;
    size_t len = strlen(base);
    char *url = NULL;
    while (len > 0 && base[len - 1] == '/')
        len--;
    return asprintf(&url, "%.*s%s", (int)len, base, path) < 0 ? NULL : url;
}

/* Whether a server is one of this machine: no proxy that the environment names stands before it. */
static bool is_here(const struct cli_server *server) {
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    if (socket_path(server) != NULL)
        return true;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        size_t len = strlen(hosts[i]);
        if (strncmp(host(server), hosts[i], len) == 0 && strchr(":/", host(server)[len]) != NULL)
            return true;
    }
    return false;
}

/* With authorities of one's own, the system's are not asked: those of its file are replaced, and its directory is taken away. */
static bool set_up_tls(CURL *curl, const struct cli_server *server) {
    const char *key = server->client_key != NULL ? server->client_key : server->client_cert;
    return (server->ca == NULL || (curl_easy_setopt(curl, CURLOPT_CAINFO, server->ca) == CURLE_OK &&
                                   curl_easy_setopt(curl, CURLOPT_CAPATH, (char *)NULL) == CURLE_OK)) &&
           (server->client_cert == NULL || (curl_easy_setopt(curl, CURLOPT_SSLCERT, server->client_cert) == CURLE_OK &&
                                            curl_easy_setopt(curl, CURLOPT_SSLKEY, key) == CURLE_OK));
}

bool cli_connection_set_up(CURL *curl, const struct cli_server *server) {
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S) == CURLE_OK &&
           (!is_here(server) || curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path(server)) == CURLE_OK &&
           (!is_tls(server) || set_up_tls(curl, server)) && curl_easy_setopt(curl, CURLOPT_USERAGENT, "latchkey/" LK_VERSION) == CURLE_OK;
}

/* --- why not --- */

/* why is libcurl's, which names whom it asked: a proxy perhaps, or of several addresses the last. Of a server of this machine there is nothing more to say, but for
 * its socket's file. */
static int no_server(CURL *curl, const struct cli_server *server, const char *why, struct lk_problem *problem) {
    long error = 0;
    if (socket_path(server) != NULL)
        curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
    if (is_here(server))
        why = error != 0 ? strerror((int)error) : NULL;
    return lk_problem_set(problem, LK_EIO, "No server answers at %.200s%s%s%s: start one with `latchkey serve`, or name another with --url",
                          server->url, why != NULL ? " (" : "", why != NULL ? why : "", why != NULL ? ")" : "");
}

static bool is_unknown_authority(long verified) {
    return verified == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT || verified == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           verified == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN || verified == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           verified == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

static int refused_certificate(CURL *curl, const struct cli_server *server, const char *why, struct lk_problem *problem) {
    long verified = X509_V_OK;
    curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verified);
    /* libcurl looks at the name after the handshake, which a bad chain ends, and before it asks what came of the chain. */
    if (verified == X509_V_OK || verified == X509_V_ERR_UNSPECIFIED)
        return lk_problem_set(problem, LK_EIO, "The certificate of %s is not for that name: write the URL with a name that it is for (%s)",
                              server->url, why);
    if (is_unknown_authority(verified) && server->ca == NULL)
        return lk_problem_set(problem, LK_EIO,
                              "The certificate of %s is from an authority that this machine does not know: give the authority's own with "
                              "--ca FILE",
                              server->url);
    if (is_unknown_authority(verified))
        return lk_problem_set(problem, LK_EIO,
                              "The certificate of %s is from none of the authorities in %s: give the right authority's own with --ca FILE",
                              server->url, server->ca);
    return lk_problem_set(problem, LK_EIO, "The certificate of %s cannot be trusted: %s", server->url,
                          X509_verify_cert_error_string(verified));
}

static int refused_own_files(const struct cli_server *server, struct lk_problem *problem) {
    if (server->client_key == NULL)
        return lk_problem_set(problem, LK_EIO,
                              "%s (--client-cert) does not hold a certificate and its key in PEM form; a key in a file of its own is given "
                              "with --client-key FILE",
                              server->client_cert);
    return lk_problem_set(problem, LK_EIO, "%s (--client-cert) and %s (--client-key) are not a certificate and its key, both in PEM form",
                          server->client_cert, server->client_key);
}

/* Whether a server may have ended the connection because of the certificate that it was, or was not, shown. With TLS 1.3 that comes after the handshake, and
 * its reason is often lost. */
static bool may_miss_certificate(const struct cli_server *server, CURLcode code, const char *why) {
    return is_tls(server) && (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
                              (code == CURLE_SSL_CONNECT_ERROR && strstr(why, "alert") != NULL));
}

/* A question behind a reason: TLS and clear text do not understand each other, and neither says so. */
static const char *other_scheme(const struct cli_server *server, CURLcode code, const char *why) {
    if (is_tls(server))
        return code == CURLE_SSL_CONNECT_ERROR && strstr(why, "wrong version number") != NULL ? "; does it speak http, without the s?" : "";
    bool not_http =
        code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY;
    return not_http && socket_path(server) == NULL ? "; does it speak https?" : "";
}

int cli_connection_problem(CURL *curl, const struct cli_server *server, CURLcode code, const char *why, struct lk_problem *problem) {
    const char *reason = why[0] != '\0' ? why : curl_easy_strerror(code);
    long proxy_status = 0;
    curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        return no_server(curl, server, reason, problem);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return refused_certificate(curl, server, reason, problem);
    if (code == CURLE_SSL_CACERT_BADFILE && server->ca != NULL)
        return lk_problem_set(problem, LK_EIO, "%s (--ca) holds no certificates in PEM form", server->ca);
    if (code == CURLE_SSL_CERTPROBLEM && server->client_cert != NULL)
        return refused_own_files(server, problem);
    if (code == CURLE_RECV_ERROR && proxy_status >= 300)
        return lk_problem_set(problem, LK_EIO, "The proxy that the environment names does not lead to %.200s: %s", server->url, reason);
    if (may_miss_certificate(server, code, reason) && server->client_cert == NULL)
        return lk_problem_set(problem, LK_EIO,
                              "%s ended the connection: if it asks its clients for a certificate, give one with --client-cert FILE (%s)",
                              server->url, reason);
    if (may_miss_certificate(server, code, reason))
        return lk_problem_set(problem, LK_EIO, "%s ended the connection: does it take the certificate %s (--client-cert)? (%s)",
                              server->url, server->client_cert, reason);
    return lk_problem_set(problem, LK_EIO, "No answer from %.200s: %s%s", server->url, reason, other_scheme(server, code, reason));
}
