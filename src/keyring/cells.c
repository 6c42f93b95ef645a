#include "keyring/cells.h"

#include <stdlib.h>

#define ENTRIES_PER_CHUNK (1U << LK_ENTRY_CHUNK_BITS)
#define UNITS_PER_CHUNK (1U << LK_TEXT_CHUNK_BITS)
#define ENTRY_CHUNK_BYTES (ENTRIES_PER_CHUNK * sizeof(struct lk_entry))
#define TEXT_CHUNK_BYTES ((size_t)UNITS_PER_CHUNK * LK_TEXT_UNIT)

_Static_assert(ENTRY_CHUNK_BYTES == LK_PAGES_CHUNK && TEXT_CHUNK_BYTES == LK_PAGES_CHUNK, "chunks are what the maker makes");

static void *count_chunk(struct lk_cells *cells, void *chunk) {
    if (chunk != NULL)
        atomic_fetch_add_explicit(&cells->bytes, LK_PAGES_CHUNK, memory_order_relaxed);
    return chunk;
}

/* Fewer places at home than entries: four of five entries then find one, and of the places one in twelve stays empty, a twentieth of a keyring's memory.
 * After each key has changed while all run on, it is two of three and one in four: a new version finds its homes as full as its old one leaves them. */
static size_t home_chunks(size_t expected) {
    size_t chunks = expected / 20 * 17 / ENTRIES_PER_CHUNK;
    return chunks < LK_ENTRY_CHUNKS / 2 ? chunks : LK_ENTRY_CHUNKS / 2;
}

static int make_homes(struct lk_cells *cells, size_t chunks) {
    struct lk_entry *homes = lk_pages_map(chunks * ENTRY_CHUNK_BYTES);
    if (homes == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < chunks; i++)
        cells->entries[i] = count_chunk(cells, &homes[i * ENTRIES_PER_CHUNK]);
    cells->entries_used = (uint32_t)(chunks * ENTRIES_PER_CHUNK);
    cells->homes = cells->entries_used / LK_HOME_ENTRIES;
    return 0;
}

static int make_first(struct lk_cells *cells) {
    cells->entries[0] = count_chunk(cells, lk_pages_chunk());
    cells->entries_used = 1;
    return cells->entries[0] == NULL ? LK_ENOMEM : 0;
}

int lk_cells_open(struct lk_cells *cells, struct lk_maker *maker, size_t expected) {
    struct lk_entry **entries = calloc(LK_ENTRY_CHUNKS, sizeof(struct lk_entry *));
    if (entries == NULL)
        return LK_ENOMEM;
    char **texts = calloc(LK_TEXT_CHUNKS, sizeof(char *));
    if (texts == NULL) {
        free(entries);
        return LK_ENOMEM;
    }
    *cells = (struct lk_cells){.entries = entries, .texts = texts, .maker = maker, .texts_used = 1};
    texts[0] = count_chunk(cells, lk_pages_chunk());
    size_t chunks = home_chunks(expected);
    int code = texts[0] == NULL ? LK_ENOMEM : chunks > 0 ? make_homes(cells, chunks) : make_first(cells);
    if (code != 0)
        lk_cells_close(cells);
    return code;
}

void lk_cells_close(struct lk_cells *cells) {
    for (size_t i = 0; i < LK_ENTRY_CHUNKS && cells->entries[i] != NULL; i++)
        lk_pages_unmap(cells->entries[i], ENTRY_CHUNK_BYTES);
    for (size_t i = 0; i < LK_TEXT_CHUNKS && cells->texts[i] != NULL; i++)
        lk_pages_unmap(cells->texts[i], TEXT_CHUNK_BYTES);
    free(cells->entries);
    free(cells->texts);
}

static void *new_chunk(struct lk_cells *cells) {
    return count_chunk(cells, lk_maker_chunk(cells->maker));
}

/* The smallest keyrings need no maker. When half of a first chunk is used, there is time enough to have the second made. */
static void look_ahead(struct lk_cells *cells) {
    if (cells->entries_used >= ENTRIES_PER_CHUNK / 2 || cells->texts_used >= UNITS_PER_CHUNK / 2)
        lk_maker_start(cells->maker);
}

static bool is_at_home(const struct lk_cells *cells, uint32_t ref) {
    return ref < cells->homes * LK_HOME_ENTRIES;
}

/* How many entries of a home are free, and the number of one. The free ones have no text; there is no entry 0. */
static unsigned free_at(const struct lk_cells *cells, uint32_t home, uint32_t *ret) {
    unsigned count = 0;
    for (uint32_t ref = home; ref < home + LK_HOME_ENTRIES; ref++) {
        if (ref == 0 || lk_cells_at(cells, ref)->text != 0)
            continue;
        *ret = ref;
        count++;
    }
    return count;
}

