/* What forward auth says of rates, by a real server on a keyring whose keys have them. */
#include "../keyring/fixture.h"

#include "api/auth.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
    struct lk_keys *keys;
    struct lk_keyring *keyring;
    struct lk_lanes lanes;
    struct lk_auth_service auth;
    struct http_thread_hooks hooks;
    struct http_server *server;
};

static void start(struct world *world, int rate_status) {
    *world = (struct world){.keys = test_keys()};
    assert_int_equal(lk_keyring_open(world->keys, &test_vocabulary, 0, &world->keyring), 0);
    assert_int_equal(lk_lanes_open(world->keyring, 1, NULL, 0, &world->lanes, NULL), 0);
    world->auth = (struct lk_auth_service){&world->lanes, rate_status};
    struct http_listener listener = {.address = "127.0.0.1:0", .handler = lk_auth_handle, .context = &world->auth};
    struct http_config config = http_config_defaults();
    config.listeners = &listener;
    config.listeners_len = 1;
    config.threads = 1;
    world->hooks = lk_lanes_hooks(&world->lanes);
    config.hooks = &world->hooks;
    assert_int_equal(http_server_create(&config, &world->server, NULL), 0);
    assert_int_equal(http_server_start(world->server), 0);
}

static void stop(struct world *world) {
    http_server_stop(world->server, 1000);
    http_server_free(world->server);
    lk_lanes_close(&world->lanes);
    lk_keyring_close(world->keyring);
    lk_keys_free(world->keys);
}

static void put(struct world *world, uint32_t number, struct lk_rate rate, int64_t credits) {
    struct lk_keyring_digest digest = digest_of(world->keys, number);
    struct lk_keyring_key key = key_of(number, &digest, 1);
    key.rate = rate;
    key.has_credits = key.set_credits = credits >= 0;
    key.credits = credits;
    assert_int_equal(put_key(world->keyring, &key), 0);
}

/* The answer to a request with a key's token. */
static const char *get(const struct world *world, uint32_t number) {
    static char text[4096];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(world->server, 0))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    struct test_token token = token_of(number);
    int len = snprintf(text, sizeof(text), "GET /v1/auth HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: %s\r\n\r\n", token.text);
    assert_int_equal(write(fd, text, (size_t)len), len);
    size_t got = 0;
    ssize_t n;
    while (got < sizeof(text) - 1 && (n = read(fd, text + got, sizeof(text) - 1 - got)) > 0)
        got += (size_t)n;
    close(fd);
    text[got] = '\0';
    return text;
}

static void has(const char *answer, const char *part) {
    if (strstr(answer, part) == NULL) {
        print_error("no \"%s\" in:\n", part);
        fail_msg("%s", answer);
    }
}

static void lacks(const char *answer, const char *part) {
    if (strstr(answer, part) != NULL)
        fail_msg("\"%s\" in %s", part, answer);
}

/* The number behind part, which is what it should be less the time that the test took. */
static void has_about(const char *answer, const char *part, long most) {
    has(answer, part);
    long number = strtol(strstr(answer, part) + strlen(part), NULL, 10);
    if (number > most || number < most - 60)
        fail_msg("%s%ld is not about %ld", part, number, most);
}

static void test_rates_are_told(void **state) {
    (void)state;
    struct world world;
    start(&world, 403);
    put(&world, 1, (struct lk_rate){2, 3600000}, -1);
    const char *answer = get(&world, 1);
    has(answer, "HTTP/1.1 200 ");
    has(answer, "\r\nRateLimit-Policy: \"default\";q=2;w=3600\r\n");
    has(answer, "\r\nRateLimit: \"default\";r=1;t=1800\r\n");
    lacks(answer, "Retry-After");
    has_about(get(&world, 1), "\r\nRateLimit: \"default\";r=0;t=", 3600);
    answer = get(&world, 1);
    has(answer, "HTTP/1.1 403 ");
    has(answer, "\r\nX-Latchkey-Code: RATE_LIMITED\r\n");
    has(answer, "\r\nRateLimit-Policy: \"default\";q=2;w=3600\r\n");
    has_about(answer, "\r\nRateLimit: \"default\";r=0;t=", 3600);
    has_about(answer, "\r\nRetry-After: ", 1800);
    lacks(answer, "WWW-Authenticate");
    stop(&world);
}

static void test_429_where_a_proxy_passes_it_on(void **state) {
    (void)state;
    struct world world;
    start(&world, 429);
    put(&world, 1, (struct lk_rate){1, 1}, 0);
    const char *answer = get(&world, 1);
    has(answer, "HTTP/1.1 429 ");
    has(answer, "\r\nX-Latchkey-Code: USAGE_EXCEEDED\r\n");
    has(answer, "\r\nRateLimit-Policy: \"default\";q=1;w=1\r\n");
    lacks(answer, "Retry-After");
    put(&world, 2, (struct lk_rate){1, 60000}, -1);
    has(get(&world, 2), "HTTP/1.1 200 ");
    has(get(&world, 2), "HTTP/1.1 429 ");
    stop(&world);
}

static void test_nothing_is_told_without_a_rate(void **state) {
    (void)state;
    struct world world;
    start(&world, 403);
    put(&world, 1, (struct lk_rate){0, 0}, -1);
    const char *answer = get(&world, 1);
    has(answer, "HTTP/1.1 200 ");
    lacks(answer, "RateLimit");
    lacks(get(&world, 9), "RateLimit");
    stop(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_are_told),
        cmocka_unit_test(test_429_where_a_proxy_passes_it_on),
        cmocka_unit_test(test_nothing_is_told_without_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
