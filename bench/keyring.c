/*
 * The keyring alone: keyring [KEYS]... (default 1000000 10000000)
 *
 * For each number of keys: seconds to load them (digests and rows given, as from the database), bytes a key, nanoseconds of a verification of a random
 * key (token checked, HMAC, look-up, answer), of a miss, and of an item of a batch of 512; and the longest single change while the table grows, with many
 * accounts. Times are of the processor.
 *
 * Timed is the verification alone: requests are made ready 512 at a time outside it, so tokens are in a near cache, where a server that has just received
 * them has them. Keys are random over all there are, so the memory of the keyring is in no cache as far as it is larger than that.
 *
 * Growth is done three times with the same changes. A host that takes the processor away for milliseconds, or an interrupt, is counted as the change's time
 * but hardly hits the same change each time. So the longest change is the longest by the least time that each took; each round's own is behind it.
 */
#include "crypto/crypto.h"
#include "crypto/random.h"
#include "crypto/token.h"
#include "keyring/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TOGETHER 512
#define SAMPLES_MAX (UINT64_C(2000) * TOGETHER)
#define CHUNK 1000
#define GROUPS 100
#define KEYS_OF_ACCOUNT 20
#define ROUNDS 3

/* Time of this thread on a processor: what others do on the machine counts only as far as it fills the caches. */
static int64_t cpu_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

/* Token number i, in the format of token.h. */
static void token_of(uint64_t i, char out[LK_TOKEN_LEN + 1]) {
    memcpy(out, "lk_", 3);
    memset(out + 3, '1', 22);
    uint64_t random = mix(i + 1);
    out[25] = '0';
    for (int d = 26; d < 68; d++) {
        out[d] = digits[random % 62];
        random = d % 8 == 0 ? mix(random + i) : random / 62;
    }
    uint32_t sum = lk_crc32(lk_slice_make(out, 68));
    const uint8_t bytes[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8), (uint8_t)sum};
    lk_base62_encode(bytes, sizeof bytes, out + 68, 6);
    out[LK_TOKEN_LEN] = '\0';
}

static struct lk_id id_of(uint64_t kind, uint64_t i) {
    uint64_t halves[2] = {mix(i * 2 + kind * 7919), mix(i * 2 + 1 + kind)};
    struct lk_id id;
    memcpy(id.bytes, halves, sizeof id.bytes);
    return id;
}

static void must(int code, const char *what) {
    if (code == 0)
        return;
    (void)fprintf(stderr, "keyring bench: %s: %s\n", what, lk_error_text(code));
    exit(1);
}

static struct lk_keys *make_keys(void) {
    char text[2 * LK_KEY_BYTES + 1];
    uint8_t bytes[LK_KEY_BYTES] = {1};
    lk_hex_encode(bytes, sizeof bytes, text);
    text[sizeof text - 1] = '\0';
    struct lk_master *master;
    must(lk_master_parse(lk_slice_cstr(text), &master, NULL), "master key");
    struct lk_keys *keys;
    must(lk_keys_derive(master, &keys), "keys");
    lk_master_free(master);
    return keys;
}

struct row {
    struct lk_keyring_key key;
    struct lk_keyring_digest digest;
    struct lk_id group;
    char name[25]; /* "key-" and any number */
};

/* All but the digest and the group. */
static void describe_row(struct row *row, uint64_t i, uint64_t account) {
    (void)snprintf(row->name, sizeof row->name, "key-%" PRIu64, i);
    row->key = (struct lk_keyring_key){
        .id = id_of(1, i),
        .account_id = id_of(3, account),
        .name = lk_slice_cstr(row->name),
        .digests = &row->digest,
        .digests_len = 1,
        .groups = &row->group,
        .groups_len = 1,
        .enabled = true,
        .expires_at = LK_KEYRING_FOREVER,
    };
}

static void fill_row(struct row *row, const struct lk_keys *keys, uint64_t i) {
    char token[LK_TOKEN_LEN + 1];
    token_of(i, token);
    lk_digest_token(keys, lk_slice_make(token, LK_TOKEN_LEN), &row->digest.digest);
    row->digest.ends_at = LK_KEYRING_FOREVER;
    row->group = id_of(2, i % GROUPS);
    describe_row(row, i, 0);
}

static int64_t apply_rows(struct lk_keyring *keyring, struct row *rows, size_t len) {
    struct lk_keyring_change changes[CHUNK];
    for (size_t i = 0; i < len; i++)
        changes[i] = (struct lk_keyring_change){.kind = LK_KEYRING_KEY, .key = &rows[i].key};
    int64_t began = cpu_ns();
    must(lk_keyring_apply(keyring, changes, len, NULL), "apply");
    return cpu_ns() - began;
}

