/*
 * Permission expressions: names joined by AND, OR, NOT and parentheses; NOT binds tightest, then AND, then OR.
 *
 *     expression = and *( "OR" and )
 *     and        = not *( "AND" not )
 *     not        = "NOT" not / "(" expression ")" / name
 *     name       = account permission / scope / "app:" ( "*" / app id ) ":" type ":" action
 *
 * Keywords are upper case; words end at spaces, tabs and parentheses. A word that is no account permission and does not begin with `app:` is a scope,
 * whether anybody holds it or not. `app:*:…` asks for every application.
 *
 * A compiled expression is a short program on a stack of bits; evaluation allocates nothing and takes time linear in the names.
 */
#ifndef KEYRING_EXPRESSION_H
#define KEYRING_EXPRESSION_H

#include "keyring/permission_set.h"

#define LK_EXPRESSION_BYTES_MAX 1024
#define LK_EXPRESSION_NAMES_MAX 100
#define LK_EXPRESSION_DEPTH_MAX 32

struct lk_expression;

/* Where and why a text is no expression. */
struct lk_expression_error {
    size_t offset;     /* bytes before it */
    size_t column;     /* the same from 1, for people */
    char expected[96]; /* "a permission name, NOT or (" */
    char found[40];    /* "AND", "the end": cut and made printable */
};

/* Compiles text, which it copies. 0; LK_EINVAL or LK_ELIMIT with *error set (error may be NULL); LK_ENOMEM. */
int lk_expression_compile(const struct lk_vocabulary *vocabulary, struct lk_slice text, struct lk_expression **ret,
                          struct lk_expression_error *error);

/* NULL is fine. */
void lk_expression_free(struct lk_expression *expression);

/* Whether a set satisfies it. Any thread. */
bool lk_expression_holds(const struct lk_expression *expression, const struct lk_permission_set *set);

/* The text that it was compiled from. */
struct lk_slice lk_expression_text(const struct lk_expression *expression);

/* A bounded cache of compiled expressions by their text. It belongs to one thread. */
struct lk_expression_cache;

/* entries is how many it keeps (rounded up to a power of two; 1 to 65536). vocabulary is lent. LK_ENOMEM. */
int lk_expression_cache_open(const struct lk_vocabulary *vocabulary, size_t entries, struct lk_expression_cache **ret);

/* NULL is fine. */
void lk_expression_cache_close(struct lk_expression_cache *cache);

/* The compiled form of text, from the cache or made now; it lives until the next call with the same cache that has to compile. (A batch that needs
 * several at once compiles its own.) Errors as lk_expression_compile; errors are not kept. */
int lk_expression_cache_get(struct lk_expression_cache *cache, struct lk_slice text, const struct lk_expression **ret,
                            struct lk_expression_error *error);

#endif
