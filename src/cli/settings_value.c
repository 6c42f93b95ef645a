#include "cli/settings_value.h"

#include "base/ip.h"
#include "http/listen.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#define UNIX_PATH_MAX_LEN (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)
#define DAY_MS (INT64_C(24) * 3600000)
#define NUMBER_TEXT 32

static void *member(struct lk_settings *settings, const struct cli_setting *setting) {
    return (char *)settings + setting->offset;
}

static int bad_value(const struct cli_setting_source *from, struct lk_problem *problem, const char *wanted) {
    return lk_problem_set(problem, LK_EINVAL, "%s: \"%.100s\" is not %s", from->where, from->value, wanted);
}

/* --- numbers --- */

/* From the smallest; the first is the type's own. */
static const struct {
    enum cli_setting_type type;
    const char *unit;
    int64_t factor;
} units[] = {
    {CLI_BYTES, "", 1},    {CLI_BYTES, "KiB", 1024}, {CLI_BYTES, "MiB", 1 << 20}, {CLI_BYTES, "GiB", 1 << 30}, {CLI_TIME, "ms", 1},
    {CLI_TIME, "s", 1000}, {CLI_TIME, "m", 60000},   {CLI_TIME, "h", 3600000},    {CLI_COUNT, "", 1},
};

#define UNITS_LEN (sizeof(units) / sizeof(units[0]))

/* 0: there is no such unit. */
static int64_t unit_factor(enum cli_setting_type type, const char *unit) {
    for (size_t i = 0; i < UNITS_LEN; i++) {
        if (units[i].type == type && strcmp(units[i].unit, unit) == 0)
            return units[i].factor;
    }
    return 0;
}

/* A bound as a person would write it: "24h", "64KiB". */
static const char *number_text(enum cli_setting_type type, int64_t number, char out[NUMBER_TEXT]) {
    const char *unit = "";
    for (size_t i = 0; i < UNITS_LEN && number != 0; i++) {
        if (units[i].type == type && number % units[i].factor == 0)
            unit = units[i].unit;
    }
    snprintf(out, NUMBER_TEXT, "%" PRId64 "%s", number == 0 ? 0 : number / unit_factor(type, unit), unit);
    return out;
}

static int out_of_bounds(const struct cli_setting_source *from, struct lk_problem *problem) {
    char least[NUMBER_TEXT], most[NUMBER_TEXT];
    const struct cli_setting *setting = from->setting;
    return lk_problem_set(problem, LK_EINVAL, "%s: %.40s is out of bounds: from %s to %s", from->where, from->value,
                          number_text(setting->type, setting->least, least), number_text(setting->type, setting->most, most));
}

static int without_unit(const struct cli_setting_source *from, struct lk_problem *problem, const char *forms) {
    return lk_problem_set(problem, LK_EINVAL, "%s: \"%.40s\" has no unit; a time needs its unit: %s", from->where, from->value, forms);
}

static int set_number(struct lk_settings *settings, const struct cli_setting_source *from, struct lk_problem *problem) {
    static const char *const wanted[] = {
        [CLI_COUNT] = "a whole number",
        [CLI_BYTES] = "a number of bytes, such as 4096, 64KiB or 2MiB",
        [CLI_TIME] = "a time, such as 500ms, 30s, 5m or 1h",
    };
    const struct cli_setting *setting = from->setting;
    const char *digits = from->value[0] == '-' ? from->value + 1 : from->value;
    if (!isdigit((unsigned char)digits[0]))
        return bad_value(from, problem, wanted[setting->type]);
    errno = 0;
    char *end;
    int64_t number = strtoll(from->value, &end, 10);
    if (setting->type == CLI_TIME && *end == '\0' && number != 0)
        return without_unit(from, problem, "500ms, 30s, 5m or 1h");
    int64_t factor = number == 0 && *end == '\0' ? 1 : unit_factor(setting->type, end);
    if (factor == 0)
        return bad_value(from, problem, wanted[setting->type]);
    if (errno != 0 || __builtin_mul_overflow(number, factor, &number) || number < setting->least || number > setting->most)
        return out_of_bounds(from, problem);
    memcpy(member(settings, setting), &number, sizeof(number));
    return 0;
}

/* "30/1m". */
static int set_rate(struct lk_settings *settings, const struct cli_setting_source *from, struct lk_problem *problem) {
    static const char wanted[] = "a rate, such as 30/1m or 1/1s, and at most 24h long";
    const struct cli_setting *setting = from->setting;
    struct lk_rate rate = {0, 0};
    char *end = NULL;
    if (from->value[0] == '\0') {
        memcpy(member(settings, setting), &rate, sizeof(rate));
        return 0;
    }
    if (!isdigit((unsigned char)from->value[0]))
        return bad_value(from, problem, wanted);
    errno = 0;
    int64_t limit = strtoll(from->value, &end, 10);
    if (*end != '/' || !isdigit((unsigned char)end[1]))
        return bad_value(from, problem, wanted);
    int64_t window = strtoll(end + 1, &end, 10);
    if (*end == '\0' && errno == 0)
        return without_unit(from, problem, "30/1m or 1/1s");
    int64_t factor = unit_factor(CLI_TIME, end);
    if (errno != 0 || factor == 0 || __builtin_mul_overflow(window, factor, &window) || window < 1 || window > DAY_MS)
        return bad_value(from, problem, wanted);
    if (limit < setting->least || limit > setting->most)
        return lk_problem_set(problem, LK_EINVAL, "%s: %.40s is out of bounds: from %" PRId64 " to %" PRId64 " in a time", from->where,
                              from->value, setting->least, setting->most);
    rate = (struct lk_rate){(uint32_t)limit, (uint32_t)window};
    memcpy(member(settings, setting), &rate, sizeof(rate));
    return 0;
}

