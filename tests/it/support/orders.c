/* Makes system calls of the program fail, by orders in a file that the test writes while the program runs.
 *
 * A full or failing disk needs a separate device and an administrator; a library that is loaded before the C library
 * needs neither. Only files of a database fail, so the log and the sockets of the program go on working. The wall clock
 * moves and the monotonic one does not, as when a time server corrects a machine. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SOUND, FAILS, HANGS, FAILS_AND_STOPS_WRITES };

struct orders {
    volatile int32_t sync;  /* one of the above */
    volatile int32_t write; /* an error of writes, or 0 */
    volatile int64_t clock; /* seconds by which the clock is wrong */
};

static struct orders *orders;

__attribute__((constructor)) static void start(void) {
    static struct orders none;
    const char *name = getenv("ORDERS_FILE");
    int file = name ? open(name, O_RDWR) : -1;
    void *place = file < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    orders = place == MAP_FAILED ? &none : place;
    if (file >= 0) close(file);
}

static int is_of_database(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, ".sqlite") != NULL;
}

static int sync_fails(int file) {
    if (orders->sync == SOUND || !is_of_database(file)) return 0;
    while (orders->sync == HANGS) usleep(5000);
    if (orders->sync == SOUND) return 0;
    if (orders->sync == FAILS_AND_STOPS_WRITES) orders->write = EIO;
    errno = EIO;
    return 1;
}

static int write_fails(int file) {
    if (orders->write == 0 || !is_of_database(file)) return 0;
    errno = orders->write;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int file) { return sync_fails(file) ? -1 : REAL(fsync)(file); }
int fdatasync(int file) { return sync_fails(file) ? -1 : REAL(fdatasync)(file); }

ssize_t write(int file, const void *from, size_t length) {
    return write_fails(file) ? -1 : REAL(write)(file, from, length);
}

ssize_t pwrite(int file, const void *from, size_t length, off_t at) {
    return write_fails(file) ? -1 : REAL(pwrite)(file, from, length, at);
}

ssize_t pwrite64(int file, const void *from, size_t length, off64_t at) {
    return write_fails(file) ? -1 : REAL(pwrite64)(file, from, length, at);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int told = real(clock, now);
    if (told == 0 && clock == CLOCK_REALTIME && orders) now->tv_sec += orders->clock;
    return told;
}
