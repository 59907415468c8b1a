/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names and addresses of this machine's loopback.
 */
#ifndef CCP_ADDRESS_H
#define CCP_ADDRESS_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>

/* "localhost" and every name below it (RFC 6761 6.3), with or without a final
 * dot. */
bool address_loopback_name(const char *name, size_t len);

/* An IPv4 or IPv6 address, without brackets. */
bool address_literal(const char *name, size_t len);

/* One of 127.0.0.0/8, ::1, or the former mapped into IPv6. */
bool address_loopback_literal(const char *name, size_t len);

/* The same of a socket address; a local (AF_UNIX) one counts as loopback. */
bool address_loopback(const struct sockaddr *sa);

/* The same place to listen on: address and port, or path. */
bool address_same(const struct sockaddr *a, const struct sockaddr *b);

/* The same port of the same family. */
bool address_same_port(const struct sockaddr *a, const struct sockaddr *b);

/* The address, without the port, of who is connected to fd: "unix" of a local
 * socket, "" of what is no connection. */
void address_fd_peer(int fd, char *to, size_t len);

/* Who is connected to fd over a local socket, "uid 1000, pid 4711"; "" of any
 * other, and where the system does not tell. */
void address_fd_user(int fd, char *to, size_t len);

/* Is fd a socket on an address that other machines can reach?  Not of a
 * pipe, a file, a local socket. */
bool address_fd_reachable(int fd);

#endif