/* Nanoseconds spent in the keyring, without making the rows. */
static int64_t load(struct lk_keyring *keyring, const struct lk_keys *keys, uint64_t count, struct row *rows) {
    int64_t spent = 0;
    for (uint64_t i = 0; i < count; i += CHUNK) {
        for (uint64_t j = 0; j < CHUNK; j++)
            fill_row(&rows[j], keys, i + j);
        spent += apply_rows(keyring, rows, CHUNK);
    }
    return spent;
}

/* A key whose token nobody knows, of one of many accounts: their maps grow too. */
static void fill_any(struct row *row, uint64_t i) {
    row->digest = (struct lk_keyring_digest){.ends_at = LK_KEYRING_FOREVER};
    struct lk_id halves[2] = {id_of(4, i), id_of(5, i)};
    memcpy(row->digest.digest.bytes, halves, sizeof halves);
    uint64_t account = i / KEYS_OF_ACCOUNT;
    row->group = id_of(2, account % GROUPS);
    describe_row(row, i, account);
}

struct pauses {
    uint64_t count;
    int64_t *took; /* of each change, nanoseconds: the least of all rounds */
    int64_t spent;
};

/* Adds all keys to an empty keyring, one change a time. Returns the longest. */
static int64_t grow(const struct lk_keys *keys, const struct lk_vocabulary *vocabulary, struct row *row, struct pauses *pauses) {
    struct lk_keyring *keyring;
    must(lk_keyring_open(keys, vocabulary, 0, &keyring), "open");
    int64_t longest = 0;
    for (uint64_t i = 0; i < pauses->count; i++) {
        fill_any(row, i);
        int64_t took = apply_rows(keyring, row, 1);
        pauses->spent += took;
        longest = took > longest ? took : longest;
        if (took < pauses->took[i])
            pauses->took[i] = took;
    }
    lk_keyring_close(keyring);
    return longest;
}

