# SPDX-License-Identifier: GPL-3.0-or-later
# What configure.ac asks of the compiler.

# CCP_CHECK_C17: C17 is the language (AC_PROG_CC of autoconf 2.71 stops at
# C11), with -std=gnu17 where the compiler's own default is older.
AC_DEFUN([CCP_CHECK_C17], [
AC_CACHE_CHECK([for the option that selects C17], [ccp_cv_c17], [
ccp_cv_c17=no
ccp_save_CC=$CC
for ccp_option in '' -std=gnu17; do
  CC="$ccp_save_CC $ccp_option"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#if !defined(__STDC_VERSION__) || __STDC_VERSION__ < 201710L
#error not C17
#endif
]])], [ccp_cv_c17=${ccp_option:-none}; break])
done
CC=$ccp_save_CC
])
AS_CASE([$ccp_cv_c17],
  [no], [AC_MSG_ERROR([a C17 compiler is needed])],
  [none], [],
  [CC="$CC $ccp_cv_c17"])
])

# CCP_TRY_CFLAGS(VARIABLE, OPTIONS): appends each option that the compiler
# takes without a complaint to VARIABLE.
AC_DEFUN([CCP_TRY_CFLAGS], [
for ccp_option in $2; do
  AS_VAR_PUSHDEF([ccp_cv], [ccp_cv_cflag_$ccp_option])
  AC_CACHE_CHECK([whether $CC takes $ccp_option], [ccp_cv], [
  ccp_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $ccp_option"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
    [AS_VAR_SET([ccp_cv], [yes])], [AS_VAR_SET([ccp_cv], [no])])
  CFLAGS=$ccp_save_CFLAGS
  ])
  AS_VAR_IF([ccp_cv], [yes], [$1="$$1 $ccp_option"])
  AS_VAR_POPDEF([ccp_cv])
done
])

# CCP_TRY_LDFLAGS(VARIABLE, OPTIONS): the same for the linker.
AC_DEFUN([CCP_TRY_LDFLAGS], [
for ccp_option in $2; do
  AS_VAR_PUSHDEF([ccp_cv], [ccp_cv_ldflag_$ccp_option])
  AC_CACHE_CHECK([whether the linker takes $ccp_option], [ccp_cv], [
  ccp_save_CFLAGS=$CFLAGS
  ccp_save_LDFLAGS=$LDFLAGS
  CFLAGS="$CFLAGS -Werror $HARDEN_CFLAGS"
  LDFLAGS="$LDFLAGS $HARDEN_LDFLAGS $ccp_option"
  AC_LINK_IFELSE([AC_LANG_PROGRAM()],
    [AS_VAR_SET([ccp_cv], [yes])], [AS_VAR_SET([ccp_cv], [no])])
  CFLAGS=$ccp_save_CFLAGS
  LDFLAGS=$ccp_save_LDFLAGS
  ])
  AS_VAR_IF([ccp_cv], [yes], [$1="$$1 $ccp_option"])
  AS_VAR_POPDEF([ccp_cv])
done
])

# CCP_DEVELOPER_WARNINGS: adds to WARN_CFLAGS.  The second group is what only
# gcc or only clang knows.  Not -Wlogical-op, which takes EAGAIN ||
# EWOULDBLOCK for a mistake.
AC_DEFUN([CCP_DEVELOPER_WARNINGS], [
CCP_TRY_CFLAGS([WARN_CFLAGS], [-Wshadow -Wstrict-prototypes \
  -Wmissing-prototypes -Wmissing-declarations -Wold-style-definition \
  -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wcast-qual \
  -Wcast-align -Wnull-dereference -Wimplicit-fallthrough \
  -Wnested-externs -Winit-self -Wdate-time])
CCP_TRY_CFLAGS([WARN_CFLAGS], [-Wduplicated-cond \
  -Wformat-overflow=2 -Wformat-signedness \
  -Wstringop-overflow=4 -Wtrampolines -Wjump-misses-init -Wbad-function-cast \
  -Wcomma -Wassign-enum -Wconditional-uninitialized -Wextra-semi-stmt \
  -Wloop-analysis -Wshift-sign-overflow -Wunreachable-code-aggressive \
  -Wmissing-variable-declarations -Wtautological-compare])
WARN_CFLAGS="$WARN_CFLAGS -Werror"
])

