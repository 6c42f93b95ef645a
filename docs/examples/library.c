/*
 * Verifies keys in this process with the Latchkey library.
 *
 *     cc library.c $(pkg-config --cflags --libs latchkey) -o library && ./library
 *
 * Two threads ask while the main one takes the key's right away. Where your keys come from (here: two lines of code) is up to you.
 */
#include <latchkey.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char token[] = "a-token-of-our-own-1234567890";
static const struct latchkey_id key_id = {{1}};
static const struct latchkey_id group_id = {{2}};

static struct latchkey *keys;
static atomic_bool revoked;

static void *serve(void *name) {
    struct latchkey_reader *reader;
    if (latchkey_reader_open(keys, &reader) != 0)
        return NULL;
    const struct latchkey_request request = {.token = token, .token_len = strlen(token), .require = "invoices.read", .cost = 1};
    struct latchkey_answer answer;
    unsigned long allowed = 0;
    while (!atomic_load(&revoked))
        allowed += latchkey_verify(reader, &request, &answer);
    latchkey_verify(reader, &request, &answer);
    printf("%s: allowed %s; now %s says %s\n", (const char *)name, allowed > 0 ? "before" : "never", answer.name,
           latchkey_outcome_name(answer.outcome));
    latchkey_reader_close(reader);
    return NULL;
}

/* What the main thread knows before the others start. */
static int ask(const char *require) {
    struct latchkey_reader *reader;
    if (latchkey_reader_open(keys, &reader) != 0)
        return 1;
    const struct latchkey_request request = {.token = token, .token_len = strlen(token), .require = require, .cost = 1};
    struct latchkey_answer answer;
    latchkey_verify(reader, &request, &answer);
    printf("%s: %s\n", require, latchkey_outcome_name(answer.outcome));
    latchkey_reader_close(reader);
    return 0;
}

int main(void) {
    const char *const scopes[] = {"invoices.*"};
    const struct latchkey_key key = {.id = key_id, .name = "reporting", .token = token, .groups = &group_id, .groups_len = 1};
    if (latchkey_open(NULL, &keys) != 0 || latchkey_put_group(keys, &group_id, scopes, 1) != 0 || latchkey_put_key(keys, &key) != 0) {
        fputs("no memory\n", stderr);
        return 1;
    }
    if (ask("invoices.read") != 0 || ask("invoices.read AND users.write") != 0)
        return 1;
    pthread_t threads[2];
    char *names[2] = {"first", "second"};
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, serve, names[i]) != 0)
            return 1;
    }
    latchkey_put_group(keys, &group_id, NULL, 0); /* when this returns, nobody is let in by it any more */
    atomic_store(&revoked, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    latchkey_remove_key(keys, &key_id);
    latchkey_close(keys);
    return 0;
}
