/* Targets and forms: percent-decoding, query strings (WHATWG application/x-www-form-urlencoded), multipart/form-data (RFC 7578), media types. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "base/arena.h"
#include "base/error.h"

/* Percent-decodes into the arena; plus_is_space for forms and queries. LK_EINVAL for a broken escape. The result may hold any byte. */
int http_percent_decode(struct lk_slice text, bool plus_is_space, struct lk_arena *arena, struct lk_slice *ret);

/* First value of name in a query string or urlencoded body, decoded. 0, LK_ENOTFOUND, LK_EINVAL, LK_ENOMEM. */
int http_form_get(struct lk_slice form, const char *name, struct lk_arena *arena, struct lk_slice *ret);

/* How many values, empty ones included, name has there. */
size_t http_form_count(struct lk_slice form, const char *name);

/* Content of the part called name of a multipart/form-data body, not copied. content_type is the whole header value with its boundary.
 * 0, LK_ENOTFOUND, LK_EINVAL (no boundary, malformed). */
int http_multipart_get(struct lk_slice content_type, struct lk_slice body, const char *name, struct lk_slice *ret);

/* A media type's essence ("application/json" of "Application/JSON; charset=utf-8"), compared without case. */
bool http_media_type_is(struct lk_slice content_type, const char *essence);
/* A parameter's value, quotes removed; ptr NULL when absent. */
struct lk_slice http_media_type_param(struct lk_slice content_type, const char *name);

/* Quality, 0 to 1000, that an Accept or Accept-Encoding value gives to offer ("application/json", "gzip"); the most specific range counts
 * (RFC 9110 section 12.5). An absent header (ptr NULL) gives 1000. */
unsigned http_accept_quality(struct lk_slice accept, const char *offer);

/* Whether that header asks for offer rather than for other, which is what everybody gets who has no preference: by a higher quality, or by the same when
 * offer is named. */
bool http_accept_prefers(struct lk_slice accept, const char *offer, const char *other);

#endif
