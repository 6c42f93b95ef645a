#include "crypto/crypto.h"

#include "base/error.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int lk_crypto_init(void) {
    return sodium_init() < 0 ? LK_EINTERNAL : 0;
}

int lk_crypto_protect_process(void) {
    const struct rlimit none = {0, 0};
    int limited = setrlimit(RLIMIT_CORE, &none);
    int hidden = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return limited == 0 && hidden == 0 ? 0 : LK_EIO;
}
