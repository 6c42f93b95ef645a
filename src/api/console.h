/*
 * The pages: the console and the API Explorer, from files in the binary, answered on the I/O thread without a copy. A path is looked up in their table, so no
 * path leads anywhere else.
 *
 *     GET /               to /console/
 *     GET /console/...    the file of that name; a path that is no file is the application's own, which index.html answers (but below assets/: 404)
 *     GET /explorer       GraphiQL
 */
#ifndef LK_API_CONSOLE_H
#define LK_API_CONSOLE_H

#include "http/server.h"

/* http_handlers for GET and HEAD; context is not used. */
void lk_console_handle_root(struct http_request *request, void *context);
void lk_console_handle(struct http_request *request, void *context);
void lk_console_handle_explorer(struct http_request *request, void *context);

#endif
