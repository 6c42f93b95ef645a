/* How the commands connect to a server: over TCP with or without TLS, or a Unix socket. */
#ifndef LK_CLI_CONNECTION_H
#define LK_CLI_CONNECTION_H

#include "base/error.h"

#include <curl/curl.h>
#include <stdbool.h>

/* A server, as a person names it. The texts are the caller's and outlive what is made of them. */
struct cli_server {
    const char *url; /* http://HOST:PORT, https://HOST:PORT or unix:PATH */
    const char
        *ca; /* PEM file of the authorities to trust instead of the system's; NULL: the system's. This and the next two are for https */
    const char *client_cert; /* PEM file of a certificate to show; NULL: none */
    const char *client_key;  /* PEM file of its key; NULL: in the same file */
};

/* Whether the url has one of the forms above and its files can be read. 0, or LK_EINVAL or LK_EFORBIDDEN with a sentence. */
int cli_server_check(const struct cli_server *server, struct lk_problem *problem);

/* The file of the client's key, when there is one to use and others than its owner may read it (*ret_mode says who); else NULL. */
const char *cli_server_open_key(const struct cli_server *server, unsigned *ret_mode);

/* What libcurl calls a path of the server. Allocated; NULL when out of memory. */
char *cli_server_url(const struct cli_server *server, const char *path);

/* Prepares a handle for a server that was checked, as every connection of the commands is made: by HTTP alone, and straight to a server of this machine whatever
 * proxy the environment names. False when it cannot be. */
bool cli_connection_set_up(CURL *curl, const struct cli_server *server);

/* Says in problem why a handle came back with a code other than CURLE_OK; why is what it wrote into its error buffer. Returns LK_EIO. */
int cli_connection_problem(CURL *curl, const struct cli_server *server, CURLcode code, const char *why, struct lk_problem *problem);

#endif
