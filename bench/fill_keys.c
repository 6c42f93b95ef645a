/*
 * Puts keys into an initialised data directory, past the API and its audit, for benchmarks only: fill_keys DIR KEYS TOKENS
 *
 * The keys go into the account and group that LATCHKEY_BENCH_ACCOUNT and LATCHKEY_BENCH_GROUP name. Prints the tokens of TOKENS of them, spread over all,
 * a line each.
 */
#include "api/store_open.h"
#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/token.h"
#include "store/api_key.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH 50000

static void must(int code, const char *what) {
    if (code == 0)
        return;
    (void)fprintf(stderr, "fill_keys: %s: %s\n", what, lk_error_text(code));
    exit(1);
}

static struct lk_id id_from(const char *variable) {
    const char *text = getenv(variable);
    struct lk_id id;
    must(text == NULL ? LK_EINVAL : lk_id_parse(lk_slice_cstr(text), &id), variable);
    return id;
}

/* Ascending, so that the database fills from left to right. */
static struct lk_id id_of(unsigned long i) {
    struct lk_id id = {{0}};
    lk_random_bytes(id.bytes + 8, 8);
    for (int byte = 0; byte < 8; byte++)
        id.bytes[byte] = (uint8_t)(i >> (56 - 8 * byte));
    return id;
}

static void insert(const struct lk_store *store, const struct lk_id *account, const struct lk_id *group, unsigned long i, bool show) {
    char token[LK_TOKEN_LEN + 1];
    char preview[LK_TOKEN_PREVIEW_SIZE];
    char name[32];
    lk_token_make(account, token);
    lk_token_preview(lk_slice_cstr(token), preview);
    (void)snprintf(name, sizeof name, "bench-%08lu", i);
    const struct lk_key_row row = {
        .id = id_of(i),
        .account_id = *account,
        .name = lk_slice_cstr(name),
        .preview = lk_slice_cstr(preview),
        .enabled = true,
        .metadata = lk_slice_cstr("{}"),
        .created_at = 1,
        .created_by = lk_slice_cstr("{}"),
        .updated_at = 1,
    };
    struct lk_digest digest;
    lk_digest_token(store->keys, lk_slice_cstr(token), &digest);
    must(lk_store_key_insert(store->db, &row, digest.bytes, lk_keys_version(store->keys), lk_slice_make(NULL, 0)), "insert");
    must(lk_store_key_groups_add(store->db, &row.id, group), "group");
    if (show)
        (void)puts(token);
}

int main(int argc, char **argv) {
    if (argc != 4)
        must(LK_EINVAL, "usage: fill_keys DIR KEYS TOKENS");
    unsigned long keys = strtoul(argv[2], NULL, 10);
    unsigned long tokens = strtoul(argv[3], NULL, 10);
    struct lk_id account = id_from("LATCHKEY_BENCH_ACCOUNT");
    struct lk_id group = id_from("LATCHKEY_BENCH_GROUP");
    must(lk_crypto_init(), "libsodium");
    struct lk_store store = {0};
    struct lk_problem problem = {0};
    must(lk_store_open(argv[1], NULL, &store, &problem), problem.text);
    unsigned long step = tokens == 0 || tokens > keys ? 1 : keys / tokens;
    for (unsigned long i = 0; i < keys; i++) {
        if (i % BATCH == 0)
            must(lk_db_begin(store.db), "begin");
        insert(&store, &account, &group, i, i % step == 0 && i / step < tokens);
        if (i % BATCH == BATCH - 1 || i == keys - 1)
            must(lk_db_commit(store.db), "commit");
    }
    lk_store_close(&store);
    return 0;
}
