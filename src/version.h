/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The version, from configure.
 */
#ifndef CCP_VERSION_H
#define CCP_VERSION_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#define CCP_VERSION PACKAGE_VERSION
#else
#define CCP_VERSION "unconfigured"
#endif

#endif
