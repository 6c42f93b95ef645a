/*
 * The file of a backup, whole. Its first byte says what of it is put right, so that what comes after a right length or checksum is reached, and in what
 * pieces it comes. It is taken exactly when it is what the format says, which is reckoned here once more, whatever the pieces; the rest is refused with a
 * sentence.
 */
#include "fuzz.h"

#include "crypto/crypto.h"
#include "crypto/mac.h"
#include "crypto/master.h"
#include "domain/backup_file.h"

enum { RIGHT_BEGINNING = 1, RIGHT_LENGTH = 2, RIGHT_CHECKSUM = 4, RIGHT_SEAL = 8 };

#define AROUND (LK_BACKUP_HEADER_BYTES + LK_BACKUP_TRAILER_BYTES)

static const char beginning[] = "latchkey backup\n\0\0\0\1";
#define BEGINNING_BYTES (sizeof(beginning) - 1)

static struct lk_keys *keys;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    struct lk_master *master;
    holds(lk_crypto_init() == 0, "the library starts");
    holds(lk_master_parse(lk_slice_cstr("0707070707070707070707070707070707070707070707070707070707070707"), &master, NULL) == 0, "a key");
    holds(lk_keys_derive(master, &keys) == 0, "its keys");
    lk_master_free(master);
    return 0;
}

static void checksum_of(const char *file, size_t len, uint8_t out[LK_CHECKSUM_BYTES]) {
    struct lk_checksum checksum;
    lk_checksum_begin(&checksum);
    lk_checksum_add(&checksum, lk_slice_make(file, len));
    lk_checksum_end(&checksum, out);
}

static void put_right(char *file, size_t size, unsigned what) {
    if (size < AROUND)
        return;
    uint8_t *trailer = (uint8_t *)file + size - LK_BACKUP_TRAILER_BYTES;
    if ((what & RIGHT_BEGINNING) != 0)
        memcpy(file, beginning, BEGINNING_BYTES);
    if ((what & RIGHT_LENGTH) != 0)
        for (int i = 0; i < 8; i++)
            file[32 + i] = (char)((uint64_t)(size - AROUND) >> (56 - 8 * i));
    if ((what & RIGHT_CHECKSUM) != 0)
        checksum_of(file, size - LK_BACKUP_TRAILER_BYTES, trailer);
    if ((what & RIGHT_SEAL) != 0)
        lk_backup_seal(keys, trailer, trailer + LK_CHECKSUM_BYTES);
}

static bool is_backup(const char *file, size_t size) {
    uint8_t sum[LK_CHECKSUM_BYTES];
    if (size < AROUND || memcmp(file, beginning, BEGINNING_BYTES) != 0)
        return false;
    uint64_t len = 0;
    for (int i = 0; i < 8; i++)
        len = len << 8 | (uint8_t)file[32 + i];
    checksum_of(file, size - LK_BACKUP_TRAILER_BYTES, sum);
    return len == size - AROUND && memcmp(sum, file + size - LK_BACKUP_TRAILER_BYTES, sizeof(sum)) == 0;
}

/* The database's pieces lie one behind the other in the file. */
static int read_pieces(struct lk_backup_reader *reader, const char *file, size_t size, size_t piece, size_t *ret_database,
                       struct lk_problem *problem) {
    size_t database_len = 0;
    lk_backup_reader_init(reader, "it");
    for (size_t at = 0; at < size; at += piece) {
        size_t len = size - at < piece ? size - at : piece;
        char *part = exact_copy((const uint8_t *)file + at, len);
        struct lk_slice database;
        int code = lk_backup_reader_take(reader, lk_slice_make(part, len), &database, problem);
        if (code == 0) {
            holds(database.len == 0 || memcmp(database.ptr, file + LK_BACKUP_HEADER_BYTES + database_len, database.len) == 0,
                  "the database is what lies behind the header");
            database_len += database.len;
        }
        free(part);
        if (code != 0)
            return code;
    }
    *ret_database = database_len;
    return lk_backup_reader_end(reader, problem);
}

static void check_accepted(const struct lk_backup_reader *reader, const char *file, size_t size, size_t database_len) {
    uint8_t header[LK_BACKUP_HEADER_BYTES], seal[LK_MAC_BYTES];
    struct lk_problem problem = {0};
    holds(database_len == size - AROUND && reader->received == size, "all of it was read");
    lk_backup_header_write(&reader->header, header);
    holds(memcmp(header, file, sizeof(header)) == 0, "a header has one spelling");
    lk_backup_seal(keys, (const uint8_t *)file + size - LK_BACKUP_TRAILER_BYTES, seal);
    bool sealed = memcmp(seal, file + size - LK_MAC_BYTES, sizeof(seal)) == 0;
    holds((lk_backup_reader_check_seal(reader, keys, &problem) == 0) == sealed, "what the server did not seal is refused");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    const unsigned what = data[0];
    char *file = exact_copy(data + 1, size - 1);
    size--;
    put_right(file, size, what);
    int codes[2];
    struct lk_problem problems[2] = {{0}, {0}};
    const size_t pieces[2] = {size + 1, 1 + (what >> 4) * 9};
    for (int i = 0; i < 2; i++) {
        struct lk_backup_reader reader;
        size_t database_len = 0;
        codes[i] = read_pieces(&reader, file, size, pieces[i], &database_len, &problems[i]);
        if (codes[i] == 0)
            check_accepted(&reader, file, size, database_len);
        else
            holds(strncmp(problems[i].text, "it is ", 6) == 0 && problems[i].code == codes[i], "a refusal has a reason");
    }
    holds((codes[0] == 0) == is_backup(file, size), "what is taken is a backup, and a backup is taken");
    holds(codes[0] == codes[1] && strcmp(problems[0].text, problems[1].text) == 0, "the pieces it comes in do not matter");
    free(file);
    return 0;
}
