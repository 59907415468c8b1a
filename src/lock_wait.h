/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flock(2) with a limit of time, in the kernel's own queue: who looks now and
 * then at a lock that is much wanted never finds it free.
 */
#ifndef CCP_LOCK_WAIT_H
#define CCP_LOCK_WAIT_H

#include <stdbool.h>

/*
 * Takes LOCK_SH or LOCK_EX on the open file.  False with errno: EWOULDBLOCK
 * when it was not had within ms milliseconds (0 and less: at once), whatever
 * signals come.  Where it has to wait it borrows SIGALRM and the real-time
 * timer, and gives them back as if they had gone on: an alarm that was due
 * meanwhile comes then.  For a process of one thread.
 */
bool lock_wait(int fd, int operation, int ms);

#endif
