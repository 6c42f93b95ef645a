#include "http/parse.h"

#include "http/chars.h"

enum state {
    START,       /* before the request line */
    START_LF,    /* CR of an empty line read */
    METHOD,      /* in the method */
    TARGET,      /* in the target */
    VERSION,     /* in HTTP/x.y */
    LINE_LF,     /* CR after the version read */
    FIELD_START, /* at the first byte of a field line or of the last CRLF */
    NAME,        /* in a field name */
    VALUE_START, /* between colon and value */
    VALUE,       /* in a field value */
    VALUE_LF,    /* CR after a value read */
    END_LF,      /* CR of the last line read */
    DONE
};

#define VERSION_LEN 8

void http_head_init(struct http_head *head, struct http_field *fields) {
    *head = (struct http_head){.fields = fields};
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1" and "HTTP/1.0" are served; another version in the right form is known not to be; anything else is no HTTP. Takes the bytes that
 * there are, so that a wrong one is refused at once. */
static int read_version(struct http_head *head, const char *version, size_t len) {
    static const char form[] = "HTTP/d.d";
    if (len == VERSION_LEN && memcmp(version, "HTTP/1.1", VERSION_LEN) == 0)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (form[i] == 'd' ? !is_digit(version[i]) : version[i] != form[i])
            return 400;
    }
    if (len < VERSION_LEN)
        return 0;
    if (version[5] != '1' || version[7] > '1')
        return 505;
    head->http10 = version[7] == '0';
    return 0;
}

static bool is(struct lk_slice text, const char *method) {
    return memcmp(text.ptr, method, text.len) == 0;
}

enum http_method http_method_of(struct lk_slice text) {
    switch (text.len) {
    case 3: return is(text, "GET") ? HTTP_GET : is(text, "PUT") ? HTTP_PUT : HTTP_OTHER_METHOD;
    case 4: return is(text, "POST") ? HTTP_POST : is(text, "HEAD") ? HTTP_HEAD : HTTP_OTHER_METHOD;
    case 5: return is(text, "PATCH") ? HTTP_PATCH : HTTP_OTHER_METHOD;
    case 6: return is(text, "DELETE") ? HTTP_DELETE : HTTP_OTHER_METHOD;
    case 7: return is(text, "OPTIONS") ? HTTP_OPTIONS : HTTP_OTHER_METHOD;
    default: return HTTP_OTHER_METHOD;
    }
}

/* Splits path and query of the text from..end. */
static void split_query(struct http_head *head, const char *data, uint32_t from, uint32_t end) {
    const char *mark = memchr(data + from, '?', end - from);
    uint32_t path_end = mark == NULL ? end : (uint32_t)(mark - data);
    head->path = from;
    head->path_len = path_end - from;
    head->has_query = mark != NULL;
    if (head->has_query) {
        head->query = path_end + 1;
        head->query_len = end - path_end - 1;
    }
}

static bool starts_nocase(struct lk_slice text, const char *prefix) {
    size_t len = strlen(prefix);
    return text.len >= len && lk_slice_equal_nocase(lk_slice_make(text.ptr, len), lk_slice_cstr(prefix));
}

/* Forms of a target (RFC 9112 section 3.2): origin, absolute, and * for OPTIONS. CONNECT's authority form would ask for a tunnel. */
static int check_target(struct http_head *head, const char *data) {
    struct lk_slice target = {data + head->target, head->target_len};
    uint32_t end = head->target + head->target_len;
    if (head->method_id == HTTP_OTHER_METHOD && lk_slice_is(lk_slice_make(data + head->method, head->method_len), "CONNECT"))
        return 501;
    if (target.ptr[0] == '/') {
        split_query(head, data, head->target, end);
        return 0;
    }
    if (lk_slice_is(target, "*")) {
        head->path = head->target;
        head->path_len = 1;
        return head->method_id == HTTP_OPTIONS ? 0 : 400;
    }
    uint32_t authority = head->target;
    if (starts_nocase(target, "http://"))
        authority += 7;
    else if (starts_nocase(target, "https://"))
        authority += 8;
    else
        return 400;
    uint32_t i = authority;
    while (i < end && http_char_is(data[i], HTTP_CHAR_HOST))
        i++;
    if (i == authority || (i < end && data[i] != '/' && data[i] != '?'))
        return 400; /* no host, user information, or a character that no host has */
    split_query(head, data, i, end);
    return 0;
}

int http_head_end_line(struct http_head *head, const char *data) {
    head->method_id = http_method_of(lk_slice_make(data + head->method, head->method_len));
    return check_target(head, data);
}

/* The first byte from i on that is not of the class: sixteen at a time while so many may be looked at. */
static inline __attribute__((always_inline)) size_t skip(const char *data, size_t i, size_t end, uint8_t class,
                                                         lk_characters (*are_other)(lk_characters)) {
    for (; end - i >= sizeof(lk_characters); i += sizeof(lk_characters)) {
        unsigned other = lk_characters_first(are_other(lk_characters_at(data + i)));
        if (other < sizeof(lk_characters))
            return i + other;
    }
    while (i < end && http_char_is(data[i], class))
        i++;
    return i;
}

/* The furthest byte that may be looked at now, and in *status what is wrong when the head has not moved on by then. */
static size_t scan_end(const struct http_head *head, size_t len, const struct http_limits *limits, int *status) {
    size_t end = len;
    if (head->state >= FIELD_START) {
        end = head->fields_start + limits->fields_max;
        *status = 431;
    } else if (head->state > START_LF) {
        end = head->line_start + limits->line_max + (head->state == LINE_LF ? 2 : 1);
        *status = head->state == METHOD ? 400 : 414;
    }
    return end < len ? end : len;
}

