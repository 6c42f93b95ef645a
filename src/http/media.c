/* Media types and content negotiation (RFC 9110 sections 8.3.1, 12.4.2 and 12.5). */
#include "http/chars.h"
#include "http/url.h"

static struct lk_slice skip(struct lk_slice text, size_t len) {
    return lk_slice_make(text.ptr + len, text.len - len);
}

/* Cuts an element of a list off text, up to separator outside quotes; the separator itself is dropped. White space around it goes. */
static struct lk_slice cut_element(struct lk_slice *text, char separator) {
    bool quoted = false;
    size_t i = 0;
    for (; i < text->len; i++) {
        char c = text->ptr[i];
        if (c == '"')
            quoted = !quoted;
        else if (quoted && c == '\\' && i + 1 < text->len)
            i++;
        else if (!quoted && c == separator)
            break;
    }
    struct lk_slice element = lk_slice_trim(lk_slice_make(text->ptr, i));
    *text = skip(*text, i < text->len ? i + 1 : i);
    return element;
}

bool http_media_type_is(struct lk_slice content_type, const char *essence) {
    return content_type.len > 0 && lk_slice_equal_nocase(cut_element(&content_type, ';'), lk_slice_cstr(essence));
}

/* A name=value; value is ptr NULL when there is no = . Quotes are removed; escapes in them stay, as no value we know has any. */
static void split_param(struct lk_slice param, struct lk_slice *ret_name, struct lk_slice *ret_value) {
    const char *equals = param.len == 0 ? NULL : memchr(param.ptr, '=', param.len);
    if (equals == NULL) {
        *ret_name = param;
        *ret_value = (struct lk_slice){0};
        return;
    }
    size_t len = (size_t)(equals - param.ptr);
    struct lk_slice value = lk_slice_trim(skip(param, len + 1));
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        value = lk_slice_make(value.ptr + 1, value.len - 2);
    *ret_name = lk_slice_trim(lk_slice_make(param.ptr, len));
    *ret_value = value;
}

struct lk_slice http_media_type_param(struct lk_slice content_type, const char *name) {
    if (content_type.len > 0)
        cut_element(&content_type, ';');
    while (content_type.len > 0) {
        struct lk_slice key;
        struct lk_slice value;
        split_param(cut_element(&content_type, ';'), &key, &value);
        if (value.ptr != NULL && lk_slice_equal_nocase(key, lk_slice_cstr(name)))
            return value;
    }
    return (struct lk_slice){0};
}

/* qvalue in thousandths; -1 for none. */
static int parse_quality(struct lk_slice text) {
    if (text.len < 1 || text.len > 5 || text.ptr[0] < '0' || text.ptr[0] > '1' || (text.len > 1 && text.ptr[1] != '.'))
        return -1;
    int quality = (text.ptr[0] - '0') * 1000;
    int weight = 100;
    for (size_t i = 2; i < text.len; i++, weight /= 10) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return -1;
        quality += (text.ptr[i] - '0') * weight;
    }
    return quality > 1000 ? -1 : quality;
}

#define NAMED 3 /* and more: the range is the offer, no wildcard */

/* How closely a range names offer: 0 not at all, more for the more specific. */
static int specificity(struct lk_slice range, struct lk_slice offer, bool has_params) {
    if (lk_slice_equal_nocase(range, offer))
        return has_params ? NAMED : NAMED + 1;
    const char *slash = offer.len == 0 ? NULL : memchr(offer.ptr, '/', offer.len);
    if (lk_slice_is(range, "*/*") || lk_slice_is(range, "*"))
        return 1;
    if (slash == NULL || range.len < 3 || range.ptr[range.len - 1] != '*')
        return 0;
    size_t type_len = (size_t)(slash - offer.ptr) + 1;
    return lk_slice_equal_nocase(lk_slice_make(range.ptr, range.len - 1), lk_slice_make(offer.ptr, type_len)) ? 2 : 0;
}

/* What the most specific range says of an offer. */
struct weight {
    int specific; /* 0: nothing */
    int quality;
};

static struct weight weigh(struct lk_slice accept, const char *offer) {
    struct weight best = {0};
    while (accept.len > 0) {
        struct lk_slice element = cut_element(&accept, ',');
        struct lk_slice range = cut_element(&element, ';');
        int quality = 1000;
        bool has_params = false;
        while (element.len > 0) {
            struct lk_slice key;
            struct lk_slice value;
            split_param(cut_element(&element, ';'), &key, &value);
            if (lk_slice_equal_nocase(key, lk_slice_cstr("q")))
                quality = parse_quality(value);
            else
                has_params = true;
        }
        int specific = specificity(range, lk_slice_cstr(offer), has_params);
        if (quality >= 0 && specific > best.specific)
            best = (struct weight){specific, quality};
    }
    return best;
}

unsigned http_accept_quality(struct lk_slice accept, const char *offer) {
    return accept.ptr == NULL ? 1000 : (unsigned)weigh(accept, offer).quality;
}

bool http_accept_prefers(struct lk_slice accept, const char *offer, const char *other) {
    const struct weight a = weigh(accept, offer);
    const struct weight b = weigh(accept, other);
    return a.quality > b.quality || (a.quality == b.quality && a.quality > 0 && a.specific >= NAMED);
}