static int compare_times(const void *left, const void *right) {
    const int64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static void report_growth(const struct lk_keys *keys, const struct lk_vocabulary *vocabulary, uint64_t count, struct row *rows) {
    struct pauses pauses = {.count = count, .took = calloc(count, sizeof(int64_t))};
    must(pauses.took == NULL ? LK_ENOMEM : 0, "pauses");
    for (uint64_t i = 0; i < count; i++)
        pauses.took[i] = INT64_MAX;
    int64_t longest[ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        longest[round] = grow(keys, vocabulary, rows, &pauses);
    qsort(pauses.took, count, sizeof pauses.took[0], compare_times);
    const size_t most = count - 1 - count / 10000;
    printf("  growing from empty, one change a time: %.2f s, longest change %.0f us in each round, 9999 of 10000 within %.1f us; by round",
           (double)pauses.spent / 1e9 / ROUNDS, (double)pauses.took[count - 1] / 1e3, (double)pauses.took[most] / 1e3);
    for (int round = 0; round < ROUNDS; round++)
        printf(" %.0f", (double)longest[round] / 1e3);
    printf(" us\n");
    free(pauses.took);
}

/* Adds a tenth more to a loaded keyring. Its tables double in that time; a round would take another load, so this has one. */
static void report_growing_on(struct lk_keyring *keyring, uint64_t count, struct row *row) {
    struct pauses pauses = {.count = count / 10, .took = calloc(count / 10 + 1, sizeof(int64_t))};
    must(pauses.took == NULL ? LK_ENOMEM : 0, "pauses");
    for (uint64_t i = 0; i < pauses.count; i++) {
        fill_any(row, i);
        pauses.took[i] = apply_rows(keyring, row, 1);
    }
    qsort(pauses.took, pauses.count, sizeof pauses.took[0], compare_times);
    printf("  a tenth more, one change a time: longest changes");
    for (uint64_t i = 0; i < 8 && i < pauses.count; i++)
        printf(" %.0f", (double)pauses.took[pauses.count - 1 - i] / 1e3);
    printf(" us\n");
    free(pauses.took);
}

/* Requests that are made ready together, with their tokens. */
struct samples {
    const struct lk_keys *keys;
    uint64_t len; /* of each measurement */
    struct lk_verifier verifier;
    struct lk_verify_request requests[TOGETHER];
    char tokens[TOGETHER][LK_TOKEN_LEN + 1];
    struct lk_verify_answer answers[TOGETHER];
};

/* Of count keys, from number from on, any. */
static void fill_requests(struct samples *samples, uint64_t random, uint64_t from, uint64_t count) {
    for (size_t i = 0; i < TOGETHER; i++) {
        token_of(from + mix(random + i) % count, samples->tokens[i]);
        samples->requests[i] =
            (struct lk_verify_request){.token = lk_slice_make(samples->tokens[i], LK_TOKEN_LEN), .now_ms = 1, .mono_ns = 1};
    }
}

static void verify_each(struct samples *samples) {
    for (size_t i = 0; i < TOGETHER; i++) {
        lk_verify(&samples->verifier, &samples->requests[i], &samples->answers[0]);
        if (i % 64 == 0)
            lk_keyring_reader_quiescent();
    }
}

static void verify_batch(struct samples *samples) {
    lk_verify_batch(&samples->verifier, samples->requests, TOGETHER, samples->answers);
    lk_keyring_reader_quiescent();
}

static void only_digest(struct samples *samples) {
    struct lk_digest digest;
    for (size_t i = 0; i < TOGETHER; i++)
        lk_digest_token(samples->keys, samples->requests[i].token, &digest);
}

static void only_check(struct samples *samples) {
    for (size_t i = 0; i < TOGETHER; i++)
        must(lk_token_check(samples->requests[i].token) == LK_TOKEN_OURS ? 0 : LK_EINTERNAL, "token");
}

static uint64_t count_of(const struct samples *samples, enum lk_verify_code code) {
    return atomic_load_explicit(&samples->verifier.outcomes[code], memory_order_relaxed);
}

/* Times function on random keys of count, from number from on. expected: what all answers must be; LK_VERIFY_CODES: there are none. */
static void measure(struct samples *samples, void (*function)(struct samples *samples), uint64_t from, uint64_t count,
                    enum lk_verify_code expected, const char *what) {
    static uint64_t random;
    uint64_t before = expected == LK_VERIFY_CODES ? 0 : count_of(samples, expected);
    int64_t spent = 0;
    for (size_t i = 0; i < samples->len; i += TOGETHER) {
        fill_requests(samples, random, from, count);
        random += TOGETHER;
        int64_t began = cpu_ns();
        function(samples);
        spent += cpu_ns() - began;
    }
    must(expected == LK_VERIFY_CODES || count_of(samples, expected) - before == samples->len ? 0 : LK_EINTERNAL, what);
    printf("  %-28s %6.1f ns\n", what, (double)spent / (double)samples->len);
}

static void measure_all(struct samples *samples, uint64_t count) {
    lk_keyring_reader_register();
    for (int round = 0; round < ROUNDS; round++) {
        measure(samples, verify_each, 0, count, LK_VERIFY_VALID, "random key");
        measure(samples, verify_batch, 0, count, LK_VERIFY_VALID, "item of a batch");
        measure(samples, verify_each, count, count, LK_VERIFY_NOT_FOUND, "unknown key");
    }
    measure(samples, only_digest, 0, count, LK_VERIFY_CODES, "of which HMAC");
    measure(samples, only_check, 0, count, LK_VERIFY_CODES, "of which checking the token");
    lk_keyring_reader_unregister();
}

static void run(const struct lk_keys *keys, uint64_t count) {
    static const struct lk_vocabulary vocabulary;
    struct row *rows = calloc(CHUNK, sizeof *rows);
    struct samples *samples = calloc(1, sizeof *samples);
    must(rows == NULL || samples == NULL ? LK_ENOMEM : 0, "samples");
    struct lk_keyring *keyring;
    must(lk_keyring_open(keys, &vocabulary, count, &keyring), "open");
    int64_t spent = load(keyring, keys, count, rows);
    struct lk_keyring_stats stats;
    lk_keyring_stats(keyring, &stats);
    printf("%" PRIu64 " keys\n  load %.4f s, %.1f bytes a key\n", stats.keys, (double)spent / 1e9,
           (double)stats.bytes / (double)stats.keys);
    samples->keys = keys;
    samples->len = count < SAMPLES_MAX ? (count + TOGETHER - 1) / TOGETHER * TOGETHER : SAMPLES_MAX;
    lk_verifier_init(&samples->verifier, keyring, NULL);
    measure_all(samples, count);
    report_growing_on(keyring, count, rows);
    lk_keyring_close(keyring);
    report_growth(keys, &vocabulary, count, rows);
    free(samples);
    free(rows);
}

int main(int argc, char **argv) {
    must(lk_crypto_init(), "libsodium");
    struct lk_keys *keys = make_keys();
    if (argc < 2) {
        run(keys, 1000000);
        run(keys, 10000000);
    }
    for (int i = 1; i < argc; i++)
        run(keys, (strtoull(argv[i], NULL, 10) + CHUNK - 1) / CHUNK * CHUNK);
    lk_keys_free(keys);
    return 0;
}