# CCP_HARDENING: what makes a mistake in memory fail early, as far as
# compiler and linker have it.
AC_DEFUN([CCP_HARDENING], [
CCP_TRY_CFLAGS([HARDEN_CFLAGS], [-fstack-protector-strong \
  -fstack-clash-protection -fcf-protection -fPIE])
CCP_TRY_LDFLAGS([HARDEN_LDFLAGS], [-pie -Wl,-z,relro -Wl,-z,now \
  -Wl,-z,noexecstack -Wl,--as-needed])
# _FORTIFY_SOURCE warns without optimisation; some compilers preset it.
AS_CASE([" $CFLAGS "],
  [*" -O0 "*], [],
  [*" -O"*], [HARDEN_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
])

# CCP_SANITIZERS: the first finding ends the program.
AC_DEFUN([CCP_SANITIZERS], [
HARDEN_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all"
HARDEN_CFLAGS="$HARDEN_CFLAGS -fno-omit-frame-pointer"
HARDEN_LDFLAGS="-fsanitize=address,undefined"
ccp_save_CFLAGS=$CFLAGS
ccp_save_LDFLAGS=$LDFLAGS
CFLAGS="$CFLAGS $HARDEN_CFLAGS"
LDFLAGS="$LDFLAGS $HARDEN_LDFLAGS"
AC_MSG_CHECKING([whether the sanitizers link])
AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])],
  [AC_MSG_RESULT([no])
   AC_MSG_ERROR([--enable-sanitizers needs the compiler's run-time library])])
CFLAGS=$ccp_save_CFLAGS
LDFLAGS=$ccp_save_LDFLAGS
])

# CCP_FUZZERS: coverage in every object, libFuzzer's main in the targets.
AC_DEFUN([CCP_FUZZERS], [
HARDEN_CFLAGS="$HARDEN_CFLAGS -fsanitize=fuzzer-no-link"
ccp_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS $HARDEN_CFLAGS"
AC_MSG_CHECKING([whether $CC knows -fsanitize=fuzzer])
AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])],
  [AC_MSG_RESULT([no])
   AC_MSG_ERROR([--enable-fuzzers needs clang: ./configure CC=clang])])
CFLAGS=$ccp_save_CFLAGS
])

# CCP_HANDLER_LIB(LIBS, FUNCTION): adds to HANDLER_LIBS that library, from its
# archive where there is one that a program like ours can be linked with, and
# then to handler_archives.
AC_DEFUN([CCP_HANDLER_LIB], [
AS_VAR_PUSHDEF([ccp_cv], [ccp_cv_archive_$2])
AC_CACHE_CHECK([for an archive with $2], [ccp_cv], [
ccp_save_CFLAGS=$CFLAGS
ccp_save_LDFLAGS=$LDFLAGS
ccp_save_LIBS=$LIBS
CFLAGS="$CFLAGS $HARDEN_CFLAGS"
LDFLAGS="$LDFLAGS $HARDEN_LDFLAGS"
LIBS="-Wl,-Bstatic $$1 -Wl,-Bdynamic $LIBS"
AC_LINK_IFELSE([AC_LANG_CALL([], [$2])],
  [AS_VAR_SET([ccp_cv], [yes])], [AS_VAR_SET([ccp_cv], [no])])
CFLAGS=$ccp_save_CFLAGS
LDFLAGS=$ccp_save_LDFLAGS
LIBS=$ccp_save_LIBS
])
AS_VAR_IF([ccp_cv], [yes],
  [HANDLER_LIBS="$HANDLER_LIBS -Wl,-Bstatic $$1 -Wl,-Bdynamic"
   handler_archives="$handler_archives $$1"],
  [HANDLER_LIBS="$HANDLER_LIBS $$1"])
AS_VAR_POPDEF([ccp_cv])
])
