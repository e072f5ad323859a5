/* Records what the processes that load it (LD_PRELOAD) do to the files below DISK_ROOT, in one order, in DISK_RECORD:
 * writes with their octets, sizes, syncs and names. A record is a head, a path, a second path and octets, as
 * disk_record.py reads them. A sync only notes that it was asked for. What goes through a mapping is not seen: of
 * SQLite's files that is the index of the log, which nobody needs after a power cut. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, RESIZE, SYNC, CREATE, RENAME, UNLINK, LINK };
struct head { uint64_t at, inode, place; uint32_t what, is_folder, path, second, size; };

static const char *root;
static int record = -1;
static ino_t record_inode;
static pthread_mutex_t *order; /* shared by all processes; the file of the record has a page for it */

static void open_record(void) {
    char *name = getenv("DISK_RECORD");
    int low = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    struct stat status;
    record = fcntl(low, F_DUPFD_CLOEXEC, 800); /* out of the way of programs that close all they do not know */
    syscall(SYS_close, low);
    record_inode = fstat(record, &status) ? 0 : status.st_ino;
}

__attribute__((constructor)) static void begin(void) {
    char path[PATH_MAX];
    if (!getenv("DISK_ROOT") || !getenv("DISK_RECORD")) return;
    snprintf(path, sizeof path, "%s.order", getenv("DISK_RECORD"));
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), is_first = file >= 0;
    if (!is_first) file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (is_first) syscall(SYS_ftruncate, file, 4096);
    order = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    if (is_first) {
        pthread_mutexattr_t how;
        pthread_mutexattr_init(&how);
        pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(order, &how);
    }
    open_record();
    root = getenv("DISK_ROOT");
}

static void lock(void) {
    if (pthread_mutex_lock(order) == EOWNERDEAD) pthread_mutex_consistent(order);
}

static void unlock(void) {
    int problem = errno;
    pthread_mutex_unlock(order);
    errno = problem;
}

static void note(int what, const struct stat *file, uint64_t place, const char *path, const char *second,
                 const void *octets, size_t size) {
    int problem = errno;
    struct stat status;
    struct timespec now;
    if (fstat(record, &status) || status.st_ino != record_inode) open_record();
    clock_gettime(CLOCK_REALTIME, &now);
    struct head head = {now.tv_sec * 1000000ull + now.tv_nsec / 1000, file->st_ino, place, what,
                        S_ISDIR(file->st_mode), strlen(path), strlen(second), size};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)second, head.second},
                            {(void *)octets, size}};
    syscall(SYS_writev, record, parts, 4);
    errno = problem;
}

static int is_below(const char *path) {
    size_t length = root ? strlen(root) : 0;
    return root && !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
}

/* Whether an open file or folder is below the root; says what and where it is. */
static int is_ours(int file, struct stat *status, char *path) {
    char name[64];
    int problem = errno, is = 0;
    if (root && !fstat(file, status) && (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode))) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", file);
        ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, name, path, PATH_MAX - 1);
        path[length > 0 ? length : 0] = 0;
        is = is_below(path);
    }
    errno = problem;
    return is;
}

/* Whether a path leads below the root; the path without links, dots and folders to begin at. */
static int leads_below(int folder, const char *path, char *whole) {
    char begin[64] = "/proc/self/cwd", base[PATH_MAX], raw[2 * PATH_MAX], real[PATH_MAX];
    int problem = errno, is = 0;
    if (!root) return 0;
    if (folder != AT_FDCWD) snprintf(begin, sizeof begin, "/proc/self/fd/%d", folder);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, begin, base, sizeof base - 1);
    base[length > 0 ? length : 0] = 0;
    snprintf(raw, sizeof raw, "%s%s%s", path[0] == '/' ? "" : base, path[0] == '/' ? "" : "/", path);
    char *last = strrchr(raw, '/');
    *last = 0;
    if (realpath(*raw ? raw : "/", real)) {
        snprintf(whole, PATH_MAX, "%s/%s", real, last + 1);
        is = is_below(whole);
    }
    errno = problem;
    return is;
}

static int open_file(int folder, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    struct stat status;
    if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE || !leads_below(folder, path, whole))
        return syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);
    lock();
    int is_new = lstat(whole, &status) != 0, file = syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);
    if (file >= 0 && !fstat(file, &status) && (is_new || flags & O_TRUNC))
        note(is_new ? CREATE : RESIZE, &status, 0, whole, "", NULL, 0);
    unlock();
    return file;
}

