#include "crypto/signature.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

/* lk_public_key is OpenSSL's own. */
static EVP_PKEY *inner(const struct lk_public_key *key) {
    return (EVP_PKEY *)key;
}

static bool is_p256(const EVP_PKEY *key) {
    char group[64];
    size_t len = 0;
    return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

int lk_public_key_read(struct lk_slice pem, struct lk_public_key **ret) {
    if (pem.len > INT_MAX)
        return LK_EINVAL;
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    if (bio == NULL)
        return LK_ENOMEM;
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (key == NULL || !is_p256(key)) {
        EVP_PKEY_free(key);
        return LK_EINVAL;
    }
    *ret = (struct lk_public_key *)key;
    return 0;
}

void lk_public_key_free(struct lk_public_key *key) {
    EVP_PKEY_free(inner(key));
}

bool lk_signature_good(const struct lk_public_key *key, struct lk_slice message, struct lk_slice signature) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, inner(key)) == 1 &&
                EVP_DigestVerify(context, (const unsigned char *)signature.ptr, signature.len, (const unsigned char *)message.ptr,
                                 message.len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

int lk_sha256(struct lk_slice bytes, uint8_t out[LK_SHA256_BYTES]) {
    return EVP_Digest(bytes.ptr, bytes.len, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : LK_ENOMEM;
}
