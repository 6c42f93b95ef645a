/* How hard a secret that somebody else made is to guess: an estimate from its text alone. */
#ifndef LK_CRYPTO_STRENGTH_H
#define LK_CRYPTO_STRENGTH_H

#include "base/slice.h"

/* Below it a secret is weak: guessing it is within reach of who has its digest and the lookup key, or much patience. */
#define LK_STRENGTH_WEAK_BITS 80

/*
 * Bits that the text may hold at most, up to LK_STRENGTH_WEAK_BITS, where it stops counting. Each character counts as one of those that the piece it stands in is
 * made of (digits, hex digits, letters of both cases ...). Less count:
 * - a piece of letters of one case: two bits each, since it is words more often than not
 * - runs (aaa, abc, 321), from their third character on: nothing
 * - three characters or more that stood before: as one character
 * - what separates pieces (_ - . : =): nothing
 * It knows no words, names or dates, so a text that counts as strong may be weak. Linear in the length but for a bounded factor. Any thread.
 */
unsigned lk_strength_bits(struct lk_slice secret);

#endif
