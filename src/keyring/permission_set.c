#include "keyring/permission_set.h"

#include "base/encode.h"
#include "base/json_write.h"

#include <stdlib.h>

static int compare_slices(const void *a, const void *b) {
    return lk_slice_compare(*(const struct lk_slice *)a, *(const struct lk_slice *)b);
}

/* Sorts and drops duplicates; the new length. */
static size_t sort_unique(struct lk_slice *items, size_t len) {
    if (len == 0)
        return 0;
    qsort(items, len, sizeof *items, compare_slices);
    size_t kept = 1;
    for (size_t i = 1; i < len; i++) {
        if (!lk_slice_equal(items[i], items[kept - 1]))
            items[kept++] = items[i];
    }
    return kept;
}

static bool ends_in_star(struct lk_slice scope) {
    return scope.len > 1 && scope.ptr[scope.len - 1] == '*';
}

/* Sums that give the sizes of the block's parts. */
struct sizes {
    size_t groups;
    size_t scopes;
    size_t apps; /* (permission, application) pairs */
};

static struct sizes measure(const struct lk_grants *const *grants, size_t len) {
    struct sizes sizes = {0};
    for (size_t i = 0; i < len; i++) {
        if (grants[i] == NULL)
            continue;
        sizes.groups++;
        sizes.scopes += grants[i]->scopes_len;
        for (size_t a = 0; a < grants[i]->apps_len; a++)
            sizes.apps += grants[i]->apps[a].all_apps ? 0 : grants[i]->apps[a].app_ids_len;
    }
    return sizes;
}

/* What building works with: the lists before they are copied into the block, and the ready-made texts. */
struct draft {
    struct lk_id *groups;
    size_t groups_len;
    struct lk_slice *scopes;
    size_t scopes_len;
    struct lk_set_app *apps;
    size_t apps_len;
    uint32_t account;
    uint32_t account_held;
    uint16_t every_app[LK_VOCABULARY_TYPES_MAX];
    struct lk_buf groups_header;
    struct lk_buf scopes_header;
    struct lk_buf json;
};

static void draft_free(struct draft *draft) {
    free(draft->groups);
    free(draft->scopes);
    free(draft->apps);
    lk_buf_free(&draft->groups_header);
    lk_buf_free(&draft->scopes_header);
    lk_buf_free(&draft->json);
}

static void collect_apps(struct draft *draft, const struct lk_grants *grants) {
    for (size_t a = 0; a < grants->apps_len; a++) {
        const struct lk_grant_app *app = &grants->apps[a];
        if (app->type >= LK_VOCABULARY_TYPES_MAX)
            continue;
        uint16_t actions = (uint16_t)app->actions;
        if (app->all_apps)
            draft->every_app[app->type] |= actions;
        for (size_t i = 0; !app->all_apps && i < app->app_ids_len; i++) {
            struct lk_set_app *pair = &draft->apps[draft->apps_len++];
            *pair = (struct lk_set_app){.id = app->app_ids[i]};
            pair->actions[app->type] = actions;
        }
    }
}

static int compare_apps(const void *a, const void *b) {
    return lk_slice_compare(((const struct lk_set_app *)a)->id, ((const struct lk_set_app *)b)->id);
}

static void fold_apps(struct draft *draft) {
    if (draft->apps_len == 0)
        return;
    qsort(draft->apps, draft->apps_len, sizeof draft->apps[0], compare_apps);
    size_t kept = 0;
    for (size_t i = 1; i < draft->apps_len; i++) {
        if (!lk_slice_equal(draft->apps[i].id, draft->apps[kept].id)) {
            draft->apps[++kept] = draft->apps[i];
            continue;
        }
        for (size_t type = 0; type < LK_VOCABULARY_TYPES_MAX; type++)
            draft->apps[kept].actions[type] |= draft->apps[i].actions[type];
    }
    draft->apps_len = kept + 1;
}

