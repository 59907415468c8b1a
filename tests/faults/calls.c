/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calls.h"

#include <stddef.h>

#ifdef __linux__
#include <sys/syscall.h>

#define ROW(name, what)                                                        \
	{                                                                      \
		SYS_##name, #name, (what)                                      \
	}

static const struct call calls[] = {
    ROW(brk, CALL_MEMORY),
    ROW(chdir, CALL_PATH | CALL_NAMES),
    ROW(clone, CALL_MEMORY),
    ROW(close, CALL_FD),
#ifdef SYS_close_range
    ROW(close_range, CALL_PLAIN),
#endif
#ifdef SYS_dup2
    ROW(dup2, CALL_FD | CALL_MAKES_FD),
#endif
    ROW(dup3, CALL_FD | CALL_MAKES_FD),
    ROW(execve, CALL_PATH),
    ROW(exit, CALL_SURE),
    ROW(exit_group, CALL_SURE),
#ifdef SYS_access
    ROW(access, CALL_PATH | CALL_NAMES),
#endif
    ROW(faccessat, CALL_PATH_AT | CALL_NAMES),
#ifdef SYS_faccessat2
    ROW(faccessat2, CALL_PATH_AT | CALL_NAMES),
#endif
    ROW(fcntl, CALL_FD),
    ROW(fdatasync, CALL_FD | CALL_WRITES),
    ROW(flock, CALL_FD),
    ROW(fstat, CALL_FD),
    ROW(fsync, CALL_FD | CALL_WRITES),
    ROW(ftruncate, CALL_FD | CALL_WRITES),
    ROW(getdents64, CALL_FD | CALL_READS),
    ROW(getegid, CALL_SURE),
    ROW(geteuid, CALL_SURE),
    ROW(getgid, CALL_SURE),
    ROW(getpeername, CALL_FD),
    ROW(getpid, CALL_SURE),
    ROW(getppid, CALL_SURE),
#ifdef SYS_getrandom
    ROW(getrandom, CALL_PLAIN),
#endif
    ROW(getsockname, CALL_FD),
    ROW(getsockopt, CALL_FD),
    ROW(gettid, CALL_SURE),
    ROW(getuid, CALL_SURE),
    ROW(ioctl, CALL_FD),
    ROW(kill, CALL_PLAIN),
    ROW(lseek, CALL_FD),
#ifdef SYS_lstat
    ROW(lstat, CALL_PATH | CALL_NAMES),
#endif
    ROW(madvise, CALL_PLAIN),
#ifdef SYS_mkdir
    ROW(mkdir, CALL_PATH | CALL_NAMES | CALL_MAKES_NAME),
#endif
    ROW(mkdirat, CALL_PATH_AT | CALL_NAMES | CALL_MAKES_NAME),
    ROW(mmap, CALL_MEMORY),
    ROW(mprotect, CALL_PLAIN),
    ROW(mremap, CALL_MEMORY),
    ROW(munmap, CALL_PLAIN),
#ifdef SYS_newfstatat
    ROW(newfstatat, CALL_PATH_AT | CALL_NAMES),
#endif
#ifdef SYS_open
    ROW(open, CALL_PATH | CALL_NAMES | CALL_MAKES_FD),
#endif
    ROW(openat, CALL_PATH_AT | CALL_NAMES | CALL_MAKES_FD),
#ifdef SYS_pipe
    ROW(pipe, CALL_MAKES_FD),
#endif
    ROW(pipe2, CALL_MAKES_FD),
#ifdef SYS_poll
    ROW(poll, CALL_PLAIN),
#endif
    ROW(ppoll, CALL_PLAIN),
    ROW(prctl, CALL_PLAIN),
    ROW(pread64, CALL_FD | CALL_READS),
    ROW(prlimit64, CALL_PLAIN),
    ROW(pwrite64, CALL_FD | CALL_WRITES),
    ROW(read, CALL_FD | CALL_READS),
#ifdef SYS_readlink
    ROW(readlink, CALL_PATH | CALL_NAMES),
#endif
    ROW(readlinkat, CALL_PATH_AT | CALL_NAMES),
    ROW(readv, CALL_FD | CALL_READS),
    ROW(recvfrom, CALL_FD | CALL_READS),
#ifdef SYS_rename
    ROW(rename, CALL_PATH | CALL_NAMES | CALL_MAKES_NAME),
#endif
    ROW(renameat2, CALL_PATH_AT | CALL_NAMES | CALL_MAKES_NAME),
    ROW(rt_sigaction, CALL_PLAIN),
    ROW(rt_sigpending, CALL_PLAIN),
    ROW(rt_sigprocmask, CALL_SURE), /* but for wrong arguments */
    ROW(rt_sigreturn, CALL_SURE),
    ROW(sendto, CALL_FD | CALL_WRITES),
    ROW(set_robust_list, CALL_PLAIN),
    ROW(setitimer, CALL_PLAIN),
    ROW(setpgid, CALL_PLAIN),
    ROW(setsockopt, CALL_FD),
    ROW(shutdown, CALL_FD),
    ROW(socket, CALL_MAKES_FD),
#ifdef SYS_stat
    ROW(stat, CALL_PATH | CALL_NAMES),
#endif
    ROW(sysinfo, CALL_PLAIN),
    ROW(umask, CALL_SURE),
    ROW(uname, CALL_PLAIN),
#ifdef SYS_unlink
    ROW(unlink, CALL_PATH | CALL_NAMES),
#endif
    ROW(unlinkat, CALL_PATH_AT | CALL_NAMES),
#ifdef SYS_vfork
    ROW(vfork, CALL_MEMORY),
#endif
    ROW(wait4, CALL_PLAIN),
    ROW(waitid, CALL_PLAIN),
    ROW(write, CALL_FD | CALL_WRITES),
    ROW(writev, CALL_FD | CALL_WRITES),
};

const struct call *
call_find(long number)
{
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].number == number)
			return &calls[i];
	}
	return NULL;
}

#else

const struct call *
call_find(long number)
{
	(void)number;
	return NULL;
}

#endif
