#include "keyring/expression.h"

#include <stdio.h>
#include <stdlib.h>

enum op {
    OP_ACCOUNT, /* push: an account permission */
    OP_SCOPE,
    OP_APP,
    OP_NOT, /* of the top */
    OP_AND, /* of the two on top */
    OP_OR,
};

struct step {
    enum op op;
    bool literal;       /* OP_SCOPE: no wildcard covers it */
    bool every;         /* OP_APP: in every application */
    uint8_t type;       /* OP_APP */
    uint8_t number;     /* OP_APP: action; OP_ACCOUNT: permission */
    struct lk_slice id; /* OP_SCOPE: the scope; OP_APP: the application */
};

/* The longest program: names, a join between each two, and NOTs, of which each that is stored takes 4 bytes of text (a row of them is one or none). */
#define STEPS_MAX 512
_Static_assert(2 * LK_EXPRESSION_NAMES_MAX + LK_EXPRESSION_BYTES_MAX / 4 <= STEPS_MAX, "room for any program");

struct lk_expression {
    struct lk_slice text;
    size_t len;
    struct step steps[]; /* then the text */
};

/* ---- compiling ---- */

enum token {
    TOKEN_END,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_NAME,
    TOKEN_BAD, /* a byte that no name has */
};

struct parser {
    const struct lk_vocabulary *vocabulary;
    struct lk_slice text;
    size_t at;       /* where the present token begins */
    size_t next;     /* where the one after it may */
    enum token kind; /* the present token */
    unsigned depth;
    unsigned names;
    struct step *steps;
    size_t len;
    struct lk_expression_error *error;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_name_byte(char c) {
    return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("._-:/*", c) != NULL);
}

static struct lk_slice token_text(const struct parser *p) {
    return lk_slice_make(p->text.ptr + p->at, p->next - p->at);
}

static enum token word_kind(struct lk_slice word) {
    if (lk_slice_is(word, "AND"))
        return TOKEN_AND;
    if (lk_slice_is(word, "OR"))
        return TOKEN_OR;
    return lk_slice_is(word, "NOT") ? TOKEN_NOT : TOKEN_NAME;
}

static void advance(struct parser *p) {
    size_t at = p->next;
    while (at < p->text.len && is_blank(p->text.ptr[at]))
        at++;
    p->at = p->next = at;
    if (at == p->text.len) {
        p->kind = TOKEN_END;
        return;
    }
    p->next++;
    char c = p->text.ptr[at];
    if (c == '(' || c == ')') {
        p->kind = c == '(' ? TOKEN_OPEN : TOKEN_CLOSE;
        return;
    }
    if (!is_name_byte(c)) {
        p->kind = TOKEN_BAD;
        return;
    }
    while (p->next < p->text.len && is_name_byte(p->text.ptr[p->next]))
        p->next++;
    p->kind = word_kind(token_text(p));
}

/* Names the present token, printable and short: a client's bytes go into an answer. */
static void describe(const struct parser *p, char *out, size_t size) {
    if (p->kind == TOKEN_END) {
        (void)snprintf(out, size, "the end");
        return;
    }
    struct lk_slice text = token_text(p);
    if (p->kind == TOKEN_BAD && (text.ptr[0] <= 0x20 || text.ptr[0] >= 0x7F))
        (void)snprintf(out, size, "the byte 0x%02X", (unsigned char)text.ptr[0]);
    else
        (void)snprintf(out, size, "%.*s%s", (int)(text.len > 32 ? 32 : text.len), text.ptr, text.len > 32 ? "..." : "");
}

static int refuse_at(const struct parser *p, size_t offset, int code, const char *expected) {
    struct lk_expression_error *error = p->error;
    if (error != NULL) {
        *error = (struct lk_expression_error){.offset = offset, .column = offset + 1};
        (void)snprintf(error->expected, sizeof error->expected, "%s", expected);
        describe(p, error->found, sizeof error->found);
    }
    return code;
}

static int refuse(const struct parser *p, int code, const char *expected) {
    return refuse_at(p, p->at, code, expected);
}

