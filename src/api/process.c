#include "api/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int lk_process_open(void) {
    return open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

bool lk_process_resident(int process, uint64_t *ret) {
    char text[128];
    unsigned long long resident = 0;
    ssize_t len = process < 0 ? -1 : pread(process, text, sizeof(text) - 1, 0);
    if (len <= 0)
        return false;
    text[len] = '\0';
    if (sscanf(text, "%*u %llu", &resident) != 1) /* pages: all, then those in memory (proc(5)) */
        return false;
    *ret = (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

int64_t lk_process_cpu_ms(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}
