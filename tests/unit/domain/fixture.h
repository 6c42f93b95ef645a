/* A database in a temporary directory with one account, for the tests of this room. */
#ifndef LK_TESTS_DOMAIN_FIXTURE_H
#define LK_TESTS_DOMAIN_FIXTURE_H

#include "../unit.h"

#include "domain/account.h"
#include "domain/api_key.h"
#include "domain/audit.h"
#include "domain/call.h"
#include "domain/user_group.h"

struct fixture {
    char dir[64];
    char path[96];
    struct lk_db *db;
    struct lk_keys *keys;
    struct lk_domain *domain;
    struct lk_arena arena;
    struct lk_problem problem;
    struct lk_call call; /* its actor: the key of account */
    struct lk_account account;
    struct lk_id admin_group;
    struct lk_api_key admin_key;
    struct lk_slice admin_token;
};

/* For cmocka_unit_test_setup_teardown: *state becomes a struct fixture with an account "Acme" whose key "first" in Account Administrator acts. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A master key of 32 bytes that are all `byte`, and the keys of it. */
struct lk_master *fixture_master(unsigned char byte);
struct lk_keys *fixture_keys(unsigned char byte);

/* Ends the present call and begins another, whose actor is the key of token. Returns what authentication returned. */
int fixture_act(struct fixture *f, struct lk_slice token);

/* As the operator at the machine, in the account. */
void fixture_act_as_system(struct fixture *f, const struct lk_id *account);

/* Makes another account with a key in its Account Administrator. */
void fixture_account(struct fixture *f, const char *name, struct lk_account *ret, struct lk_id *ret_group, struct lk_slice *ret_token);

/* The id as text, in the arena. */
struct lk_slice fixture_id(struct fixture *f, const struct lk_id *id);

/* A group with these permissions in the actor's account, put there directly. */
struct lk_id fixture_group(struct fixture *f, const char *name, uint32_t account_bits, const char *scope);

/* Creates a key in a group (NULL: in none) as the actor, as an operation; asserts that it works. */
struct lk_api_key fixture_key(struct fixture *f, const char *name, const struct lk_id *group, struct lk_slice *ret_token);

/* Makes the account "Other", with one key, and an operator's key in the fixture's own, whose token it returns. Acts as the system. */
struct lk_slice fixture_other_account(struct fixture *f, struct lk_account *ret);

/* Runs SQL behind the domain's back. */
void fixture_sql(struct fixture *f, const char *sql);

/* The integer that a query gives. */
int64_t fixture_query(struct fixture *f, const char *sql);

/* One key operation between begin and end. */
int fixture_create(struct fixture *f, const struct lk_api_key_input *input, struct lk_api_key *ret, struct lk_slice *ret_token);
int fixture_update(struct fixture *f, const struct lk_id *id, const struct lk_api_key_input *input, struct lk_api_key *ret);
int fixture_delete(struct fixture *f, const struct lk_id *id);
int fixture_reveal(struct fixture *f, const struct lk_id *id, struct lk_slice *ret_token);

/* Asserts that code is expected and that the problem's text begins so. */
void fixture_expect(struct fixture *f, int code, int expected, const char *begins);

/* Begins or ends an operation by hand: end gives code back. */
void fixture_begin(struct fixture *f);
int fixture_end(struct fixture *f, int code);

/* Creates a user, in a group when group is not NULL; asserts that it works. */
struct lk_user fixture_user(struct fixture *f, const char *name, const char *email, const struct lk_id *group);

/* Makes a key that holds just these account permissions act. */
void fixture_act_with(struct fixture *f, uint32_t account_bits);

#endif
