/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Functions nobody here may call: each has a bounded or checked sibling.
 * Include it last, after every system header.
 */
#ifndef CCP_BANNED_H
#define CCP_BANNED_H

#define CCP_BANNED(name) name##_is_banned_see_banned_h

#undef strcpy
#define strcpy(d, s) CCP_BANNED(strcpy)
#undef strcat
#define strcat(d, s) CCP_BANNED(strcat)
#undef strncpy
#define strncpy(d, s, n) CCP_BANNED(strncpy)
#undef strncat
#define strncat(d, s, n) CCP_BANNED(strncat)
#undef sprintf
#define sprintf(...) CCP_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) CCP_BANNED(vsprintf)
#undef strtok
#define strtok(s, d) CCP_BANNED(strtok)
#undef atoi
#define atoi(s) CCP_BANNED(atoi)
#undef atol
#define atol(s) CCP_BANNED(atol)
#undef gets
#define gets(s) CCP_BANNED(gets)
#undef system
#define system(s) CCP_BANNED(system)
#undef popen
#define popen(c, m) CCP_BANNED(popen)
#undef alloca
#define alloca(n) CCP_BANNED(alloca)
#undef gmtime
#define gmtime(t) CCP_BANNED(gmtime)
#undef localtime
#define localtime(t) CCP_BANNED(localtime)

#endif
