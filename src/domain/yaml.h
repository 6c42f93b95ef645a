/* JSON documents as YAML 1.2, in block style, for people to read. For this room. */
#ifndef DOMAIN_YAML_H
#define DOMAIN_YAML_H

#include "base/buf.h"
#include "base/json_read.h"

/* Appends value and a line end to out; failure shows in out. Every string that could be read as something else is quoted. */
void lk_yaml_write(const struct lk_json *value, struct lk_buf *out);

#endif