/* The emptier home: so more find room than if the first were filled first. 0: both are full. */
static uint32_t take_at_home(const struct lk_cells *cells, uint64_t hash) {
    if (cells->homes == 0)
        return 0;
    uint32_t refs[2] = {0, 0};
    unsigned first = free_at(cells, lk_cells_home(cells, hash, 0), &refs[0]);
    unsigned second = free_at(cells, lk_cells_home(cells, hash, 1), &refs[1]);
    return refs[second > first];
}

static uint32_t take_elsewhere(struct lk_cells *cells) {
    uint32_t ref = cells->entries_free;
    if (ref != 0) {
        cells->entries_free = lk_cells_at(cells, ref)->text;
        return ref;
    }
    size_t chunk = cells->entries_used >> LK_ENTRY_CHUNK_BITS;
    if (chunk == LK_ENTRY_CHUNKS)
        return 0;
    if (cells->entries[chunk] == NULL && (cells->entries[chunk] = new_chunk(cells)) == NULL)
        return 0;
    return cells->entries_used++;
}

static size_t units_of(size_t name_len, bool rare) {
    size_t bytes = (rare ? (size_t)LK_TEXT_RARE : 0) + name_len;
    return bytes == 0 ? 1 : (bytes + LK_TEXT_UNIT - 1) / LK_TEXT_UNIT;
}

static char *text_at(struct lk_cells *cells, uint32_t unit) {
    return &cells->texts[unit >> LK_TEXT_CHUNK_BITS][(size_t)(unit & (UNITS_PER_CHUNK - 1)) * LK_TEXT_UNIT];
}

static void put_text(struct lk_cells *cells, uint32_t unit, size_t units) {
    memcpy(text_at(cells, unit), &cells->texts_free[units], sizeof(uint32_t));
    cells->texts_free[units] = unit;
}

static uint32_t take_text(struct lk_cells *cells, size_t units) {
    uint32_t unit = cells->texts_free[units];
    if (unit != 0) {
        memcpy(&cells->texts_free[units], text_at(cells, unit), sizeof(uint32_t));
        return unit;
    }
    uint32_t left = (UNITS_PER_CHUNK - (cells->texts_used & (UNITS_PER_CHUNK - 1))) & (UNITS_PER_CHUNK - 1);
    if (left > 0 && left < units) { /* a cell does not cross chunks: the rest of this one is a smaller cell */
        put_text(cells, cells->texts_used, left);
        cells->texts_used += left;
    }
    size_t chunk = cells->texts_used >> LK_TEXT_CHUNK_BITS;
    if (chunk == LK_TEXT_CHUNKS)
        return 0;
    if (cells->texts[chunk] == NULL && (cells->texts[chunk] = new_chunk(cells)) == NULL)
        return 0;
    unit = cells->texts_used;
    cells->texts_used += (uint32_t)units;
    return unit;
}

static uint32_t new_text(struct lk_cells *cells, struct lk_slice name, struct lk_rare *rare) {
    uint32_t unit = take_text(cells, units_of(name.len, rare != NULL));
    if (unit == 0)
        return 0;
    char *text = text_at(cells, unit);
    if (rare != NULL) {
        memcpy(text, &rare, LK_TEXT_RARE);
        text += LK_TEXT_RARE;
    }
    if (name.len > 0)
        memcpy(text, name.ptr, name.len);
    return unit;
}

static void put_entry(struct lk_cells *cells, uint32_t ref) {
    uint32_t *text = &lk_cells_at(cells, ref)->text;
    if (is_at_home(cells, ref)) {
        *text = 0;
        return;
    }
    *text = cells->entries_free;
    cells->entries_free = ref;
}

uint32_t lk_cells_new(struct lk_cells *cells, uint64_t hash, struct lk_slice name, struct lk_rare *rare) {
    look_ahead(cells);
    uint32_t ref = take_at_home(cells, hash);
    if (ref == 0)
        ref = take_elsewhere(cells);
    if (ref == 0)
        return 0;
    uint32_t text = new_text(cells, name, rare);
    if (text == 0) {
        put_entry(cells, ref);
        return 0;
    }
    lk_cells_at(cells, ref)->text = text;
    return ref;
}

void lk_cells_free(struct lk_cells *cells, uint32_t ref) {
    struct lk_entry *entry = lk_cells_at(cells, ref);
    uint64_t state = atomic_load_explicit(&entry->state, memory_order_relaxed);
    put_text(cells, entry->text, units_of(lk_cells_name(cells, entry, state).len, (state & LK_ENTRY_RARE) != 0));
    explicit_bzero(&entry->digest, sizeof entry->digest);
    atomic_store_explicit(&entry->state, 0, memory_order_relaxed);
    put_entry(cells, ref);
}