static int collect(struct draft *draft, const struct lk_id *groups, const struct lk_grants *const *grants, size_t len) {
    struct sizes sizes = measure(grants, len);
    draft->groups = calloc(sizes.groups + 1, sizeof draft->groups[0]);
    draft->scopes = calloc(sizes.scopes + 1, sizeof draft->scopes[0]);
    draft->apps = calloc(sizes.apps + 1, sizeof draft->apps[0]);
    if (draft->groups == NULL || draft->scopes == NULL || draft->apps == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < len; i++) {
        if (grants[i] == NULL)
            continue;
        draft->groups[draft->groups_len++] = groups[i];
        draft->account |= grants[i]->account;
        draft->account_held |= grants[i]->account_held;
        for (size_t s = 0; s < grants[i]->scopes_len; s++)
            draft->scopes[draft->scopes_len++] = grants[i]->scopes[s];
        collect_apps(draft, grants[i]);
    }
    draft->scopes_len = sort_unique(draft->scopes, draft->scopes_len);
    fold_apps(draft);
    return 0;
}

/* Percent-encodes what a header value that is a list of names cannot hold (docs/openapi.yaml, Groups and Scopes). */
static void add_encoded(struct lk_buf *buf, struct lk_slice name) {
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c <= 0x20 || c >= 0x7F || c == ',' || c == '%')
            (void)lk_buf_addf(buf, "%%%02X", c);
        else
            (void)lk_buf_add_char(buf, (char)c);
    }
}

static void write_headers(struct draft *draft) {
    for (size_t i = 0; i < draft->groups_len; i++) {
        (void)lk_buf_add_cstr(&draft->groups_header, i == 0 ? "" : ",");
        (void)lk_buf_add_cstr(&draft->groups_header, lk_id_format(&draft->groups[i]).text);
    }
    for (size_t i = 0; i < draft->scopes_len; i++) {
        (void)lk_buf_add_cstr(&draft->scopes_header, i == 0 ? "" : ",");
        add_encoded(&draft->scopes_header, draft->scopes[i]);
    }
}

static void write_json(const struct lk_vocabulary *vocabulary, struct draft *draft) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, &draft->json);
    lk_json_begin_object(&w);
    lk_json_key(&w, "userGroupIds");
    lk_json_begin_array(&w);
    for (size_t i = 0; i < draft->groups_len; i++)
        lk_json_string(&w, lk_slice_cstr(lk_id_format(&draft->groups[i]).text));
    lk_json_end_array(&w);
    lk_json_key(&w, "accountPermissions");
    lk_json_begin_array(&w);
    for (size_t bit = 0; bit < vocabulary->account_len; bit++) {
        if ((draft->account >> bit & 1) != 0)
            lk_json_string(&w, vocabulary->account[bit]);
    }
    lk_json_end_array(&w);
    lk_json_key(&w, "scopes");
    lk_json_begin_array(&w);
    for (size_t i = 0; i < draft->scopes_len; i++)
        lk_json_string(&w, draft->scopes[i]);
    lk_json_end_array(&w);
    lk_json_end_object(&w);
}

/* Fills a block front to back: first the arrays, then the bytes. */
struct packer {
    char *arrays;
    char *bytes;
};

static void *pack_array(struct packer *packer, size_t count, size_t size) {
    void *array = packer->arrays;
    packer->arrays += (count * size + 7) & ~(size_t)7;
    return array;
}

static struct lk_slice pack_bytes(struct packer *packer, struct lk_slice bytes) {
    struct lk_slice copy = lk_slice_make(packer->bytes, bytes.len);
    if (bytes.len > 0)
        memcpy(packer->bytes, bytes.ptr, bytes.len);
    packer->bytes += bytes.len;
    return copy;
}

static size_t stems_in(const struct draft *draft) {
    size_t stems = 0;
    for (size_t i = 0; i < draft->scopes_len; i++)
        stems += ends_in_star(draft->scopes[i]);
    return stems;
}

static size_t arrays_size(const struct draft *draft) {
    return sizeof(struct lk_permission_set) + draft->groups_len * sizeof(struct lk_id) +
           (draft->scopes_len + stems_in(draft)) * sizeof(struct lk_slice) + draft->apps_len * sizeof(struct lk_set_app) + 32;
}

static size_t bytes_size(const struct draft *draft) {
    /* The JSON is packed without the braces of its object. */
    size_t size = draft->groups_header.len + draft->scopes_header.len + draft->json.len;
    for (size_t i = 0; i < draft->scopes_len; i++)
        size += draft->scopes[i].len;
    for (size_t i = 0; i < draft->apps_len; i++)
        size += draft->apps[i].id.len;
    return size;
}

