#include "certificates.h"

#include "../unit.h"

#include <dirent.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATHS 16

static char directory[64];
static char paths[PATHS][128];
static unsigned paths_len;

void certificates_set_up(void) {
    snprintf(directory, sizeof(directory), "/tmp/latchkey-tls-XXXXXX");
    assert_non_null(mkdtemp(directory));
    paths_len = 0;
}

void certificates_tear_down(void) {
    DIR *dir = opendir(directory);
    assert_non_null(dir);
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    assert_int_equal(rmdir(directory), 0);
}

const char *in_directory(const char *name) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    for (unsigned i = 0; i < paths_len; i++) {
        if (strcmp(paths[i], path) == 0)
            return paths[i];
    }
    assert_true(paths_len < PATHS);
    memcpy(paths[paths_len], path, sizeof(path));
    return paths[paths_len++];
}

static const char *path_of(const char *name, const char *extension) {
    char file[64];
    snprintf(file, sizeof(file), "%s.%s", name, extension);
    return in_directory(file);
}

static FILE *create(const char *path) {
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(chmod(path, 0600), 0);
    return file;
}

static void read_issuer(const char *name, X509 **ret, EVP_PKEY **ret_key) {
    FILE *file = fopen(path_of(name, "pem"), "r");
    assert_non_null(file);
    *ret = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    file = fopen(path_of(name, "key"), "r");
    assert_non_null(file);
    *ret_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(*ret);
    assert_non_null(*ret_key);
}

static void name_it(X509_NAME *name, const char *common_name) {
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Latchkey", -1, -1, 0), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0), 1);
}

void make_certificate(const char *name, const char *common_name, const char *issuer) {
    static long serial = 1;
    X509 *parent = NULL;
    EVP_PKEY *parent_key = NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    assert_non_null(key);
    assert_non_null(certificate);
    if (issuer != NULL)
        read_issuer(issuer, &parent, &parent_key);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    name_it(X509_get_subject_name(certificate), common_name);
    X509_set_issuer_name(certificate, X509_get_subject_name(parent != NULL ? parent : certificate));
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, issuer == NULL ? "CA:TRUE" : "CA:FALSE");
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(certificate, parent_key != NULL ? parent_key : key, EVP_sha256()) > 0);
    FILE *file = create(path_of(name, "pem"));
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = create(path_of(name, "key"));
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_free(certificate);
    X509_free(parent);
    EVP_PKEY_free(key);
    EVP_PKEY_free(parent_key);
}

SSL *client_handshake(int fd, const char *certificate, const char *protocols, int highest) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    if (highest != 0)
        SSL_CTX_set_max_proto_version(context, highest);
    if (certificate != NULL) {
        assert_int_equal(SSL_CTX_use_certificate_file(context, path_of(certificate, "pem"), SSL_FILETYPE_PEM), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(context, path_of(certificate, "key"), SSL_FILETYPE_PEM), 1);
    }
    if (protocols != NULL)
        assert_int_equal(SSL_CTX_set_alpn_protos(context, (const unsigned char *)protocols, (unsigned)strlen(protocols)), 0);
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    close(fd);
    return NULL;
}

void client_close(SSL *ssl) {
    int fd = SSL_get_fd(ssl);
    SSL_free(ssl);
    close(fd);
}

void server_name(SSL *ssl, char out[64]) {
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    assert_non_null(certificate);
    assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, out, 64) > 0);
}
