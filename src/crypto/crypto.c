#include "crypto/crypto.h"

#include "base/error.h"

#include <openssl/crypto.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int lk_crypto_init(void) {
    /* What openssl.cnf says is read now, not at the first need: the server's sandbox closes it. */
    return sodium_init() < 0 || OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1 ? LK_EINTERNAL : 0;
}

int lk_crypto_protect_process(void) {
    const struct rlimit none = {0, 0};
    int limited = setrlimit(RLIMIT_CORE, &none);
    int hidden = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return limited == 0 && hidden == 0 ? 0 : LK_EIO;
}
