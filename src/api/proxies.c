#include "api/proxies.h"

#include <stdlib.h>

/* The texts that are addresses, with a count of them. */
static int compile(const char *const *texts, size_t len, struct lk_proxies *proxies, struct lk_problem *problem) {
    struct lk_slice *addresses = calloc(len, sizeof(*addresses));
    if (addresses == NULL)
        return LK_ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        if (strcmp(texts[i], "unix") == 0)
            proxies->unix_sockets = true;
        else
            addresses[count++] = lk_slice_cstr(texts[i]);
    }
    int code = count == 0 ? 0 : lk_ip_list_compile(addresses, count, &proxies->addresses, problem);
    free(addresses);
    return code;
}

int lk_proxies_new(const char *const *texts, size_t len, struct lk_proxies **ret, struct lk_problem *problem) {
    struct lk_proxies *proxies = calloc(1, sizeof(*proxies));
    if (proxies == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    struct lk_problem why = {0};
    int code = len == 0 ? 0 : compile(texts, len, proxies, &why);
    if (code == 0) {
        *ret = proxies;
        return 0;
    }
    lk_proxies_free(proxies);
    return lk_problem_set(problem, code, "--trusted-proxy: %.400s", why.text[0] != '\0' ? why.text : lk_error_text(code));
}

void lk_proxies_free(struct lk_proxies *proxies) {
    if (proxies != NULL)
        lk_ip_list_free(proxies->addresses);
    free(proxies);
}
