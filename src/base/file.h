/* Small things about files that rooms share. Any thread. */
#ifndef LK_BASE_FILE_H
#define LK_BASE_FILE_H

/* Makes the names in the directory that path lies in durable (fsync of the directory). 0 or an errno. */
int lk_sync_directory_of(const char *path);

/* Our code for an errno from the file system. */
int lk_code_of_errno(int error);

#endif
