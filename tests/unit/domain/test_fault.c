/*
 * Every operation with a failure at every place in it: each allocation, each statement that the database runs, each value of fixed length that it gives.
 * The operation says so with the code that fits, changes nothing, and works when it is tried again.
 */
#include "../faults.h"
#include "fault_operations.h"

#include "domain/rules.h"
#include "store/sqlite.h"

#include <stdlib.h>

/* Runs an operation with one failure and undoes it. Its result; *ret_struck: it came to the failure; *ret_same: the database was as before when it had ended. */
static int attempt(struct prepared *p, const struct operation *operation, enum fault fault, int step_result, long place,
                   struct lk_problem *ret_problem, bool *ret_struck, bool *ret_same) {
    struct fixture *f = p->f;
    assert_int_equal(lk_db_begin(f->db), 0);
    struct lk_actor actor = *f->call.actor;
    struct lk_call call = f->call;
    call.arena = &p->arena;
    call.actor = &actor;
    call.problem = ret_problem;
    call.client_ip = &p->client_ip;
    *ret_problem = (struct lk_problem){0};
    faults_arm(fault, place, step_result);
    int code = lk_operation_begin(&call);
    if (code == 0) {
        code = operation->run(p, &call);
        int ended = lk_operation_end(&call, code != 0);
        code = code != 0 ? code : ended;
    }
    *ret_struck = faults_disarm();
    /* When the end of a savepoint failed the transaction cannot be kept, which is as good. */
    *ret_same = true;
    if (lk_db_transaction_code(f->db) == 0) {
        char *state = state_of(p);
        *ret_same = strcmp(state, p->state) == 0;
        free(state);
    }
    lk_db_rollback(f->db);
    lk_permissions_changed(&call);
    lk_arena_reset(&p->arena);
    return code;
}

static void sweep(struct prepared *p, enum fault fault, int step_result, int expected) {
    long total = 0;
    for (size_t i = 0; i < operations_len; i++) {
        const struct operation *operation = &operations[i];
        long refused = 0;
        long spared = 0;
        for (long place = 0;; place++) {
            struct lk_problem problem;
            bool struck, same;
            int code = attempt(p, operation, fault, step_result, place, &problem, &struck, &same);
            if (!struck) { /* beyond the last place */
                if (code != 0)
                    fail_msg("%s: without a failure: %d %s", operation->name, code, problem.text);
                assert_int_equal(same, operation->reads);
                break;
            }
            if (code == 0) {
                spared++;
                continue;
            }
            if (code != expected || problem.code != expected || problem.text[0] == '\0')
                fail_msg("%s: place %ld: %d, and the problem %d %s", operation->name, place, code, problem.code, problem.text);
            if (!same)
                fail_msg("%s: place %ld failed and left something changed", operation->name, place);
            refused++;
        }
        assert_true(refused > 0 || fault == FAULT_ALLOCATION); /* a few find all the memory that they need */
        total += refused;
        assert_int_equal(spared, fault == FAULT_VALUE ? operation->values_spared : 0);
    }
    assert_true(total > 300);
    char *state = state_of(p);
    assert_string_equal(state, p->state);
    free(state);
}

static void test_each_allocation(void **state) {
    /* What is allocated once and kept (compiled statements, parsed permissions) moves the places after it: the second time nothing does. */
    sweep(*state, FAULT_ALLOCATION, 0, LK_ENOMEM);
    sweep(*state, FAULT_ALLOCATION, 0, LK_ENOMEM);
}

static void test_each_statement_without_memory(void **state) {
    sweep(*state, FAULT_STATEMENT, SQLITE_NOMEM, LK_ENOMEM);
}

static void test_each_statement_that_is_interrupted(void **state) {
    sweep(*state, FAULT_STATEMENT, SQLITE_INTERRUPT, LK_EINTERNAL);
}

static void test_each_damaged_value(void **state) {
    sweep(*state, FAULT_VALUE, 0, LK_ECORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_allocation, prepare, release),
        cmocka_unit_test_setup_teardown(test_each_statement_without_memory, prepare, release),
        cmocka_unit_test_setup_teardown(test_each_statement_that_is_interrupted, prepare, release),
        cmocka_unit_test_setup_teardown(test_each_damaged_value, prepare, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
