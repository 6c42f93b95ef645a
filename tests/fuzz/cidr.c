/* Allow lists: a block a line. A block's one spelling reads back as the same block; a list holds exactly the addresses that one of its blocks holds. */
#include "fuzz.h"

#include "keyring/ip.h"

#define BLOCKS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = exact_copy(data, size);
    struct lk_slice texts[BLOCKS_MAX];
    struct lk_ip_range ranges[BLOCKS_MAX];
    size_t len = 0;
    for (size_t at = 0; at < size && len < BLOCKS_MAX;) {
        const char *end = memchr(copy + at, '\n', size - at);
        size_t line = end == NULL ? size - at : (size_t)(end - copy) - at;
        struct lk_problem problem = {0};
        texts[len] = lk_slice_make(copy + at, line);
        if (lk_ip_range_parse(texts[len], &ranges[len], &problem) == 0) {
            char spelling[LK_IP_RANGE_TEXT];
            struct lk_ip_range again;
            lk_ip_range_format(&ranges[len], spelling);
            holds(lk_ip_range_parse(lk_slice_cstr(spelling), &again, NULL) == 0 && again.prefix == ranges[len].prefix &&
                      memcmp(&again.network, &ranges[len].network, sizeof(again.network)) == 0,
                  "a block's spelling reads back as the block");
            len++;
        } else {
            holds(problem.text[0] != '\0', "a refusal has a reason");
        }
        at += line + 1;
    }
    struct lk_ip_list *list;
    holds(lk_ip_list_compile(texts, len, &list, NULL) == 0, "blocks that are read make a list");
    for (size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 128; bit += 3) { /* the network's first address and neighbours */
            struct lk_ip ip = ranges[i].network;
            ip.bytes[bit / 8] = (uint8_t)(ip.bytes[bit / 8] ^ 0x80 >> bit % 8);
            bool in_one = false;
            for (size_t k = 0; k < len && !in_one; k++)
                in_one = lk_ip_range_has(&ranges[k], &ip);
            holds(lk_ip_list_has(list, &ip) == in_one, "a list holds what one of its blocks holds");
        }
        holds(lk_ip_list_has(list, &ranges[i].network), "a list holds its networks");
    }
    lk_ip_list_free(list);
    free(copy);
    return 0;
}
