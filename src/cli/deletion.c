/* What `latchkey key delete`, `user delete` and `group delete` share: one thing after the other, up to the first that cannot be deleted. */
#include "cli/session.h"

#include <stdio.h>

/* {"id","name"} */
static int add_item(struct cli_session *session, struct cli_list *list, const struct cli_found *found) {
    struct lk_json_member members[] = {
        {.name = LK_SLICE("id"), .value = {.type = LK_JSON_STRING}},
        {.name = LK_SLICE("name"), .value = {.type = LK_JSON_STRING}},
    };
    members[0].value.string = found->id;
    members[1].value.string = found->name;
    const struct lk_json item = {.type = LK_JSON_OBJECT, .object = {members, 2}};
    return cli_list_add(session, list, &item, 1);
}

static int print_sentence(struct cli_session *session, const char *text) {
    struct lk_buf out;
    lk_buf_init(&out, 0);
    cli_add_printable(&out, lk_slice_cstr(text));
    lk_buf_add_char(&out, '\n');
    int code = cli_print(&out, &session->problem);
    lk_buf_free(&out);
    return code;
}

/* It is gone, whoever hears of it: where that cannot be printed, the problem has it. */
static int tell(struct cli_session *session, const char *what, const struct cli_found *found, struct cli_list *list) {
    char text[LK_PROBLEM_MAX];
    snprintf(text, sizeof(text), "Deleted the %s %.*s (%.*s).", what, (int)found->name.len, found->name.ptr, (int)found->id.len,
             found->id.ptr);
    int code = session->json ? add_item(session, list, found) : print_sentence(session, text);
    const struct lk_problem why = session->problem;
    return code == 0 ? 0 : lk_problem_set(&session->problem, code, "%s. %s", why.text, text);
}

int cli_delete_each(struct cli_session *session, const struct cli_kind *kind,
                    int (*delete_one)(struct cli_session *session, const char *word, struct cli_found *ret)) {
    struct cli_list list;
    int code = 0;
    int printed = 0;
    cli_list_begin(NULL, 0, "", &list);
    for (size_t i = 0; i < session->args->words_len && code == 0; i++) {
        struct cli_found found = {0};
        code = delete_one(session, session->args->words[i], &found);
        if (code == 0)
            code = printed = tell(session, kind->what, &found, &list);
    }
    const struct lk_problem why = session->problem;
    if (printed != 0 || list.len == 0)
        return code;
    printed = cli_list_end(session, &list); /* what is gone is told, also where another could not be deleted */
    if (code == 0)
        return printed;
    session->problem = why;
    return code;
}
