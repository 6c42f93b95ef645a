/* Small things about files that rooms share. Any thread. */
#ifndef LK_BASE_FILE_H
#define LK_BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

/* Makes the names in the directory that path lies in durable (fsync of the directory). 0 or an errno. */
int lk_sync_directory_of(const char *path);

/* For a file that was made just now: its owner may read and write it, whatever the umask, and nobody else. Made by root in somebody else's directory it becomes
 * theirs: who owns a data directory runs the server. 0 or an errno. */
int lk_file_make_private(int fd, const char *path);

/* Whether others than the owner of an open file and this user, the server's, may use it: mode, as fstat gave it, or what refines that, its access control list.
 * (The service manager lets a service read a credential by such a list, and the mode then shows as 0440.) */
bool lk_file_is_shared(int fd, mode_t mode, uid_t user);

/* Our code for an errno from the file system. */
int lk_code_of_errno(int error);

#endif