/* Reads on in the request line, up to its end when that is there; the limit is not the same before and behind its first byte. *at is the position. */
static int step_line(struct http_head *head, const char *data, size_t end, size_t *at) {
    size_t i = *at;
    switch (head->state) {
    case START:
        if (data[i] == '\r') {
            if (head->empty_lines++ >= HTTP_EMPTY_LINES_MAX)
                return 400;
            head->state = START_LF;
            *at = i + 1;
            return 0;
        }
        if (!http_char_is(data[i], HTTP_CHAR_TOKEN))
            return 400;
        head->line_start = i;
        head->method = (uint32_t)i;
        head->state = METHOD;
        return 0;
    case START_LF:
        if (data[i] != '\n')
            return 400;
        head->state = START;
        *at = i + 1;
        return 0;
    case METHOD:
        while (i < end && http_char_is(data[i], HTTP_CHAR_TOKEN))
            i++;
        *at = i;
        if (i == end)
            return 0;
        if (data[i] != ' ')
            return 400;
        head->method_len = (uint32_t)i - head->method;
        head->target = (uint32_t)++i;
        head->state = TARGET;
        __attribute__((fallthrough));
    case TARGET:
        i = skip(data, i, end, HTTP_CHAR_TARGET, http_are_no_target);
        *at = i;
        if (i == end)
            return 0;
        head->target_len = (uint32_t)i - head->target;
        if (data[i] != ' ' || head->target_len == 0)
            return 400;
        head->state = VERSION;
        __attribute__((fallthrough));
    case VERSION: {
        size_t version = head->target + head->target_len + 1;
        size_t version_end = end - version < VERSION_LEN ? end : version + VERSION_LEN;
        int status = read_version(head, data + version, version_end - version);
        if (status != 0)
            return status;
        *at = version_end;
        if (version_end == end)
            return 0;
        if (data[version_end] != '\r')
            return 400;
        i = version_end + 1;
        *at = i;
        head->state = LINE_LF;
        if (i == end)
            return 0;
        __attribute__((fallthrough));
    }
    default: /* LINE_LF */
        if (data[i] != '\n')
            return 400;
        *at = i + 1;
        head->fields_start = *at;
        head->state = FIELD_START;
        return http_head_end_line(head, data);
    }
}

static int begin_field(struct http_head *head, size_t i, size_t count_max) {
    if (head->fields_len == count_max)
        return 431;
    head->fields[head->fields_len].name = (uint32_t)i;
    head->state = NAME;
    return 0;
}

static void end_value(struct http_head *head, const char *data, size_t i) {
    struct http_field *field = &head->fields[head->fields_len++];
    size_t end = i;
    while (end > field->value && (data[end - 1] == ' ' || data[end - 1] == '\t'))
        end--;
    field->value_len = (uint32_t)end - field->value;
    head->state = VALUE_LF;
}

/* Reads on in a field line, up to its end when that is there, or in the end of the head. */
static int step_fields(struct http_head *head, const char *data, size_t end, size_t *at, size_t count_max) {
    size_t i = *at;
    switch (head->state) {
    case FIELD_START: {
        if (data[i] == '\r') {
            head->state = END_LF;
            *at = i + 1;
            return 0;
        }
        int status = http_char_is(data[i], HTTP_CHAR_TOKEN) ? begin_field(head, i, count_max) : 400;
        if (status != 0)
            return status;
        __attribute__((fallthrough));
    }
    case NAME: {
        i = skip(data, i, end, HTTP_CHAR_TOKEN, http_are_no_token);
        *at = i;
        if (i == end)
            return 0;
        if (data[i] != ':')
            return 400;
        struct http_field *field = &head->fields[head->fields_len];
        field->name_len = (uint32_t)i - field->name;
        head->state = VALUE_START;
        i++;
        __attribute__((fallthrough));
    }
    case VALUE_START:
        while (i < end && (data[i] == ' ' || data[i] == '\t'))
            i++;
        *at = i;
        if (i == end)
            return 0;
        head->fields[head->fields_len].value = (uint32_t)i;
        head->state = VALUE;
        __attribute__((fallthrough));
    case VALUE:
        i = skip(data, i, end, HTTP_CHAR_VALUE, http_are_no_value);
        *at = i;
        if (i == end)
            return 0;
        if (data[i] != '\r')
            return 400;
        end_value(head, data, i);
        *at = ++i;
        if (i == end)
            return 0;
        __attribute__((fallthrough));
    case VALUE_LF:
        if (data[i] != '\n')
            return 400;
        head->state = FIELD_START;
        *at = i + 1;
        return 0;
    default: /* END_LF */
        if (data[i] != '\n')
            return 400;
        head->state = DONE;
        *at = i + 1;
        return 0;
    }
}

int http_parse_head(struct http_head *head, const char *data, size_t len, const struct http_limits *limits) {
    while (head->state != DONE) {
        int status = 0;
        size_t end = scan_end(head, len, limits, &status);
        if (head->len >= end)
            return head->len < len ? status : HTTP_PARSE_MORE;
        if (head->state < FIELD_START) {
            status = step_line(head, data, end, &head->len);
        } else { /* the end is the same for all of them */
            do
                status = step_fields(head, data, end, &head->len, limits->count_max);
            while (status == 0 && head->len < end && head->state != DONE);
        }
        if (status != 0)
            return status;
    }
    int status = http_head_examine(head, data);
    return status != 0 ? status : HTTP_PARSE_DONE;
}