static struct step *emit(struct parser *p, enum op op) {
    struct step *step = &p->steps[p->len++];
    *step = (struct step){.op = op};
    return step;
}

static bool find_word(const struct lk_slice *words, size_t len, struct lk_slice word, uint8_t *ret) {
    for (size_t i = 0; i < len; i++) {
        if (lk_slice_equal(words[i], word)) {
            *ret = (uint8_t)i;
            return true;
        }
    }
    return false;
}

/* The part of rest before the next colon, which is taken off too. False when there is none. */
static bool cut(struct lk_slice *rest, struct lk_slice *ret) {
    const char *colon = rest->len == 0 ? NULL : memchr(rest->ptr, ':', rest->len);
    if (colon == NULL)
        return false;
    size_t len = (size_t)(colon - rest->ptr);
    *ret = lk_slice_make(rest->ptr, len);
    *rest = lk_slice_make(colon + 1, rest->len - len - 1);
    return true;
}

static int app_name(struct parser *p, struct lk_slice name) {
    static const char form[] = "app:APPID:TYPE:ACTION, such as app:*:SERVICE:READ";
    struct lk_slice rest = lk_slice_make(name.ptr + 4, name.len - 4);
    struct lk_slice id;
    struct lk_slice type;
    if (!cut(&rest, &id) || id.len == 0 || !cut(&rest, &type))
        return refuse(p, LK_EINVAL, form);
    struct step *step = emit(p, OP_APP);
    step->id = id;
    step->every = lk_slice_is(id, "*");
    if (!find_word(p->vocabulary->types, p->vocabulary->types_len, type, &step->type))
        return refuse_at(p, (size_t)(type.ptr - p->text.ptr), LK_EINVAL, "a type of application permission, such as SERVICE");
    if (!find_word(p->vocabulary->actions, p->vocabulary->actions_len, rest, &step->number))
        return refuse_at(p, (size_t)(rest.ptr - p->text.ptr), LK_EINVAL, "an action, such as READ");
    return 0;
}

static int scope_name(struct parser *p, struct lk_slice name) {
    const char *star = memchr(name.ptr, '*', name.len);
    bool wild_well = star == NULL || name.len == 1 || (star == name.ptr + name.len - 1 && name.len > 2 && star[-1] == '.');
    if (!wild_well || name.ptr[0] == '.')
        return refuse(p, LK_EINVAL, "a scope, such as invoices.read (a * stands alone or after a last dot)");
    struct step *step = emit(p, OP_SCOPE);
    step->id = name;
    step->literal = lk_slice_equal(name, p->vocabulary->literal_scope);
    return 0;
}

static int parse_name(struct parser *p) {
    struct lk_slice name = token_text(p);
    if (++p->names > LK_EXPRESSION_NAMES_MAX)
        return refuse(p, LK_ELIMIT, "at most 100 names");
    uint8_t number;
    int code = 0;
    if (find_word(p->vocabulary->account, p->vocabulary->account_len, name, &number))
        emit(p, OP_ACCOUNT)->number = number;
    else
        code = lk_slice_starts_with(name, "app:") ? app_name(p, name) : scope_name(p, name);
    if (code == 0)
        advance(p);
    return code;
}

static int parse_or(struct parser *p);

static int parse_group(struct parser *p) {
    if (++p->depth > LK_EXPRESSION_DEPTH_MAX)
        return refuse(p, LK_ELIMIT, "parentheses nested at most 32 deep");
    advance(p);
    int code = parse_or(p);
    if (code != 0)
        return code;
    if (p->kind != TOKEN_CLOSE)
        return refuse(p, LK_EINVAL, "AND, OR or )");
    p->depth--;
    advance(p);
    return 0;
}