#define OPEN(folder)                                                                                  \
    mode_t mode = 0;                                                                                  \
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {                                        \
        va_list rest;                                                                                 \
        va_start(rest, flags);                                                                        \
        mode = va_arg(rest, mode_t);                                                                  \
        va_end(rest);                                                                                 \
    }                                                                                                 \
    return open_file(folder, path, flags, mode);

int open(const char *path, int flags, ...) { OPEN(AT_FDCWD) }
int open64(const char *path, int flags, ...) { OPEN(AT_FDCWD) }
int openat(int folder, const char *path, int flags, ...) { OPEN(folder) }
int openat64(int folder, const char *path, int flags, ...) { OPEN(folder) }

ssize_t pwrite64(int file, const void *octets, size_t size, off_t place) {
    char path[PATH_MAX];
    struct stat status;
    if (!is_ours(file, &status, path)) return syscall(SYS_pwrite64, file, octets, size, place);
    lock();
    ssize_t written = syscall(SYS_pwrite64, file, octets, size, place);
    if (written > 0) note(WRITE, &status, place, path, "", octets, written);
    unlock();
    return written;
}

ssize_t pwrite(int file, const void *octets, size_t size, off_t place) { return pwrite64(file, octets, size, place); }

ssize_t write(int file, const void *octets, size_t size) {
    char path[PATH_MAX];
    struct stat status;
    if (!is_ours(file, &status, path)) return syscall(SYS_write, file, octets, size);
    lock();
    off_t place = fcntl(file, F_GETFL) & O_APPEND ? status.st_size : syscall(SYS_lseek, file, 0, SEEK_CUR);
    ssize_t written = syscall(SYS_write, file, octets, size);
    if (written > 0) note(WRITE, &status, place, path, "", octets, written);
    unlock();
    return written;
}

int ftruncate64(int file, off_t size) {
    char path[PATH_MAX];
    struct stat status;
    if (!is_ours(file, &status, path)) return syscall(SYS_ftruncate, file, size);
    lock();
    int problem = syscall(SYS_ftruncate, file, size);
    if (!problem) note(RESIZE, &status, size, path, "", NULL, 0);
    unlock();
    return problem;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

int posix_fallocate64(int file, off_t place, off_t size) {
    char path[PATH_MAX];
    struct stat status;
    if (!is_ours(file, &status, path)) return syscall(SYS_fallocate, file, 0, place, size) ? errno : 0;
    lock();
    int problem = syscall(SYS_fallocate, file, 0, place, size) ? errno : 0;
    if (!problem && place + size > status.st_size) note(RESIZE, &status, place + size, path, "", NULL, 0);
    unlock();
    return problem;
}

int posix_fallocate(int file, off_t place, off_t size) { return posix_fallocate64(file, place, size); }

int fsync(int file) {
    char path[PATH_MAX];
    struct stat status;
    if (!is_ours(file, &status, path)) return syscall(SYS_fsync, file);
    lock();
    note(SYNC, &status, 0, path, "", NULL, 0);
    unlock();
    return 0;
}

int fdatasync(int file) { return fsync(file); }

static int name(int what, int call, int from, const char *path, int to, const char *second) {
    char old[PATH_MAX], new[PATH_MAX];
    struct stat status;
    if (!leads_below(from, path, old) || !leads_below(to, second, new) || lstat(old, &status))
        return syscall(call, from, path, to, second, 0);
    lock();
    int problem = syscall(call, from, path, to, second, 0);
    if (!problem) note(what, &status, 0, old, new, NULL, 0);
    unlock();
    return problem;
}

int rename(const char *path, const char *second) {
    return name(RENAME, SYS_renameat2, AT_FDCWD, path, AT_FDCWD, second);
}

int link(const char *path, const char *second) { return name(LINK, SYS_linkat, AT_FDCWD, path, AT_FDCWD, second); }

int unlinkat(int folder, const char *path, int flags) {
    char whole[PATH_MAX];
    struct stat status;
    if (!leads_below(folder, path, whole) || lstat(whole, &status)) return syscall(SYS_unlinkat, folder, path, flags);
    lock();
    int problem = syscall(SYS_unlinkat, folder, path, flags);
    if (!problem) note(UNLINK, &status, 0, whole, "", NULL, 0);
    unlock();
    return problem;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdir(const char *path, mode_t mode) {
    char whole[PATH_MAX];
    struct stat status;
    if (!leads_below(AT_FDCWD, path, whole)) return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    lock();
    int problem = syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (!problem && !lstat(whole, &status)) note(CREATE, &status, 0, whole, "", NULL, 0);
    unlock();
    return problem;
}