static void pack_scopes(struct packer *packer, const struct draft *draft, struct lk_permission_set *set) {
    struct lk_slice *scopes = pack_array(packer, draft->scopes_len, sizeof *scopes);
    struct lk_slice *stems = pack_array(packer, stems_in(draft), sizeof *stems);
    for (size_t i = 0; i < draft->scopes_len; i++) {
        scopes[i] = pack_bytes(packer, draft->scopes[i]);
        if (ends_in_star(scopes[i]))
            stems[set->stems_len++] = lk_slice_make(scopes[i].ptr, scopes[i].len - 1);
        else if (lk_slice_is(scopes[i], "*"))
            set->every_scope = true;
    }
    set->scopes = scopes;
    set->scopes_len = draft->scopes_len;
    qsort(stems, set->stems_len, sizeof *stems, compare_slices);
    set->stems = stems;
}

static struct lk_permission_set *pack(const struct draft *draft) {
    size_t arrays = arrays_size(draft);
    char *block = malloc(arrays + bytes_size(draft));
    if (block == NULL)
        return NULL;
    struct packer packer = {block, block + arrays};
    struct lk_permission_set *set = pack_array(&packer, 1, sizeof *set);
    *set = (struct lk_permission_set){.account = draft->account, .account_held = draft->account_held, .groups_len = draft->groups_len};
    memcpy(set->every_app, draft->every_app, sizeof set->every_app);
    struct lk_id *groups = pack_array(&packer, draft->groups_len, sizeof *groups);
    memcpy(groups, draft->groups, draft->groups_len * sizeof *groups);
    set->groups = groups;
    pack_scopes(&packer, draft, set);
    struct lk_set_app *apps = pack_array(&packer, draft->apps_len, sizeof *apps);
    for (size_t i = 0; i < draft->apps_len; i++) {
        apps[i] = draft->apps[i];
        apps[i].id = pack_bytes(&packer, draft->apps[i].id);
    }
    set->apps = apps;
    set->apps_len = draft->apps_len;
    set->groups_header = pack_bytes(&packer, lk_buf_slice(&draft->groups_header));
    set->scopes_header = pack_bytes(&packer, lk_buf_slice(&draft->scopes_header));
    set->json = pack_bytes(&packer, lk_slice_make(draft->json.ptr + 1, draft->json.len - 2));
    return set;
}

int lk_permission_set_build(const struct lk_vocabulary *vocabulary, const struct lk_id *account, const struct lk_id *groups,
                            const struct lk_grants *const *grants, size_t len, struct lk_permission_set **ret) {
    struct draft draft = {0};
    struct lk_permission_set *set = NULL;
    if (collect(&draft, groups, grants, len) == 0) {
        write_headers(&draft);
        write_json(vocabulary, &draft);
        if (!draft.groups_header.failed && !draft.scopes_header.failed && !draft.json.failed)
            set = pack(&draft);
    }
    draft_free(&draft);
    if (set == NULL)
        return LK_ENOMEM;
    lk_base64url_encode(account->bytes, LK_ID_BYTES, set->account_text);
    *ret = set;
    return 0;
}

void lk_permission_set_free(struct lk_permission_set *set) {
    free(set);
}

static bool has_slice(const struct lk_slice *items, size_t len, struct lk_slice wanted) {
    return len > 0 && bsearch(&wanted, items, len, sizeof *items, compare_slices) != NULL;
}

bool lk_permission_set_has_scope(const struct lk_permission_set *set, struct lk_slice wanted, bool literal) {
    if (set->every_scope && !literal)
        return true;
    if (has_slice(set->scopes, set->scopes_len, wanted))
        return true;
    if (literal || set->stems_len == 0)
        return false;
    for (size_t i = 0; i + 1 < wanted.len; i++) { /* a stem ends in a dot and something follows it */
        if (wanted.ptr[i] == '.' && has_slice(set->stems, set->stems_len, lk_slice_make(wanted.ptr, i + 1)))
            return true;
    }
    return false;
}

bool lk_permission_set_has_app(const struct lk_permission_set *set, bool every, struct lk_slice app, unsigned type, unsigned action) {
    uint16_t actions = set->every_app[0] | set->every_app[type];
    if (!every && set->apps_len > 0) {
        const struct lk_set_app wanted = {.id = app};
        const struct lk_set_app *found = bsearch(&wanted, set->apps, set->apps_len, sizeof wanted, compare_apps);
        if (found != NULL)
            actions |= found->actions[0] | found->actions[type];
    }
    return (actions >> action & 1) != 0;
}