static int set_bool(struct lk_settings *settings, const struct cli_setting_source *from, struct lk_problem *problem) {
    bool value = strcmp(from->value, "true") == 0;
    if (!value && strcmp(from->value, "false") != 0)
        return bad_value(from, problem, "true or false");
    memcpy(member(settings, from->setting), &value, sizeof(value));
    return 0;
}

/* --- texts --- */

static int check_choice(const struct cli_setting_source *from, struct lk_problem *problem) {
    const char *choices = from->setting->value;
    size_t len = strlen(from->value);
    for (const char *at = choices;; at++) {
        size_t span = strcspn(at, "|");
        if (span == len && memcmp(at, from->value, len) == 0)
            return 0;
        at += span;
        if (*at == '\0')
            return lk_problem_set(problem, LK_EINVAL, "%s: \"%.100s\" is none of %s", from->where, from->value, choices);
    }
}

static int check_mode(const struct cli_setting_source *from, struct lk_problem *problem) {
    const char *text = from->value;
    size_t len = strlen(text);
    if (len < 3 || len > 4 || strspn(text, "01234567") != len || (len == 4 && text[0] != '0'))
        return bad_value(from, problem, "a mode such as 0660");
    return 0;
}

static int check_address(const struct cli_setting_source *from, const char *address, struct lk_problem *problem) {
    struct sockaddr_storage parsed;
    socklen_t len;
    bool in_list = from->setting->type == CLI_ADDRESSES;
    if (http_address_parse(address, &parsed, &len) == 0 || (!in_list && address[0] == '\0'))
        return 0;
    if (strncmp(address, "unix:", 5) == 0 && strlen(address + 5) > UNIX_PATH_MAX_LEN)
        return lk_problem_set(problem, LK_EINVAL,
                              "%s %.60s... is too long: the path of a Unix socket may have %zu bytes, and this one has %zu", from->where,
                              address, UNIX_PATH_MAX_LEN, strlen(address + 5));
    return lk_problem_set(problem, LK_EINVAL, "%s %.100s is not an address to listen on: write 127.0.0.1:5390 or [::1]:5390%s", from->where,
                          address, in_list ? ", or unix:/path" : "");
}

static int check_proxy(const struct cli_setting_source *from, const char *proxy, struct lk_problem *problem) {
    struct lk_ip_range range;
    struct lk_problem why = {0};
    if (strcmp(proxy, "unix") == 0 || lk_ip_range_parse(lk_slice_cstr(proxy), &range, &why) == 0)
        return 0;
    return lk_problem_set(problem, LK_EINVAL, "%s: %.300s", from->where, why.text);
}

static int set_string(struct lk_settings *settings, const struct cli_setting_source *from, struct lk_problem *problem) {
    int code = 0;
    if (cli_setting_is_place(from->setting) && from->value[0] == '\0')
        return lk_problem_set(problem, LK_EINVAL, "%s is empty: name a %s, or leave it out", from->where,
                              strcmp(from->setting->value, "DIR") == 0 ? "directory" : "file");
    if (from->setting->type == CLI_CHOICE)
        code = check_choice(from, problem);
    else if (from->setting->type == CLI_MODE)
        code = check_mode(from, problem);
    else if (from->setting->type == CLI_ADDRESS)
        code = check_address(from, from->value, problem);
    if (code != 0)
        return code;
    const char *copy = lk_arena_strdup(&settings->arena, lk_slice_cstr(from->value));
    if (copy == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    memcpy(member(settings, from->setting), &copy, sizeof(copy));
    return 0;
}

/* --- lists --- */

static int add_item(struct lk_settings *settings, const struct cli_setting_source *from, struct lk_slice item, struct lk_problem *problem) {
    struct lk_setting_list *list = member(settings, from->setting);
    const char **items = lk_arena_calloc(&settings->arena, list->len + 1, sizeof(*items));
    const char *copy = lk_arena_strdup(&settings->arena, item);
    if (items == NULL || copy == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    int code = from->setting->type == CLI_ADDRESSES ? check_address(from, copy, problem) : check_proxy(from, copy, problem);
    if (code != 0)
        return code;
    if (list->len > 0)
        memcpy(items, list->items, list->len * sizeof(*items));
    items[list->len] = copy;
    *list = (struct lk_setting_list){items, list->len + 1};
    return 0;
}

/* Appends the items of a list written with commas. */
static int add_items(struct lk_settings *settings, const struct cli_setting_source *from, struct lk_problem *problem) {
    const char *at = from->value;
    for (;;) {
        size_t len = strcspn(at, ",");
        struct lk_slice item = lk_slice_trim(lk_slice_make(at, len));
        int code = item.len > 0 ? add_item(settings, from, item, problem) : 0;
        if (code != 0)
            return code;
        if (at[len] == '\0')
            return 0;
        at += len + 1;
    }
}

int cli_setting_set(struct lk_settings *settings, const struct cli_setting_source *from, struct lk_problem *problem) {
    switch (from->setting->type) {
    case CLI_STRING:
    case CLI_CHOICE:
    case CLI_MODE:
    case CLI_ADDRESS: return set_string(settings, from, problem);
    case CLI_ADDRESSES:
    case CLI_PROXIES: return add_items(settings, from, problem);
    case CLI_BOOL: return set_bool(settings, from, problem);
    case CLI_COUNT:
    case CLI_BYTES:
    case CLI_TIME: return set_number(settings, from, problem);
    case CLI_RATE: return set_rate(settings, from, problem);
    }
    return LK_EINTERNAL;
}
