/*
 * The MACs of the audit log and of the register of accounts: what each is over. key is the audit key (LK_KEY_AUDIT) everywhere: the present
 * one for ends, and for an entry or row the one that it was written under. Not for other rooms.
 */
#ifndef DOMAIN_AUDIT_MAC_H
#define DOMAIN_AUDIT_MAC_H

#include "crypto/mac.h"
#include "store/account_register.h"
#include "store/audit.h"

/* What stands before an account's first entry. */
void lk_audit_mac_start(const struct lk_mac_key *key, const struct lk_id *account, uint8_t out[LK_MAC_BYTES]);

/* The canonical form of an entry (its columns in the order of the table) after the one whose MAC is previous. */
void lk_audit_mac_entry(const struct lk_mac_key *key, const uint8_t previous[LK_MAC_BYTES], const struct lk_audit_row *row,
                        uint8_t out[LK_MAC_BYTES]);

/* The seal of an account's end: id, audit_seq and audit_mac. */
void lk_audit_mac_end(const struct lk_mac_key *key, const struct lk_account_row *account, uint8_t out[LK_MAC_BYTES]);

/* Whether audit_seal is that, or the seal as it was before there was a register. */
bool lk_audit_end_is_sealed(const struct lk_mac_key *key, const struct lk_account_row *account);
bool lk_audit_end_is_sealed_unregistered(const struct lk_mac_key *key, const struct lk_account_row *account);

/* Puts the end of an account's log under another key: seals it anew, and of a log without entries makes what stands before the first one. An end that was not as
 * it was written under the key before stays as it is, and is found. */
void lk_audit_end_move(const struct lk_mac_key *from, const struct lk_mac_key *to, struct lk_account_row *account);

/* The same of the register: what stands before its first row, a row after the one whose MAC is previous, and the seal of its end. */
void lk_register_mac_start(const struct lk_mac_key *key, uint8_t out[LK_MAC_BYTES]);
void lk_register_mac_row(const struct lk_mac_key *key, const uint8_t previous[LK_MAC_BYTES], const struct lk_register_row *row,
                         uint8_t out[LK_MAC_BYTES]);
void lk_register_mac_end(const struct lk_mac_key *key, const struct lk_register_end_row *end, uint8_t out[LK_MAC_BYTES]);
bool lk_register_end_is_sealed(const struct lk_mac_key *key, const struct lk_register_end_row *end);
void lk_register_end_move(const struct lk_mac_key *from, const struct lk_mac_key *to, struct lk_register_end_row *end);

#endif
