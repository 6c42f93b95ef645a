/* The part of a TLS server that its connections share. */
#include "base/file.h"
#include "http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* TLS 1.2 with forward secrecy and authenticated encryption only, which HTTP/2 asks for as well (RFC 9113 section 9.2.2). */
#define TLS12_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* Longest chain of client certificates. */
#define CLIENT_CHAIN_MAX 8

/* OpenSSL's word for what went wrong, or a better one where that says nothing to whoever made the files. */
static const char *reason_of(unsigned long error) {
    int reason = ERR_GET_REASON(error);
    if (ERR_SYSTEM_ERROR(error))
        return strerror(reason);
    bool none = reason == ERR_R_UNSUPPORTED || (ERR_GET_LIB(error) == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE);
    bool others = ERR_GET_LIB(error) == ERR_LIB_X509 && (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH);
    const char *word = none ? NULL : ERR_reason_error_string(error);
    return others ? "it does not belong to the certificate" : word == NULL ? "it holds nothing of that kind in PEM form" : word;
}

static int fail(struct lk_problem *problem, const char *what, const char *path) {
    lk_problem_set(problem, LK_EINVAL, "Cannot use %s %s: %s", what, path, reason_of(ERR_peek_error()));
    ERR_clear_error();
    return LK_EINVAL;
}

/* A key with a passphrase would make OpenSSL ask on the terminal. context is a bool that says that it would. */
static int no_passphrase(char *out, int size, int writing, void *context) { /* NOLINT(readability-non-const-parameter): OpenSSL's type */
    (void)out;
    (void)size;
    (void)writing;
    *(bool *)context = true;
    return -1;
}

/* The file, if nobody but its owner and this process can read it. */
static int open_key(const char *path, int *ret, struct lk_problem *problem) {
    struct stat file;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int code = 0;
    if (fd < 0)
        return lk_problem_set(problem, LK_EIO, "Cannot read the TLS key %s: %s", path, strerror(errno));
    if (fstat(fd, &file) != 0)
        code = lk_problem_set(problem, LK_EIO, "Cannot read the TLS key %s: %s", path, strerror(errno));
    else if (!S_ISREG(file.st_mode))
        code = lk_problem_set(problem, LK_EINVAL, "The TLS key %s is not a file", path);
    else if (lk_file_is_shared(fd, file.st_mode, geteuid()))
        code = lk_problem_set(problem, LK_EFORBIDDEN, "The TLS key %s can be read or changed by others (mode %04o): chmod 600 %s", path,
                              (unsigned)file.st_mode & 07777, path);
    if (code != 0)
        close(fd);
    else
        *ret = fd;
    return code;
}

static int use_key(SSL_CTX *context, const char *path, struct lk_problem *problem) {
    int fd = -1;
    int code = open_key(path, &fd, problem);
    if (code != 0)
        return code;
    BIO *bio = BIO_new_fd(fd, BIO_CLOSE);
    if (bio == NULL) {
        close(fd);
        return lk_problem_set(problem, LK_ENOMEM, "No memory for the TLS key");
    }
    bool encrypted = false;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted);
    if (key == NULL && encrypted)
        code = lk_problem_set(
            problem, LK_EINVAL,
            "The TLS key %s is encrypted with a passphrase, which nobody can type here: write it without one (openssl pkey)", path);
    else if (key == NULL || SSL_CTX_use_PrivateKey(context, key) != 1)
        code = fail(problem, "the TLS key", path);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return code;
}

/* OpenSSL opens the files of certificates itself and would wait for whoever writes into a pipe: at a reload, with the thread that hears of the stop. What else is
 * wrong with a file is told by who reads it. */
static int check_file(const char *what, const char *path, struct lk_problem *problem) {
    struct stat file;
    if (stat(path, &file) != 0 || S_ISREG(file.st_mode))
        return 0;
    return lk_problem_set(problem, LK_EINVAL, "%s %s is not a file", what, path);
}

static int use_certificate(SSL_CTX *context, const char *path, struct lk_problem *problem) {
    int code = check_file("The TLS certificate", path, problem);
    if (code != 0)
        return code;
    return SSL_CTX_use_certificate_chain_file(context, path) == 1 ? 0 : fail(problem, "the TLS certificate", path);
}

/* Lists of revoked certificates hold whose issuer has one, at every step of the chain; other issuers have revoked nothing. */
static int pass_without_list(int passed, X509_STORE_CTX *chain) {
    if (passed == 1 || X509_STORE_CTX_get_error(chain) != X509_V_ERR_UNABLE_TO_GET_CRL)
        return passed;
    X509_STORE_CTX_set_error(chain, X509_V_OK);
    return 1;
}

static bool holds_lists(X509_STORE *store) {
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    bool any = false;
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++)
        any |= X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_CRL;
    return any;
}

/* Each connection shows its certificate: a session would be resumed after the end of what was shown when it began, and get a new ticket each time. */
static void never_resume(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
}

static int use_client_ca(SSL_CTX *context, const char *path, struct lk_problem *problem) {
    int code = check_file("The client CA file", path, problem);
    if (code != 0)
        return code;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (names == NULL || SSL_CTX_load_verify_file(context, path) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fail(problem, "the client CA file", path);
    }
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    bool lists = holds_lists(store);
    /* Who names an authority trusts it, also one that another has certified, which need not be named. */
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | (lists ? X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL : 0));
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, lists ? pass_without_list : NULL);
    SSL_CTX_set_verify_depth(context, CLIENT_CHAIN_MAX);
    never_resume(context);
    return 0;
}

/* The server's order of preference; a client that offers other protocols only is told so (RFC 7301 section 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_len, const unsigned char *offered, unsigned offered_len,
                           void *context) {
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    (void)ssl;
    (void)context;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof(ours) - 1, offered, offered_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Sessions live in tickets only, under keys that the context made and nobody else has. */
static bool set_up(SSL_CTX *context, enum http_tls_version least) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(context, least == HTTP_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, TLS12_CIPHERS) == 1 && SSL_CTX_set_num_tickets(context, 1) == 1;
}

int http_tls_load(const struct http_tls_config *config, SSL_CTX **ret, struct lk_problem *problem) {
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || !set_up(context, config->min_version)) {
        SSL_CTX_free(context);
        ERR_clear_error();
        return lk_problem_set(problem, LK_ENOMEM, "OpenSSL cannot be set up");
    }
    int code = use_certificate(context, config->certificate_file, problem);
    if (code == 0)
        code = use_key(context, config->key_file, problem);
    if (code == 0 && SSL_CTX_check_private_key(context) != 1)
        code = fail(problem, "the TLS key", config->key_file);
    if (code == 0 && config->client_ca_file != NULL)
        code = use_client_ca(context, config->client_ca_file, problem);
    ERR_clear_error();
    if (code != 0)
        SSL_CTX_free(context);
    else
        *ret = context;
    return code;
}
