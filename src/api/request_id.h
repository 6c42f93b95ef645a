/* The name of a request: its answer has it, and so has the log beside what the answer does not tell. */
#ifndef LK_API_REQUEST_ID_H
#define LK_API_REQUEST_ID_H

/* Of 24 hexadecimal digits and a NUL. */
#define LK_REQUEST_ID_SIZE 25

/* Random, so that it is nobody else's: a count would tell every client how much others ask. Any thread. */
void lk_request_id_make(char out[LK_REQUEST_ID_SIZE]);

#endif