/* A row of NOTs is counted, not nested: only whether it is odd matters. */
static int parse_not(struct parser *p) {
    bool negated = false;
    for (; p->kind == TOKEN_NOT; advance(p))
        negated = !negated;
    int code;
    if (p->kind == TOKEN_OPEN)
        code = parse_group(p);
    else if (p->kind == TOKEN_NAME)
        code = parse_name(p);
    else
        code = refuse(p, LK_EINVAL, "a permission name, NOT or (");
    if (code == 0 && negated)
        emit(p, OP_NOT);
    return code;
}

static int parse_and(struct parser *p) {
    int code = parse_not(p);
    while (code == 0 && p->kind == TOKEN_AND) {
        advance(p);
        code = parse_not(p);
        if (code == 0)
            emit(p, OP_AND);
    }
    return code;
}

static int parse_or(struct parser *p) {
    int code = parse_and(p);
    while (code == 0 && p->kind == TOKEN_OR) {
        advance(p);
        code = parse_and(p);
        if (code == 0)
            emit(p, OP_OR);
    }
    return code;
}

static int parse(struct parser *p) {
    if (p->text.len > LK_EXPRESSION_BYTES_MAX) {
        p->at = p->next = LK_EXPRESSION_BYTES_MAX;
        p->kind = TOKEN_END;
        return refuse(p, LK_ELIMIT, "at most 1024 bytes");
    }
    advance(p);
    int code = parse_or(p);
    if (code == 0 && p->kind != TOKEN_END)
        code = refuse(p, LK_EINVAL, "AND, OR or the end");
    return code;
}

/* The expression with its own copy of the text, its names pointing into that. */
static struct lk_expression *finish(const struct parser *p) {
    size_t steps_size = p->len * sizeof(struct step);
    struct lk_expression *expression = malloc(sizeof *expression + steps_size + p->text.len);
    if (expression == NULL)
        return NULL;
    char *text = (char *)expression->steps + steps_size;
    memcpy(text, p->text.ptr, p->text.len);
    memcpy(expression->steps, p->steps, steps_size);
    expression->text = lk_slice_make(text, p->text.len);
    expression->len = p->len;
    for (size_t i = 0; i < p->len; i++) {
        struct lk_slice *id = &expression->steps[i].id;
        if (id->ptr != NULL)
            id->ptr = text + (id->ptr - p->text.ptr);
    }
    return expression;
}

int lk_expression_compile(const struct lk_vocabulary *vocabulary, struct lk_slice text, struct lk_expression **ret,
                          struct lk_expression_error *error) {
    struct step steps[STEPS_MAX];
    struct parser p = {.vocabulary = vocabulary, .text = text, .steps = steps, .error = error};
    int code = parse(&p);
    if (code != 0)
        return code;
    struct lk_expression *expression = finish(&p);
    if (expression == NULL)
        return LK_ENOMEM;
    *ret = expression;
    return 0;
}

void lk_expression_free(struct lk_expression *expression) {
    free(expression);
}

struct lk_slice lk_expression_text(const struct lk_expression *expression) {
    return expression->text;
}

/* ---- evaluating ---- */

static bool step_holds(const struct step *step, const struct lk_permission_set *set) {
    switch (step->op) {
    case OP_ACCOUNT: return (set->account_held >> step->number & 1) != 0;
    case OP_SCOPE: return lk_permission_set_has_scope(set, step->id, step->literal);
    default: return lk_permission_set_has_app(set, step->every, step->id, step->type, step->number);
    }
}

bool lk_expression_holds(const struct lk_expression *expression, const struct lk_permission_set *set) {
    bool stack[LK_EXPRESSION_NAMES_MAX] = {false};
    size_t top = 0; /* values on the stack; a compiled program never takes more than it pushed */
    for (size_t i = 0; i < expression->len; i++) {
        const struct step *step = &expression->steps[i];
        switch (step->op) {
        case OP_NOT: stack[top - 1] = !stack[top - 1]; break;
        case OP_AND:
            top--;
            stack[top - 1] = stack[top - 1] && stack[top];
            break;
        case OP_OR:
            top--;
            stack[top - 1] = stack[top - 1] || stack[top];
            break;
        default: stack[top++] = step_holds(step, set); break;
        }
    }
    return stack[0];
}
