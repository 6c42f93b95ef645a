/* What the files of `latchkey key` share. */
#ifndef LK_CLI_KEY_COMMAND_H
#define LK_CLI_KEY_COMMAND_H

#include "cli/session.h"

/* The fields of a key that commands ask for. */
#define CLI_KEY_FIELDS                                                                                                                  \
    "id uuid name accountId preview weak enabled createdAt createdBy updatedAt expiresAt lastUsedAt metadata { key value } allowedIps " \
    "rateLimit { "                                                                                                                      \
    "limit windowSeconds } credits { remaining refill { amount interval day nextAt } } previousSecrets { preview endsAt } "             \
    "userGroups(limit: 100) { nodes { id name } }"

/* Begins {"input":{ and ends it. The end asks for the account: what a person wrote wrong is to be found before anything is asked. */
void cli_key_begin_input(struct lk_json_writer *w);
int cli_key_end_input(struct cli_session *session, struct lk_json_writer *w);

/* Sends a mutation on the key that word names, with further members: those that write (NULL: none) makes of the command line alone, and those that more (NULL:
 * none) adds once the key is known. Either may stop it. */
int cli_key_send(struct cli_session *session, const char *document, const char *word,
                 int (*write)(struct cli_session *, struct lk_json_writer *),
                 int (*more)(struct cli_session *, struct lk_json_writer *, const struct cli_found *), struct cli_found *ret_found,
                 const struct lk_json **ret);

/* Prints the answer of a mutation that has given a key a secret. Where it cannot, the secret is there all the same: says how to see it. As cli_print_object. */
int cli_key_print_secret(struct cli_session *session, const struct lk_json *payload, const struct cli_column *shown, size_t len);

/* Writes the members for the options below, as far as they were given. keeps_refill: but for credits whose refill is not named, which are only read. 0 or CLI_USAGE
 * after cli_usage_error. */
int cli_key_write_limits(struct cli_session *session, bool keeps_refill, struct lk_json_writer *w);

/* Writes those credits, with the refill that the key has. 0 or an exit code. */
int cli_key_write_credits(struct cli_session *session, struct lk_slice key, struct lk_json_writer *w);

/* "expiresAt" for what a person wrote. 0, or LK_EINVAL with a sentence that says what would be right. */
int cli_key_write_expiry(const char *text, struct lk_json_writer *w, struct lk_problem *problem);

#define CLI_KEY_OPTION_ALLOW_IP                                                                                                            \
    {                                                                                                                                      \
        "allow-ip", "BLOCK", "An address (192.0.2.7) or block (192.0.2.0/24, 2001:db8::/32) that it may be used from; any, unless given.", \
            true                                                                                                                           \
    }
#define CLI_KEY_OPTION_RATE \
    { "rate", "N/TIME", "How often it may be used in a time (100/60s, 5000/1h), or none.", false }
#define CLI_KEY_OPTION_CREDITS \
    { "credits", "N", "How often it may be used in all, or none: any number of times.", false }
#define CLI_KEY_OPTION_REFILL                                                                                                          \
    {                                                                                                                                  \
        "refill", "N/WHEN",                                                                                                            \
            "What --credits become at 00:00 UTC: 1000/daily, 1000/weekly:1 (Mondays), 1000/monthly:31 (the last day), or none.", false \
    }

extern const struct cli_command cli_key_rotate_command, cli_key_reveal_command, cli_key_verify_command, cli_key_check_command,
    cli_key_import_command, cli_key_rotate_master_command;

#endif
