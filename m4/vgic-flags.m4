# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors

# VGIC_CFLAG(VARIABLE, FLAG): append FLAG to VARIABLE if the compiler takes it without a warning
AC_DEFUN([VGIC_CFLAG], [
        AS_VAR_PUSHDEF([vgic_cv], [vgic_cv_cflag_$2])
        AC_CACHE_CHECK([whether $CC accepts $2], [vgic_cv], [
                vgic_saved_cflags=$CFLAGS
                CFLAGS="$CFLAGS -Werror $2"
                AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]], [[]])],
                        [AS_VAR_SET([vgic_cv], [yes])], [AS_VAR_SET([vgic_cv], [no])])
                CFLAGS=$vgic_saved_cflags])
        AS_VAR_IF([vgic_cv], [yes], [$1="$$1 $2"])
        AS_VAR_POPDEF([vgic_cv])])

# VGIC_LDFLAG(VARIABLE, FLAG): the same for the linker
AC_DEFUN([VGIC_LDFLAG], [
        AS_VAR_PUSHDEF([vgic_cv], [vgic_cv_ldflag_$2])
        AC_CACHE_CHECK([whether the linker accepts $2], [vgic_cv], [
                vgic_saved_ldflags=$LDFLAGS
                LDFLAGS="$LDFLAGS $2"
                AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
                        [AS_VAR_SET([vgic_cv], [yes])], [AS_VAR_SET([vgic_cv], [no])])
                LDFLAGS=$vgic_saved_ldflags])
        AS_VAR_IF([vgic_cv], [yes], [$1="$$1 $2"])
        AS_VAR_POPDEF([vgic_cv])])
